/** An app's stage on AWS: which region, whose credentials and which account; checked before anything else is asked. */
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { type Access, type Clients, type ClientOptions, createClients, toUserError } from "../../deploy/lambda/clients.ts";
import { awsRates } from "../../deploy/lambda/pace.ts";
import type { App } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandInput } from "./command.ts";
import { textFlag } from "./flags.ts";

/** Clients, and the account that they are in. */
export interface AwsAccount {
  readonly clients: Clients;
  readonly account: string;
  /** For messages: `AWS 123456789012 in ap-northeast-2`. */
  readonly where: string;
}

/** The user's own account. Throws UserError REGION_MISSING, CREDENTIALS, ACCOUNT_WRONG. */
export function openAwsAccount(app: App, input: CommandInput, options: ClientOptions): Promise<AwsAccount> {
  const profile = textFlag(input, "profile");
  const region = textFlag(input, "region") ?? app.lambda.region ?? process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"];
  if (!region) {
    throw new UserError("REGION_MISSING", "no AWS region is named", 'set "lambda": { "region": "…" } in hosting.json, or give --region');
  }
  refuseEndpoints();
  const credentials = defaultProvider({ ...(profile !== undefined && { profile }), clientConfig: { region }, logger: quiet });
  return openAccount({ region, credentials, ...(profile !== undefined && { profile }) }, app, { rates: awsRates, ...options });
}

/** A profile beats keys in the environment, as in all of AWS's tools; the SDK would print eight lines of its own about that. */
const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** The SDK goes where these variables lead. Throws UserError ENDPOINT. */
function refuseEndpoints(): void {
  const isUrl = (text: string): boolean => /^https?:\/\/[^/]/.test(text) && URL.canParse(text);
  const [odd] = Object.entries(process.env).filter(([name, text]) => /^AWS_ENDPOINT_URL(_[A-Z0-9_]+)?$/.test(name) && text && !isUrl(text));
  if (odd) throw new UserError("ENDPOINT", `${odd[0]} is "${odd[1]}", which is no URL`, "unset it, or give it as http://… or https://…");
}

/** Asks who the credentials are, and holds it against the account that hosting.json names. */
export async function openAccount(
  { profile, ...access }: Access & { readonly profile?: string },
  { lambda, stage }: Pick<App, "lambda" | "stage">,
  options: ClientOptions,
): Promise<AwsAccount> {
  const clients = createClients(access, options);
  const elsewhere = process.env["AWS_ENDPOINT_URL"] ? `${access.region} at ${process.env["AWS_ENDPOINT_URL"]}` : access.region;
  const account = await callerAccount(clients, access.endpoint ?? `AWS in ${elsewhere}`, profile);
  const where = access.endpoint === undefined ? `AWS ${account} in ${elsewhere}` : `the local cloud at ${access.endpoint}`;
  if (lambda.account === undefined || lambda.account === account) return { clients, account, where };
  throw new UserError(
    "ACCOUNT_WRONG",
    `these credentials are of the account ${account}, and hosting.json wants ${lambda.account} for the stage ${stage}`,
    "use the other account's credentials (--profile), or mend hosting.json",
  );
}

async function callerAccount({ sts }: Clients, where: string, profile: string | undefined): Promise<string> {
  try {
    const { Account = "" } = await sts.send(new GetCallerIdentityCommand({}));
    return Account;
  } catch (error) {
    const { name, message } = error as Error;
    const isUnusable = [
      "CredentialsProviderError",
      "ExpiredTokenException",
      "ExpiredToken",
      "InvalidClientTokenId",
      "SignatureDoesNotMatch",
    ];
    if (!isUnusable.includes(name)) throw toUserError(error, where);
    throw new UserError(
      "CREDENTIALS",
      `no AWS credentials that work${profile === undefined ? "" : ` in the profile ${profile}`}: ${message}`,
      "aws sso login, AWS_PROFILE, --profile or AWS_ACCESS_KEY_ID",
      {
        cause: error,
      },
    );
  }
}
