/** `portico/store` on Workers: one D1 database per app and stage, which a release makes and binds. */
import type { Engine, OpenEngine, Row } from "./engine.ts";
import { resolveWrite } from "./lost-answer.ts";
import { createSqlEngine, type RunSql, type SqlRow } from "./sql.ts";
import { StoreError } from "./store-error.ts";
import { createIdempotent } from "./idempotent.ts";
import { createRateLimit } from "./rate-limit.ts";
import { createStore } from "./store.ts";

export type { Entry, Lifetime, ListedEntry, ListOptions, Store, StoreContext } from "./store.ts";
export type { Idempotent, IdempotentOptions } from "./idempotent.ts";
export type { RateLimit, RateLimitOptions } from "./rate-limit.ts";
export { StoreError, type StoreErrorCode } from "./store-error.ts";

interface Statement {
  bind(...params: readonly unknown[]): Statement;
}

/** The part of a D1 binding that is used (developers.cloudflare.com/d1/worker-api). */
interface Database {
  prepare(sql: string): Statement;
  batch(statements: readonly Statement[]): Promise<readonly { readonly results: readonly SqlRow[] }[]>;
}

const openEngine: OpenEngine = (platform, namespace) => {
  const { PORTICO_STORE: database } = ((platform as { readonly env?: unknown })?.env ?? {}) as {
    readonly PORTICO_STORE?: Database;
  };
  if (!database) throw missing();
  const run: RunSql = async (sql, params, then) => {
    // A transaction, and one round trip.
    const [result] = await database.batch(
      [[sql, params] as const, ...(then ? [then] : [])].map(([text, values]) => database.prepare(text).bind(...values)),
    );
    return result!.results;
  };
  const engine = createSqlEngine(run, namespace);
  // D1's errors have no codes. A read may be repeated, and a write's version tells whether it happened.
  const ask = <T>(read: () => Promise<T>): Promise<T> =>
    read()
      .catch(read)
      .catch(async (cause) => {
        throw (await isMissing(run)) ? missing() : new StoreError("STORE_BUSY", "D1 does not answer; try later", cause);
      });
  const settle = <T>(write: Promise<T>, key: string, version?: string): Promise<T | Row> =>
    write.catch(async (cause) => {
      if (await isMissing(run)) throw missing();
      return resolveWrite(() => engine.get(key), version, cause);
    });
  return {
    get: (key) => ask(() => engine.get(key)),
    list: (...args) => ask(() => engine.list(...args)),
    set: async (row, condition) => !!(await settle(engine.set(row, condition), row.key, row.version)),
    // An absent entry does not tell: a request that is late may yet delete what is written meanwhile.
    delete: async (key, condition) => !!(await settle(engine.delete(key, condition), key)),
    add: (row) => settle(engine.add(row), row.key, row.version),
  } satisfies Engine;
};

/** Whether the database has no table `store`, or one of a newer Portico. */
const isMissing = (run: RunSql): Promise<boolean> =>
  run("SELECT 1 FROM sqlite_master WHERE name='store'", []).then(
    (rows) => rows.length === 0,
    () => false,
  );

const missing = () =>
  new StoreError("STORE_MISSING", "the Worker has no database PORTICO_STORE: release it with portico deploy");

/** Opens a namespace of the app's store. @param context the handler's */
export const store = /* @__PURE__ */ createStore(openEngine);

/** Refuses requests beyond a limit with 429, as middleware or in a handler. */
export const rateLimit = /* @__PURE__ */ createRateLimit(openEngine);

/** Runs requests with the same Idempotency-Key once, as middleware or around a handler. */
export const idempotent = /* @__PURE__ */ createIdempotent(openEngine);
