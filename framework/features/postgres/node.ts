/** `portico/postgres` on Node: a pool of at most ten connections for each URL and process. */
import type { Pool } from "pg";
import { connectionStringOf, type DatabaseContext } from "./binding.ts";
import { DatabasePool } from "./pool.ts";

export { isForeignKey, isInvalidText, isSerialization, isUnique } from "./constraint.ts";
export { DatabaseError, type DatabaseErrorCode } from "./database-error.ts";
export type { DatabaseContext } from "./binding.ts";

const pools = new Map<string, Pool>();

/** A database of hosting.json, as `pg` and Drizzle take it. @param context the handler's @param name its key */
export function database(context: DatabaseContext, name: string): Pool {
  const connectionString = connectionStringOf(context, name);
  const pool = pools.get(connectionString) ?? new DatabasePool({ connectionString, max: 10, allowExitOnIdle: true });
  pools.set(connectionString, pool);
  return pool;
}
