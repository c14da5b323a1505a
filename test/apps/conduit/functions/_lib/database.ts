/** The database, as Drizzle asks it. */
import { drizzle } from "drizzle-orm/node-postgres";
import type { Context } from "portico";
import { database } from "portico/postgres";

export const db = (context: Context) => drizzle(database(context, "DB"));

export type Db = ReturnType<typeof db>;
