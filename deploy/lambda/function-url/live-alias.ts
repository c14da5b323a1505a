/** The alias that takes a function URL's traffic, with its URL and grants: read, made, moved, deleted. */
import {
  AddPermissionCommand,
  type AliasConfiguration,
  CreateFunctionUrlConfigCommand,
  DeleteFunctionUrlConfigCommand,
  type FunctionUrlConfig,
  GetFunctionUrlConfigCommand,
  GetPolicyCommand,
  UpdateFunctionUrlConfigCommand,
} from "@aws-sdk/client-lambda";
import { retry } from "../../retry.ts";
import { UserError } from "../../../framework/model/user-error.ts";
import { aliasName as alias, deleteAlias, moveAlias, readAlias } from "../alias.ts";
import type { Clients } from "../clients.ts";
import { releaseDescription } from "../names.ts";
import { isConflict, undefinedIfMissing } from "../aws-error.ts";

/** The alias and its URL; either may be missing. */
export interface LiveAlias {
  readonly alias?: AliasConfiguration;
  readonly url?: Pick<FunctionUrlConfig, "FunctionUrl" | "AuthType" | "InvokeMode">;
}

/** The release that the alias is to point to. */
export interface AliasTarget {
  readonly number: number;
  readonly hash: string;
  readonly stage: string;
  /** A qualified ARN. */
  readonly ref: string;
}

const streaming = { AuthType: "NONE", InvokeMode: "RESPONSE_STREAM" } as const;

/**
 * The two grants that a URL created since October 2025 needs (Lambda developer guide, "Control access to function
 * URLs"): one for callers of the URL, one for the URL's calls of the function.
 */
const grants = [
  { StatementId: "portico-url", Action: "lambda:InvokeFunctionUrl", FunctionUrlAuthType: "NONE" },
  { StatementId: "portico-invoke", Action: "lambda:InvokeFunction", InvokedViaFunctionUrl: true },
] as const;

/** Two calls at once. */
export async function readLiveAlias(clients: Clients, FunctionName: string): Promise<LiveAlias> {
  const [found, url] = await Promise.all([
    readAlias(clients, FunctionName),
    clients.lambda.send(new GetFunctionUrlConfigCommand({ FunctionName, Qualifier: alias })).catch(undefinedIfMissing),
  ]);
  return { ...(found && { alias: found }), ...(url && { url }) };
}

/** True for a URL that streams to anybody, as a release wants it. */
export const isStreamingUrl = ({ url }: LiveAlias): boolean =>
  url?.AuthType === streaming.AuthType && url.InvokeMode === streaming.InvokeMode;

/**
 * Moves all traffic by one call, which takes effect only when the alias is as it was seen. The very first release makes
 * the alias, the grants, and last of all the URL. Throws UserError SWITCH_OVERTAKEN.
 * @param seen under the lock
 */
export async function switchAlias(
  clients: Clients,
  FunctionName: string,
  target: AliasTarget,
  seen: LiveAlias,
): Promise<LiveAlias> {
  const wanted = {
    FunctionVersion: target.ref.slice(target.ref.lastIndexOf(":") + 1),
    Description: releaseDescription(target.number, target.hash),
  };
  const moved = await moveAlias(clients, FunctionName, wanted, seen.alias, () => overtaken(target));
  const url = isStreamingUrl(seen) ? seen.url! : await ensureUrl(clients, FunctionName);
  return { alias: moved, url };
}

function overtaken({ number, stage }: AliasTarget): UserError {
  return new UserError(
    "SWITCH_OVERTAKEN",
    `the traffic did not move to release ${number}: somebody else moved the alias "${alias}" after it was read`,
    `Run portico releases --stage ${stage}, then portico promote NUMBER --stage ${stage} --target lambda`,
  );
}

/**
 * The grants first: a URL without them would answer 403. Whatever is there already is enough; a URL of another mode is
 * changed.
 */
export async function ensureUrl(clients: Clients, FunctionName: string): Promise<NonNullable<LiveAlias["url"]>> {
  const { lambda, clock } = clients;
  const target = { FunctionName, Qualifier: alias };
  const missing = await missingGrants(clients, FunctionName);
  // One after the other: they change the same policy.
  for (const grant of missing) {
    const command = new AddPermissionCommand({ ...target, Principal: "*", ...grant });
    await retry({ clock }, isConflict, () =>
      lambda.send(command).catch(async (error: unknown) => {
        if (!isConflict(error) || (await missingGrants(clients, FunctionName)).includes(grant)) throw error;
      }),
    );
  }
  return retry({ clock }, isConflict, async () => {
    const found = await lambda.send(new GetFunctionUrlConfigCommand(target)).catch(undefinedIfMissing);
    if (!found) return lambda.send(new CreateFunctionUrlConfigCommand({ ...target, ...streaming }));
    return isStreamingUrl({ url: found })
      ? found
      : lambda.send(new UpdateFunctionUrlConfigCommand({ ...target, ...streaming }));
  });
}

/** Those of ours that the alias's policy lacks. */
export async function missingGrants(
  { lambda }: Clients,
  FunctionName: string,
): Promise<readonly (typeof grants)[number][]> {
  const found = await lambda.send(new GetPolicyCommand({ FunctionName, Qualifier: alias })).catch(undefinedIfMissing);
  const { Statement = [] } = JSON.parse(found?.Policy ?? "{}") as {
    readonly Statement?: readonly { readonly Sid?: string }[];
  };
  return grants.filter(({ StatementId }) => !Statement.some(({ Sid }) => Sid === StatementId));
}

/** The URL first: then nothing takes traffic. True when there was an alias. */
export async function deleteLiveAlias(clients: Clients, FunctionName: string): Promise<boolean> {
  const target = { FunctionName, Qualifier: alias };
  await retry({ clock: clients.clock }, isConflict, () =>
    clients.lambda.send(new DeleteFunctionUrlConfigCommand(target)),
  ).catch(undefinedIfMissing);
  return deleteAlias(clients, FunctionName);
}
