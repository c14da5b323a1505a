/** The Cloudflare account of a stage: its token and id, compared with hosting.json before any other call. */
import { type Client, type ClientOptions, createClient } from "../../deploy/workers/client.ts";
import { toUserError } from "../../deploy/workers/cloudflare-error.ts";
import type { App } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import type { CloudAccess } from "./local-cloud.ts";
import { useProxy } from "./proxy.ts";

/** A Cloudflare account, as a client of its API. */
export interface CloudflareAccount {
  readonly client: Client;
  /** For messages: `Cloudflare account 0123…`. */
  readonly where: string;
}

/** The id of the only account in a local cloud (framework/cloud/cloudflare/account.ts). */
const localAccount = "0".repeat(32);

/**
 * The user's own account. Every call carries the account's id, so that no other account is changed. Throws UserError
 * CREDENTIALS, ACCOUNT_WRONG, ACCOUNT_MISSING.
 */
export async function openCloudflareAccount(
  { workers, stage }: Pick<App, "workers" | "stage">,
  options: ClientOptions,
): Promise<CloudflareAccount> {
  const { CLOUDFLARE_API_TOKEN: token, CLOUDFLARE_ACCOUNT_ID: variable, CLOUDFLARE_API_BASE_URL: base } = process.env;
  if (!token)
    throw new UserError(
      "CREDENTIALS",
      "there is no token for Cloudflare's API",
      "Set CLOUDFLARE_API_TOKEN to one with the permission Workers Scripts: Edit (dashboard: My Profile, API Tokens).",
    );
  if (variable && workers.account !== undefined && variable !== workers.account)
    throw new UserError(
      "ACCOUNT_WRONG",
      `CLOUDFLARE_ACCOUNT_ID is ${variable}, but hosting.json has ${workers.account} for the stage ${stage}`,
      `Set CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN to those of ${workers.account}, or correct hosting.json.`,
    );
  useProxy();
  const account = workers.account ?? (variable || (await onlyAccount(token, base, options)));
  const client = createClient({ account, token, ...(base && { endpoint: base }) }, options);
  return { client, where: `Cloudflare account ${account}` };
}

/** The account of a token that has access to one account only. */
async function onlyAccount(token: string, base: string | undefined, options: ClientOptions): Promise<string> {
  const client = createClient({ account: "", token, ...(base && { endpoint: base }) }, options);
  const listing = client.call<readonly { readonly id: string }[]>({
    operation: "listAccounts",
    method: "GET",
    path: "~/accounts",
  });
  const accounts = await listing.catch((error: unknown) => {
    throw toUserError(error, "Cloudflare");
  });
  const [account, other] = accounts;
  if (account && !other) return account.id;
  throw new UserError(
    "ACCOUNT_MISSING",
    account ? `the token has access to ${accounts.length} accounts` : "the token may not list its account",
    'Set CLOUDFLARE_ACCOUNT_ID, or "workers": { "account": "ID" } in hosting.json.',
  );
}

/** The account in a local cloud, whose key is the token. */
export function openLocalCloudflare(
  { endpoint, secretAccessKey }: CloudAccess,
  options: ClientOptions,
): CloudflareAccount {
  const access = { endpoint: `${endpoint}/client/v4`, account: localAccount, token: secretAccessKey };
  return { client: createClient(access, options), where: `the local cloud at ${endpoint}` };
}
