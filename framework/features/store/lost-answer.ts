/** What a write that had no answer did: a read tells, since each write has a random version. */
import type { Row } from "./engine.ts";
import { StoreError } from "./store-error.ts";

/**
 * The entry as the write left it. Throws StoreError STORE_OUTCOME_UNKNOWN where the read finds another one, or none:
 * the write may have happened before that, may happen yet, or never.
 * @param version that the write gives the entry; undefined for one that gives none
 */
export async function resolveWrite(
  read: () => Promise<Row | undefined>,
  version: string | undefined,
  cause: unknown,
): Promise<Row> {
  // A second failure says no more than the first.
  const row = await read().catch(() => undefined);
  if (row && row.version === version) return row;
  throw new StoreError("STORE_OUTCOME_UNKNOWN", "the write may have happened; read before you repeat it", cause);
}
