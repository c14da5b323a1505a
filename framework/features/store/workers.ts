/** `portico/store` on Workers: one D1 database per app and stage, which a release makes and binds. */
import type { OpenEngine, Row } from "./engine.ts";
import { resolveWrite } from "./lost-answer.ts";
import { createSqlEngine, type RunSql, type SqlStatement } from "./sql.ts";
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
  batch(statements: readonly Statement[]): Promise<readonly { readonly results: readonly Row[] }[]>;
}

const openEngine: OpenEngine = (platform, namespace) => {
  const database = (platform as { readonly env?: { readonly PORTICO_STORE?: Database } } | undefined)?.env
    ?.PORTICO_STORE;
  if (!database)
    throw new StoreError("STORE_MISSING", "the Worker has no database PORTICO_STORE: release it with portico deploy");
  const run: RunSql = (...statements: readonly SqlStatement[]) => {
    // A transaction, and one round trip.
    const send = async (): Promise<readonly Row[]> =>
      (await database.batch(statements.map(([sql, params]) => database.prepare(sql).bind(...params))))[0]!.results;
    // D1's errors have no codes. A read may be repeated, and a write's version tells whether it happened.
    if (statements.length > 1) return send();
    return send()
      .catch(send)
      .catch((cause: unknown) => {
        throw new StoreError("STORE_BUSY", `D1 failed: ${String(cause)}`, cause);
      });
  };
  return createSqlEngine(run, namespace, resolveWrite);
};

/** Opens a namespace of the app's store. @param context the handler's */
export const store = /* @__PURE__ */ createStore(openEngine);

/** Refuses requests beyond a limit with 429, as middleware or in a handler. */
export const rateLimit = /* @__PURE__ */ createRateLimit(openEngine);

/** Runs requests with the same Idempotency-Key once, as middleware or around a handler. */
export const idempotent = /* @__PURE__ */ createIdempotent(openEngine);
