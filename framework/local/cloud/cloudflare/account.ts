/** The one account that the local Cloudflare is, and the calls that say so: who the token belongs to, and what it may see. */
import { CloudflareError } from "./cloudflare-error.ts";
import { bodyMembers } from "./body.ts";
import { type OperationTable, reads, writes } from "./operation.ts";
import { pageOf } from "./page.ts";

/** Its id; any other is refused. */
export const accountId = "0".repeat(32);

const account = {
  id: accountId,
  name: "Portico's local Cloudflare",
  type: "standard",
  settings: { enforce_twofactor: false },
  created_on: "2026-01-01T00:00:00Z",
};
const token = { id: accountId, status: "active" };
const user = { id: accountId, email: "local@portico.invalid" };

/** Who made a version or a deployment. */
export const author = { author_id: user.id, author_email: user.email };

const subdomainForm = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export const accountTable: OperationTable = {
  verifyToken: reads("GET /user/tokens/verify", () => ({ result: token })),
  verifyAccountToken: reads("GET /accounts/{account}/tokens/verify", () => ({ result: token })),
  getUser: reads("GET /user", () => ({ result: user })),
  listMemberships: reads("GET /memberships", () => ({ result: [{ id: accountId, status: "accepted", account }] })),
  listAccounts: reads("GET /accounts", ({ query }) => {
    const { items, info } = pageOf([account], query, 20, 50);
    return { result: items, info };
  }),
  getAccount: reads("GET /accounts/{account}", () => ({ result: account })),
  getSubdomain: reads("GET /accounts/{account}/workers/subdomain", (_, edge) => ({ result: { subdomain: edge.subdomain() } })),
  putSubdomain: writes("PUT /accounts/{account}/workers/subdomain", (call, edge) => {
    const members = bodyMembers(call);
    const subdomain = members.requiredText("subdomain");
    members.end();
    if (!subdomainForm.test(subdomain)) throw new CloudflareError(10031, 400, `Subdomain '${subdomain}' is not a valid DNS label`);
    edge.setSubdomain(subdomain);
    return { result: { subdomain } };
  }),
};
