/** `portico/postgres` on Workers: a connection for each request, since one request cannot use another's socket. */
import type { Pool } from "pg";
import type { Call } from "../../runtime/handler.ts";
import { connectionStringOf, type DatabaseContext } from "./binding.ts";
import { DatabasePool } from "./pool.ts";

export { isForeignKey, isInvalidText, isSerialization, isUnique } from "./constraint.ts";
export { DatabaseError, type DatabaseErrorCode } from "./database-error.ts";
export type { DatabaseContext } from "./binding.ts";

/** Milliseconds without a statement after which a request's connection ends; a later statement opens another. */
const idleTimeoutMillis = 100;

/** By request: its platform is one object, whatever middleware makes of its context. */
const pools = new WeakMap<object, Map<string, Pool>>();

/** The request lasts until its connection has ended, so that the server is told. */
function openPool(context: DatabaseContext, connectionString: string): Pool {
  const pool = new DatabasePool({ connectionString, max: 1, idleTimeoutMillis });
  pool.on("connect", (client) => {
    context.waitUntil(
      new Promise<void>((done) => {
        client.once("end", () => done());
      }),
    );
  });
  return pool;
}

/** A database of hosting.json, as `pg` and Drizzle take it. @param context the handler's @param name its key */
export function database(context: DatabaseContext, name: string): Pool {
  const connectionString = connectionStringOf(context, name);
  const { platform = context } = context as Partial<Call>;
  const own = pools.get(platform) ?? new Map<string, Pool>();
  pools.set(platform, own);
  const pool = own.get(connectionString) ?? openPool(context, connectionString);
  own.set(connectionString, pool);
  return pool;
}
