/** The AWS account of a stage: region, credentials and account id, checked before any other call. */
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { toUserError } from "../../deploy/lambda/aws-error.ts";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import {
  type Access,
  type Clients,
  type ClientOptions,
  createClients,
  proxyAgents,
} from "../../deploy/lambda/clients.ts";
import { awsRates } from "../../deploy/lambda/rate-limiter.ts";
import type { App } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandInput } from "./command.ts";
import { textFlag } from "./flags.ts";
import { useProxy } from "./proxy.ts";

/** An AWS account and the clients for it. */
export interface AwsAccount {
  readonly clients: Clients;
  readonly account: string;
  /** ARN of the credentials' user or role session. */
  readonly caller: string | undefined;
  /** For messages: `AWS 123456789012 in ap-northeast-2`. */
  readonly where: string;
}

/** The user's own account. Throws UserError REGION_MISSING, CREDENTIALS, ACCOUNT_WRONG. */
export function openAwsAccount(app: App, input: CommandInput, options: ClientOptions): Promise<AwsAccount> {
  const profile = textFlag(input, "profile");
  const region =
    textFlag(input, "region") ?? app.lambda.region ?? process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"];
  if (!region) {
    throw new UserError(
      "REGION_MISSING",
      "no AWS region is named",
      'Set "lambda": { "region": "us-east-1" } in hosting.json, or add --region us-east-1',
    );
  }
  checkEndpointVariables();
  useProxy();
  const requestHandler = proxyAgents(process.env);
  const credentials = defaultProvider({
    ...(profile !== undefined && { profile }),
    clientConfig: { region, requestHandler },
    logger: silentLogger,
  });
  return openAccount({ region, credentials, proxy: process.env, ...(profile !== undefined && { profile }) }, app, {
    rates: awsRates,
    ...options,
  });
}

/**
 * A profile takes precedence over keys in the environment, as in all tools of AWS. Without this logger the SDK prints
 * eight lines of warning about it.
 */
const silentLogger = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** The SDK sends its calls to these URLs. Throws UserError ENDPOINT. */
function checkEndpointVariables(): void {
  const isUrl = (text: string): boolean => /^https?:\/\/[^/]/.test(text) && URL.canParse(text);
  const [invalid] = Object.entries(process.env).filter(
    ([name, text]) => /^AWS_ENDPOINT_URL(_[A-Z0-9_]+)?$/.test(name) && text && !isUrl(text),
  );
  if (invalid)
    throw new UserError(
      "ENDPOINT",
      `${invalid[0]} is "${invalid[1]}", which is no URL`,
      `Unset ${invalid[0]}, or set it to a URL that begins with http:// or https://.`,
    );
}

/** Gets the account of the credentials. Throws UserError ACCOUNT_WRONG where hosting.json names another one. */
export async function openAccount(
  { profile, ...access }: Access & { readonly profile?: string },
  { lambda, stage }: Pick<App, "lambda" | "stage">,
  options: ClientOptions,
): Promise<AwsAccount> {
  const clients = createClients(access, options);
  const region = process.env["AWS_ENDPOINT_URL"]
    ? `${access.region} at ${process.env["AWS_ENDPOINT_URL"]}`
    : access.region;
  const { account, caller } = await callerOf(clients, access.endpoint ?? `AWS in ${region}`, profile);
  const where = access.endpoint === undefined ? `AWS ${account} in ${region}` : `the local cloud at ${access.endpoint}`;
  if (lambda.account === undefined || lambda.account === account) return { clients, account, caller, where };
  throw new UserError(
    "ACCOUNT_WRONG",
    `the credentials are of the account ${account}, but hosting.json has ${lambda.account} for the stage ${stage}`,
    `Add --profile with a profile of ${lambda.account}, or correct "lambda": { "account" } in hosting.json.`,
  );
}

async function callerOf(
  { sts }: Clients,
  where: string,
  profile: string | undefined,
): Promise<Pick<AwsAccount, "account" | "caller">> {
  try {
    const { Account: account = "", Arn: caller } = await sts.send(new GetCallerIdentityCommand({}));
    return { account, caller };
  } catch (error) {
    const { name, message } = error as Error;
    const credentialErrors = [
      "CredentialsProviderError",
      "ExpiredTokenException",
      "ExpiredToken",
      "InvalidClientTokenId",
      "SignatureDoesNotMatch",
    ];
    if (!credentialErrors.includes(name)) throw toUserError(error, where);
    throw new UserError(
      "CREDENTIALS",
      `no AWS credentials that work${profile === undefined ? "" : ` in the profile ${profile}`}: ${message}`,
      "Run aws sso login, add --profile, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
      {
        cause: error,
      },
    );
  }
}
