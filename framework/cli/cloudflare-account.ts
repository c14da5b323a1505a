/** An app's stage on Cloudflare: whose token and which account; held against what hosting.json names before anything is asked. */
import { type Client, type ClientOptions, createClient } from "../../deploy/workers/client.ts";
import type { App } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import type { CloudAccess } from "./local-cloud.ts";

/** A client, and the account that it acts in. */
export interface CloudflareAccount {
  readonly client: Client;
  /** For messages: `Cloudflare account 0123…`. */
  readonly where: string;
}

/** The id of the one account that a local cloud is (framework/local/cloud/cloudflare/account.ts). */
const localAccount = "0".repeat(32);

/** Every call names its account, so a wrong one is never touched. Throws UserError CREDENTIALS, ACCOUNT_WRONG, ACCOUNT_MISSING. */
export async function openCloudflareAccount(
  { workers, stage }: Pick<App, "workers" | "stage">,
  options: ClientOptions,
): Promise<CloudflareAccount> {
  const { CLOUDFLARE_API_TOKEN: token, CLOUDFLARE_ACCOUNT_ID: named, CLOUDFLARE_API_BASE_URL: base } = process.env;
  if (!token)
    throw new UserError(
      "CREDENTIALS",
      "there is no token for Cloudflare's API",
      "set CLOUDFLARE_API_TOKEN to one with the permission Workers Scripts: Edit (dashboard: My Profile, API Tokens)",
    );
  if (named && workers.account !== undefined && named !== workers.account)
    throw new UserError(
      "ACCOUNT_WRONG",
      `CLOUDFLARE_ACCOUNT_ID is ${named}, and hosting.json wants ${workers.account} for the stage ${stage}`,
      "use a token of the other account, or mend hosting.json",
    );
  const account = workers.account ?? (named || (await onlyAccount(token, base, options)));
  const client = createClient({ account, token, ...(base && { endpoint: base }) }, options);
  return { client, where: `Cloudflare account ${account}` };
}

/** A token of one account need not say which. */
async function onlyAccount(token: string, base: string | undefined, options: ClientOptions): Promise<string> {
  const client = createClient({ account: "", token, ...(base && { endpoint: base }) }, options);
  const accounts = await client.call<readonly { readonly id: string }[]>({ operation: "listAccounts", method: "GET", path: "~/accounts" });
  const [account, other] = accounts;
  if (account && !other) return account.id;
  throw new UserError(
    "ACCOUNT_MISSING",
    account ? `the token is good for ${accounts.length} accounts` : "the token does not say which account it is of",
    'set CLOUDFLARE_ACCOUNT_ID, or "workers": { "account": "…" } in hosting.json',
  );
}

/** Its key is the token. */
export function openLocalCloudflare({ endpoint, secretAccessKey }: CloudAccess, options: ClientOptions): CloudflareAccount {
  const access = { endpoint: `${endpoint}/client/v4`, account: localAccount, token: secretAccessKey };
  return { client: createClient(access, options), where: `the local cloud at ${endpoint}` };
}
