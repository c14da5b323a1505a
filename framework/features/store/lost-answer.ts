/** What a write that had no answer did: a read tells, since each write has a random version. */
import type { Row } from "./engine.ts";
import { StoreError } from "./store-error.ts";

/**
 * The entry as the write left it. Throws StoreError STORE_OUTCOME_UNKNOWN where the read finds another one: the write
 * may have happened before that, may happen yet, or never.
 * @param isOurs whether the entry shows that the write happened
 */
export async function resolveWrite(
  read: () => Promise<Row | undefined>,
  isOurs: (row: Row | undefined) => boolean,
  cause: unknown,
): Promise<Row | undefined> {
  // A second failure says no more than the first.
  const row = await read().catch(() => ({ key: "", value: 0, version: "", expires: 0 }));
  if (isOurs(row)) return row;
  throw new StoreError("STORE_OUTCOME_UNKNOWN", "the write may have happened; read before you repeat it", cause);
}
