/** An app with a database and routes for its tests, with the packages `pg` and `drizzle-orm` linked. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../architecture/sources.ts";
import { type Files, makeFolder } from "../../bundler/test-app.ts";

const files = {
  "hosting.json": JSON.stringify({
    name: "shop",
    secrets: ["DATABASE_URL"],
    databases: { DB: { dialect: "postgres", url: "DATABASE_URL" } },
  }),
  "functions/_lib/schema.ts":
    `import { integer, pgTable, text } from "drizzle-orm/pg-core";\n` +
    `export const users = pgTable("users", {\n` +
    `  id: integer().primaryKey().generatedAlwaysAsIdentity(), email: text().notNull().unique() });\n`,
  "functions/users.ts":
    `import { drizzle } from "drizzle-orm/node-postgres"; import { database, isUnique } from "portico/postgres";\n` +
    `import { users } from "./_lib/schema.ts";\n` +
    `export const GET = async (_, context) =>\n` +
    `  Response.json(await drizzle(database(context, "DB")).select().from(users));\n` +
    `export const POST = async (request, context) => {\n` +
    `  const db = drizzle(database(context, "DB"));\n` +
    `  const values = await request.json();\n` +
    `  try {\n` +
    `    const made = await db.transaction((tx) => tx.insert(users).values(values).returning());\n` +
    `    return Response.json(made, { status: 201 });\n` +
    `  } catch (error) {\n` +
    `    if (isUnique(error, "users_email_unique")) return new Response("taken", { status: 409 });\n` +
    `    throw error;\n  }\n};\n`,
  "functions/sql.ts":
    `import { database } from "portico/postgres";\n` +
    `export const POST = async (request, context) =>\n` +
    `  Response.json((await database(context, "DB").query(await request.text())).rows);\n`,
  "functions/drizzle.ts":
    `import { sql } from "drizzle-orm"; import { drizzle } from "drizzle-orm/node-postgres";\n` +
    `import { database } from "portico/postgres";\n` +
    `export const POST = async (request, context) =>\n` +
    `  Response.json((await drizzle(database(context, "DB")).execute(sql.raw(await request.text()))).rows);\n`,
  "functions/hono.ts":
    `import { Hono } from "hono"; import { sql } from "drizzle-orm";\n` +
    `import { drizzle } from "drizzle-orm/node-postgres"; import { database } from "portico/postgres";\n` +
    `export default new Hono().post("/hono", async (c) =>\n` +
    `  c.json((await drizzle(database(c.executionCtx, "DB")).execute(sql.raw(await c.req.text()))).rows));\n`,
  "functions/env.ts": `export const GET = (_, { env }) => Response.json(env.DB);\n`,
} satisfies Files;

/** The table that the routes use. */
export const schema =
  "CREATE TABLE users (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, email text NOT NULL, " +
  "CONSTRAINT users_email_unique UNIQUE (email))";

/** The app's folder. @param whenDone registers its removal */
export function databaseApp(whenDone: (remove: () => void) => void): string {
  const folder = makeFolder(files, whenDone);
  for (const name of ["pg", "drizzle-orm"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  return folder;
}
