/** What earlier statements tell about later ones: objects made in the same file, and types made before. */
import type { RangeVar } from "libpg-query";

/** Mutable; one for an app's files, in their order. */
export interface KnownObjects {
  /** Made in this file, as `KIND name`: what happens to them concerns no live release. */
  readonly fresh: Set<string>;
  /** Columns that are NOT NULL of tables made in this file, as `TABLE.COLUMN`. */
  readonly required: Set<string>;
  /** Of all files so far: a column of such a type may be constrained. */
  readonly domains: Set<string>;
  /** Enums and other types of all files so far that constrain nothing. */
  readonly types: Set<string>;
  /** Names of functions of all files so far. */
  readonly functions: Set<string>;
  /** Tables that are locked in this file so that the live release's queries wait. */
  readonly locked: Set<string>;
}

export const noObjects = (): KnownObjects => ({
  fresh: new Set(),
  required: new Set(),
  domains: new Set(),
  types: new Set(),
  functions: new Set(),
  locked: new Set(),
});

/** The objects of the files before, for the next file. */
export function nextFile(known: KnownObjects): void {
  known.fresh.clear();
  known.required.clear();
  known.locked.clear();
}

/** `posts` for `public.posts`, too: drizzle-kit names the schema in some statements only. */
export const tableName = ({ schemaname, relname = "" }: RangeVar): string =>
  schemaname === undefined || schemaname === "public" ? relname : `${schemaname}.${relname}`;

export const isFresh = (known: KnownObjects, kind: string, name: string): boolean => known.fresh.has(`${kind} ${name}`);

export const isFreshTable = (known: KnownObjects, table: RangeVar | undefined): boolean =>
  table !== undefined && isFresh(known, "TABLE", tableName(table));

/** A name that IF NOT EXISTS left alone is somebody else's. */
export function remember(known: KnownObjects, kind: string, name: string, mayExist = false): void {
  if (!mayExist) known.fresh.add(`${kind} ${name}`);
}
