/** `portico/store` on Node: one SQLite file in the app's data folder, which processes of one machine share. */
import { storeSchema, storeSchemaVersion } from "../../model/store-schema.ts";
import type { OpenEngine, Row } from "./engine.ts";
import { createSqlEngine, type RunSql, type SqlStatement } from "./sql.ts";
import { StoreError } from "./store-error.ts";
import { createIdempotent } from "./idempotent.ts";
import { createRateLimit } from "./rate-limit.ts";
import { createStore } from "./store.ts";

export type { Entry, Lifetime, ListedEntry, ListOptions, Store, StoreContext } from "./store.ts";
export type { Idempotent, IdempotentOptions } from "./idempotent.ts";
export type { RateLimit, RateLimitOptions } from "./rate-limit.ts";
export { StoreError, type StoreErrorCode } from "./store-error.ts";

/** Milliseconds to wait for another process that writes. */
const busyTimeout = 5000;

type Database = ReturnType<typeof openFile>;

const databases = new Map<string, Database>();

const openEngine: OpenEngine = (platform, namespace) => {
  const data = platform?.name === "node" ? platform.data : undefined;
  if (data === undefined)
    throw new StoreError("STORE_MISSING", "the store needs a data folder: portico start, or serve({ data })");
  const database = databases.get(data) ?? openFile(data);
  databases.set(data, database);
  const run: RunSql = async (...statements) => translateErrors(() => database.run(...statements));
  return createSqlEngine(run, namespace);
};

/** @param data the folder, which is made if it is missing; `:memory:` for a store that ends with the process */
function openFile(data: string) {
  const { mkdirSync } = process.getBuiltinModule("node:fs");
  const { join } = process.getBuiltinModule("node:path");
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const isFile = data !== ":memory:";
  if (isFile) mkdirSync(data, { recursive: true });
  const database = new DatabaseSync(isFile ? join(data, "store.sqlite") : data, {
    timeout: busyTimeout,
    // Rows as objects are a third of a read: Node makes the names of their columns anew each time.
    returnArrays: true,
  });
  prepareFile(database, data);
  // Before 22.20 and 24.7 Node binds nothing to `?1`: values are given to each `?` in turn.
  const prepare = (sql: string) => {
    const places = Array.from(sql.matchAll(/\?(\d+)/g), ([, place]) => Number(place) - 1);
    const statement = database.prepare(sql.replaceAll(/\?\d+/g, "?"));
    return (params: SqlStatement[1]): readonly Row[] =>
      (statement.all(...places.map((place) => params[place]!)) as unknown as readonly Values[]).map(toRow);
  };
  const prepared = new Map<string, ReturnType<typeof prepare>>();
  const all = ([sql, params]: SqlStatement): readonly Row[] => {
    const statement = prepared.get(sql) ?? prepare(sql);
    prepared.set(sql, statement);
    return statement(params);
  };
  return {
    run(first: SqlStatement, ...others: readonly SqlStatement[]): readonly Row[] {
      if (others.length === 0) return all(first);
      database.exec("BEGIN IMMEDIATE");
      try {
        const rows = all(first);
        for (const statement of others) all(statement);
        database.exec("COMMIT");
        return rows;
      } catch (error) {
        if (database.isTransaction) database.exec("ROLLBACK");
        throw error;
      }
    },
  };
}

/** Of a row, in the order of `fields` in sql.ts. */
type Values = readonly [string, string | number, string, number | null];

const toRow = ([key, value, version, expires]: Values): Row => ({ key, value, version, expires });

type DatabaseSync = InstanceType<ReturnType<typeof process.getBuiltinModule<"node:sqlite">>["DatabaseSync"]>;

/** Throws StoreError STORE_SCHEMA for the file of a newer Portico. */
function prepareFile(database: DatabaseSync, data: string): void {
  translateErrors(() => {
    database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
    // Of processes that start together, one makes the tables.
    database.exec("BEGIN IMMEDIATE");
    const version = Number(database.prepare("PRAGMA user_version").get()?.[0]);
    if (version > storeSchemaVersion) {
      database.close();
      throw new StoreError(
        "STORE_SCHEMA",
        `${data}/store.sqlite is of a newer Portico (schema ${version}; this one reads ${storeSchemaVersion})`,
      );
    }
    for (const sql of storeSchema) database.exec(sql);
    database.exec(`PRAGMA user_version=${storeSchemaVersion}; COMMIT`);
  });
}

/** SQLITE_BUSY (sqlite.org/rescode.html), without its extended part. */
const busy = 5;

function translateErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (((cause as { readonly errcode?: number }).errcode ?? 0) % 256 !== busy) throw cause;
    throw new StoreError(
      "STORE_BUSY",
      `another process wrote to the store for ${busyTimeout / 1000} s; try later`,
      cause,
    );
  }
}

/** Opens a namespace of the app's store. @param context the handler's */
export const store = /* @__PURE__ */ createStore(openEngine);

/** Refuses requests beyond a limit with 429, as middleware or in a handler. */
export const rateLimit = /* @__PURE__ */ createRateLimit(openEngine);

/** Runs requests with the same Idempotency-Key once, as middleware or around a handler. */
export const idempotent = /* @__PURE__ */ createIdempotent(openEngine);
