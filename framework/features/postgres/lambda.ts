/** `portico/postgres` on Lambda: one connection for each URL and environment, replaced after long idleness. */
import type { Pool } from "pg";
import { connectionStringOf, type DatabaseContext } from "./binding.ts";
import { DatabasePool } from "./pool.ts";

export { isForeignKey, isInvalidText, isSerialization, isUnique } from "./constraint.ts";
export { DatabaseError, type DatabaseErrorCode } from "./database-error.ts";
export type { DatabaseContext } from "./binding.ts";

const pools = new Map<string, Pool>();

/** A frozen environment cannot close its connection: it is replaced after 30 s, and the server closes it after 60. */
function openPool(connectionString: string): Pool {
  const pool = new DatabasePool({ connectionString, max: 1, idleTimeoutMillis: 0, maxIdleMs: 30_000 });
  pool.on("connect", (client) => {
    // Postgres 14 and later know it.
    client.query("SET idle_session_timeout = 60000").catch(() => {});
  });
  return pool;
}

/** A database of hosting.json, as `pg` and Drizzle take it. @param context the handler's @param name its key */
export function database(context: DatabaseContext, name: string): Pool {
  const connectionString = connectionStringOf(context, name);
  const pool = pools.get(connectionString) ?? openPool(connectionString);
  pools.set(connectionString, pool);
  return pool;
}
