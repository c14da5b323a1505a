/** The table of the store in SQLite, which D1 is too: made by who makes the database, and on Node by the engine. */

/**
 * Version 1. An engine that reads another one refuses the database: a file on Node says the version in `user_version`,
 * which D1 does not have, so that a later version that this one must not read has to rename the table.
 */
export const storeSchemaVersion = 1;

/**
 * Statements to run one after the other; each may run again. `n` is the namespace, `k` the key, `v` the value as JSON
 * or null where it is a whole number in `c`, `r` the version, `x` the expiry in milliseconds since 1970. Text is
 * compared by its UTF-8 bytes.
 */
export const storeSchema: readonly string[] = [
  "CREATE TABLE IF NOT EXISTS store (n TEXT NOT NULL, k TEXT NOT NULL, v TEXT, c INTEGER, r TEXT NOT NULL, " +
    "x INTEGER, PRIMARY KEY (n, k)) WITHOUT ROWID",
  "CREATE INDEX IF NOT EXISTS store_x ON store (x) WHERE x IS NOT NULL",
];
