/** The only account of the local Cloudflare, and the operations that describe it, its user and its API token. */
import { type OperationTable, reads } from "./operation.ts";
import { pageOf } from "./pagination.ts";

/** The account's id; calls for another one are refused. */
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

/** The author of every version and deployment. */
export const author = { author_id: user.id, author_email: user.email };

export const accountOperations: OperationTable = {
  verifyToken: reads("GET /user/tokens/verify", () => ({ result: token })),
  verifyAccountToken: reads("GET /accounts/{account}/tokens/verify", () => ({ result: token })),
  getUser: reads("GET /user", () => ({ result: user })),
  listMemberships: reads("GET /memberships", () => ({ result: [{ id: accountId, status: "accepted", account }] })),
  listAccounts: reads("GET /accounts", ({ query }) => {
    const { items, info } = pageOf([account], query, 20, 50);
    return { result: items, info };
  }),
  getAccount: reads("GET /accounts/{account}", () => ({ result: account })),
  getSubdomain: reads("GET /accounts/{account}/workers/subdomain", () => ({ result: { subdomain: "local" } })),
};
