/** The database of the store as an app's stage has it: looked for, as a part, and compared with what is bound. */
import type { DeployedPart, Owner } from "../parts.ts";
import type { Client } from "./client.ts";
import { hasCode } from "./cloudflare-error.ts";
import { bindingNames } from "./names.ts";
import { databaseNote, findStore, type FoundStore, storePart } from "./store-database.ts";
import type { FullRecord } from "./version-record.ts";
import type { VersionDetail } from "./worker-reads.ts";

/** Whose store, and whether the build needs one. */
export interface StoreInput {
  readonly client: Client;
  readonly owner: Owner;
  /** Absent without a build, which looks for a database all the same. */
  readonly needsStore?: boolean;
}

/** What was found of it. */
export interface ObservedStore {
  /** Undefined where there is none, or where nobody looked. */
  readonly store: FoundStore | undefined;
  readonly databaseNote?: string | undefined;
}

/** Without a build a token that may not read databases is no failure: its releases had none. */
export async function lookForStore({ client, owner, needsStore }: StoreInput): Promise<ObservedStore> {
  if (needsStore === false) return { store: undefined };
  try {
    const store = await findStore(client, owner);
    return { store, ...(needsStore && !store && { databaseNote: await databaseNote(client) }) };
  } catch (error) {
    if (needsStore === undefined && hasCode(error, 10_000, 9109)) return { store: undefined };
    throw error;
  }
}

/** The database; of a live release whose next one does not need it, what its record says. */
export function storeParts(
  { owner, needsStore }: Pick<StoreInput, "owner" | "needsStore">,
  store: FoundStore | undefined,
  liveRecord: FullRecord | undefined,
): readonly DeployedPart[] {
  const hadStore = liveRecord?.detail.some(({ kind }) => kind === "table") ?? false;
  return store?.state === "ours" || (needsStore === false && hadStore) ? [storePart(owner)] : [];
}

/** A version that is bound to a database which is no longer there is not what the next release wants. */
export function withBoundStore(
  parts: readonly DeployedPart[],
  store: FoundStore | undefined,
  live: VersionDetail | undefined,
): readonly DeployedPart[] {
  const bound = live?.bindings.find(({ name }) => name === bindingNames.store);
  const id = bound?.id ?? bound?.database_id;
  return parts.map((part) =>
    part.kind === "binding" && part.name === bindingNames.store && id !== store?.id
      ? { ...part, key: `${part.key}, another one` }
      : part,
  );
}
