/** The alias `live` of a function: read, made, moved by a call that takes effect only as it was seen, and deleted. */
import {
  type AliasConfiguration,
  CreateAliasCommand,
  DeleteAliasCommand,
  GetAliasCommand,
  UpdateAliasCommand,
} from "@aws-sdk/client-lambda";
import type { UserError } from "../../framework/model/user-error.ts";
import { retry } from "../retry.ts";
import { isConflict, isPreconditionFailed, undefinedIfMissing } from "./aws-error.ts";
import type { Clients } from "./clients.ts";

/** The name of the alias that takes the traffic of a function URL, or the messages of a queue. */
export const aliasName = "live";

/** What an alias is to be. */
interface Pointing {
  readonly FunctionVersion: string;
  readonly Description: string;
}

/** Undefined when there is none. */
export const readAlias = ({ lambda }: Clients, FunctionName: string): Promise<AliasConfiguration | undefined> =>
  lambda.send(new GetAliasCommand({ FunctionName, Name: aliasName })).catch(undefinedIfMissing);

/**
 * Makes or moves it. Throws what `overtaken` gives where somebody else moved it meanwhile.
 * @param seen under the lock
 */
export function moveAlias(
  clients: Clients,
  FunctionName: string,
  wanted: Pointing,
  seen: AliasConfiguration | undefined,
  overtaken: () => UserError,
): Promise<AliasConfiguration> {
  const { lambda, clock } = clients;
  let before = seen;
  return retry(
    { clock },
    (error) => isConflict(error) || isPreconditionFailed(error),
    async () => {
      try {
        if (!before) return await lambda.send(new CreateAliasCommand({ FunctionName, Name: aliasName, ...wanted }));
        if (isSame(before, wanted)) return before;
        return await lambda.send(
          new UpdateAliasCommand({ FunctionName, Name: aliasName, RevisionId: before.RevisionId, ...wanted }),
        );
      } catch (error) {
        if (!isPreconditionFailed(error) && !isConflict(error)) throw error;
        const now = await readAlias(clients, FunctionName);
        // The answer to this very call may have been lost, and then it was sent again.
        if (now && isSame(now, wanted)) return now;
        if (now && !(before && isSame(now, before))) throw overtaken();
        // Nobody moved it: it is only being changed, or something beside it, such as its policy, gave it another
        // revision.
        before = now;
        throw error;
      }
    },
  );
}

const isSame = (one: AliasConfiguration, other: AliasConfiguration): boolean =>
  one.FunctionVersion === other.FunctionVersion && one.Description === other.Description;

/** True when there was one. */
export async function deleteAlias({ lambda, clock }: Clients, FunctionName: string): Promise<boolean> {
  const gone = await retry({ clock }, isConflict, () =>
    lambda.send(new DeleteAliasCommand({ FunctionName, Name: aliasName })),
  ).catch(undefinedIfMissing);
  return gone !== undefined;
}
