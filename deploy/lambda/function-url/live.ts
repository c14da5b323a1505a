/** The alias that takes a function URL's traffic: what it points to in; the alias, its two grants and its URL out, made, moved or taken away. */
import {
  AddPermissionCommand,
  type AliasConfiguration,
  CreateAliasCommand,
  CreateFunctionUrlConfigCommand,
  DeleteAliasCommand,
  DeleteFunctionUrlConfigCommand,
  type FunctionUrlConfig,
  GetAliasCommand,
  GetFunctionUrlConfigCommand,
  GetPolicyCommand,
  UpdateAliasCommand,
  UpdateFunctionUrlConfigCommand,
} from "@aws-sdk/client-lambda";
import { UserError } from "../../../framework/model/user-error.ts";
import type { Clients } from "../clients.ts";
import { releaseDescription } from "../names.ts";
import { isConflict, isMissing, isOutdated, retrying } from "../retry.ts";

/** The name of the alias; its URL is the app's. */
export const alias = "live";

/** What the alias and its URL are; either may be missing. */
export interface LiveAlias {
  readonly alias?: AliasConfiguration;
  readonly url?: Pick<FunctionUrlConfig, "FunctionUrl" | "AuthType" | "InvokeMode">;
}

/** What the alias is to point to. */
export interface AliasTarget {
  readonly number: number;
  readonly hash: string;
  /** A qualified ARN. */
  readonly ref: string;
}

const streaming = { AuthType: "NONE", InvokeMode: "RESPONSE_STREAM" } as const;

/** The two grants that a URL created since October 2025 needs (facts/aws.md section 0): who may use the URL, and that the URL may call. */
const grants = [
  { StatementId: "portico-url", Action: "lambda:InvokeFunctionUrl", FunctionUrlAuthType: "NONE" },
  { StatementId: "portico-invoke", Action: "lambda:InvokeFunction", InvokedViaFunctionUrl: true },
] as const;

const orNothing = (error: unknown): undefined => {
  if (isMissing(error)) return undefined;
  throw error;
};

/** Two calls at once. */
export async function readLive({ lambda }: Clients, FunctionName: string): Promise<LiveAlias> {
  const [found, url] = await Promise.all([
    lambda.send(new GetAliasCommand({ FunctionName, Name: alias })).catch(orNothing),
    lambda.send(new GetFunctionUrlConfigCommand({ FunctionName, Qualifier: alias })).catch(orNothing),
  ]);
  return { ...(found && { alias: found }), ...(url && { url }) };
}

/** True for a URL that streams to anybody, as a release wants it. */
export const isAsWanted = ({ url }: LiveAlias): boolean => url?.AuthType === streaming.AuthType && url.InvokeMode === streaming.InvokeMode;

/**
 * Moves all traffic by one call, which takes effect only when the alias is as it was seen. The very first release makes the alias, the
 * grants, and last of all the URL. Throws UserError SWITCH_OVERTAKEN.
 * @param seen under the lock
 */
export async function switchAlias(clients: Clients, FunctionName: string, target: AliasTarget, seen: LiveAlias): Promise<LiveAlias> {
  const { lambda } = clients;
  const wanted = {
    FunctionVersion: target.ref.slice(target.ref.lastIndexOf(":") + 1),
    Description: releaseDescription(target.number, target.hash),
  };
  let { alias: before } = seen;
  const moved = await retrying(
    { clock: clients.clock },
    (error) => isConflict(error) || isOutdated(error),
    async () => {
      try {
        if (!before) return await lambda.send(new CreateAliasCommand({ FunctionName, Name: alias, ...wanted }));
        if (isSame(before, wanted)) return before;
        return await lambda.send(new UpdateAliasCommand({ FunctionName, Name: alias, RevisionId: before.RevisionId, ...wanted }));
      } catch (error) {
        if (!isOutdated(error) && !isConflict(error)) throw error;
        const { alias: now } = await readLive(clients, FunctionName);
        // The answer to this very call may have been lost, and then it was sent again.
        if (now && isSame(now, wanted)) return now;
        if (now && !(before && isSame(now, before))) throw overtaken(target.number);
        // Nobody moved it: it is only being changed, or something beside it, such as its policy, gave it another revision.
        before = now;
        throw error;
      }
    },
  );
  const url = isAsWanted(seen) ? seen.url! : await ensureUrl(clients, FunctionName);
  return { alias: moved, url };
}

type Pointing = Pick<AliasConfiguration, "FunctionVersion" | "Description">;

const isSame = (one: Pointing, other: Pointing): boolean =>
  one.FunctionVersion === other.FunctionVersion && one.Description === other.Description;

function overtaken(number: number): UserError {
  return new UserError(
    "SWITCH_OVERTAKEN",
    `release ${number} was not switched to: somebody else moved the alias "${alias}" after it was looked at`,
    "look at portico releases, and promote the one that should be live",
  );
}

/** The grants first: a URL without them would answer 403. Whatever is there already is enough; a URL of another mode is changed. */
export async function ensureUrl(clients: Clients, FunctionName: string): Promise<NonNullable<LiveAlias["url"]>> {
  const { lambda, clock } = clients;
  const target = { FunctionName, Qualifier: alias };
  const missing = await missingGrants(clients, FunctionName);
  // One after the other: they change the same policy.
  for (const grant of missing) {
    const command = new AddPermissionCommand({ ...target, Principal: "*", ...grant });
    await retrying({ clock }, isConflict, () =>
      lambda.send(command).catch(async (error: unknown) => {
        if (!isConflict(error) || (await missingGrants(clients, FunctionName)).includes(grant)) throw error;
      }),
    );
  }
  return retrying({ clock }, isConflict, async () => {
    const found = await lambda.send(new GetFunctionUrlConfigCommand(target)).catch(orNothing);
    if (!found) return lambda.send(new CreateFunctionUrlConfigCommand({ ...target, ...streaming }));
    return isAsWanted({ url: found }) ? found : lambda.send(new UpdateFunctionUrlConfigCommand({ ...target, ...streaming }));
  });
}

/** Those of ours that the alias's policy lacks. */
export async function missingGrants({ lambda }: Clients, FunctionName: string): Promise<readonly (typeof grants)[number][]> {
  const found = await lambda.send(new GetPolicyCommand({ FunctionName, Qualifier: alias })).catch(orNothing);
  const { Statement = [] } = JSON.parse(found?.Policy ?? "{}") as { readonly Statement?: readonly { readonly Sid?: string }[] };
  return grants.filter(({ StatementId }) => !Statement.some(({ Sid }) => Sid === StatementId));
}

/** The URL first: then nothing takes traffic. True when there was an alias. */
export async function deleteLive({ lambda, clock }: Clients, FunctionName: string): Promise<boolean> {
  const target = { FunctionName, Qualifier: alias };
  await retrying({ clock }, isConflict, () => lambda.send(new DeleteFunctionUrlConfigCommand(target))).catch(orNothing);
  const gone = await retrying({ clock }, isConflict, () => lambda.send(new DeleteAliasCommand({ FunctionName, Name: alias }))).catch(
    orNothing,
  );
  return gone !== undefined;
}
