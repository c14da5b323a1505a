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
  const credentials = defaultProvider({ ...(profile !== undefined && { profile }), clientConfig: { region } });
  return openAccount({ region, credentials }, app, { rates: awsRates, ...options });
}

/** Asks who the credentials are, and holds it against the account that hosting.json names. */
export async function openAccount(
  access: Access,
  { lambda, stage }: Pick<App, "lambda" | "stage">,
  options: ClientOptions,
): Promise<AwsAccount> {
  const clients = createClients(access, options);
  const account = await callerAccount(clients, access.endpoint ?? `AWS in ${access.region}`);
  const where = access.endpoint === undefined ? `AWS ${account} in ${access.region}` : `the local cloud at ${access.endpoint}`;
  if (lambda.account === undefined || lambda.account === account) return { clients, account, where };
  throw new UserError(
    "ACCOUNT_WRONG",
    `these credentials are of the account ${account}, and hosting.json wants ${lambda.account} for the stage ${stage}`,
    "use the other account's credentials (--profile), or mend hosting.json",
  );
}

async function callerAccount({ sts }: Clients, where: string): Promise<string> {
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
      `no AWS credentials that work: ${message}`,
      "aws sso login, AWS_PROFILE, --profile or AWS_ACCESS_KEY_ID",
      {
        cause: error,
      },
    );
  }
}
