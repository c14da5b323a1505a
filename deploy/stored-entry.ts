/** An entry of the store as it is exported and imported, and where such entries lie. */

/** One line of an export. */
export interface StoredEntry {
  readonly namespace: string;
  readonly key: string;
  /** Any JSON. */
  readonly value: unknown;
  readonly version: string;
  /** Epoch ms. */
  readonly expires?: number;
}

/** The store of a stage or of a machine. */
export interface EntryStore {
  /** For people: `table guestbook--prod`. */
  readonly where: string;
  /** All entries, some at a time, expired ones included. */
  read(): AsyncIterable<readonly StoredEntry[]>;
  /** Writes entries over those of the same key; each may be written again. */
  write(entries: readonly StoredEntry[]): Promise<void>;
}

/** A row of SQLite's table (framework/model/store-schema.ts), D1's too. */
export interface StoreRow {
  readonly n: string;
  readonly k: string;
  readonly v: string | null;
  readonly c: number | null;
  readonly r: string;
  readonly x: number | null;
}

/** The entry of a row: `v` has JSON, or `c` a whole number. */
export const toStoredEntry = ({ n, k, v, c, r, x }: StoreRow): StoredEntry => ({
  namespace: n,
  key: k,
  value: v === null ? c : (JSON.parse(v) as unknown),
  version: r,
  ...(x !== null && { expires: x }),
});

/** Columns of a row, in the table's order. */
type Columns = readonly [n: string, k: string, v: string | null, c: number | null, r: string, x: number | null];

/** The columns of an entry. */
export function toColumns({ namespace, key, value, version, expires }: StoredEntry): Columns {
  const count = Number.isSafeInteger(value) ? (value as number) : null;
  return [namespace, key, count === null ? JSON.stringify(value) : null, count, version, expires ?? null];
}

/** Writes a row; its parameters are `toColumns`. */
export const writeRow = "INSERT OR REPLACE INTO store (n, k, v, c, r, x) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/** Reads the rows after a key: its parameters are namespace, key, and how many. */
export const readRows = "SELECT n, k, v, c, r, x FROM store WHERE (n, k) > (?1, ?2) ORDER BY n, k LIMIT ?3";
