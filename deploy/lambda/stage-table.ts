/** The table of a stage's store as it is: looked for, and as a part of the present state. */
import type { DeployedPart, Owner } from "../parts.ts";
import type { ReleaseRecord } from "../record.ts";
import { hasName } from "./aws-error.ts";
import type { Clients } from "./clients.ts";
import type { Place } from "./names.ts";
import { deployedTable, findTable, type FoundTable, tableName, tablePart, type TableSettings } from "./table.ts";

/** Of the next release: its table, if it needs one. */
interface NeededTable {
  readonly table: TableSettings | undefined;
}

/** No call for a build without a store; without a build, credentials that may not look are taken for no table. */
export async function lookForTable(
  clients: Clients,
  owner: Owner,
  place: Place,
  needed: NeededTable | undefined,
): Promise<FoundTable | undefined> {
  if (needed && !needed.table) return undefined;
  try {
    return await findTable(clients, owner, place);
  } catch (error) {
    if (!needed && hasName(error, "AccessDeniedException")) return undefined;
    throw error;
  }
}

/** The table; of a live release whose next one does not need it, what its record says. */
export function tableParts(
  owner: Owner,
  found: FoundTable | undefined,
  live: ReleaseRecord | undefined,
  needed: NeededTable | undefined,
): readonly DeployedPart[] {
  if (found?.owner === "ours") return [deployedTable(owner, found, needed?.table ?? { isProtected: false })];
  const hadTable = Object.hasOwn(live?.parts ?? {}, `table ${tableName(owner)}`);
  return needed && !needed.table && hadTable ? [tablePart(owner, { isProtected: false })] : [];
}
