/** The databases of a local Postgres: made, copied and dropped through the app's own `pg`. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Client } from "pg";
import { openConnection } from "../../model/database-connection.ts";
import { requireDatabaseUrl } from "../../model/database-url.ts";
import { UserError } from "../../model/user-error.ts";
import type { LocalPostgres } from "./local-postgres.ts";

/** What is used of it. */
interface Pg {
  readonly Client: typeof Client;
}

/** Runs statements as the owner. Throws UserError POSTGRES_CLIENT_MISSING. @param packageFolder has `pg` */
export async function withOwner<T>(
  postgres: LocalPostgres,
  packageFolder: string,
  work: (client: Client) => Promise<T>,
  database = "postgres",
): Promise<T> {
  const { Client: PgClient } = await loadPg(packageFolder);
  const client = new PgClient(postgres.url(database));
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Makes an empty database where there is none of this name, also when two processes do so. */
export async function ensureDatabase(postgres: LocalPostgres, packageFolder: string, name: string): Promise<void> {
  await withOwner(postgres, packageFolder, async (client) => {
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
    if (rowCount) return;
    await client
      .query(`CREATE DATABASE ${client.escapeIdentifier(name)}`)
      .catch((error: { readonly code?: string }) => {
        // 42P04 and 23505: another process made it.
        if (error.code !== "42P04" && error.code !== "23505") throw error;
      });
  });
}

/** A database that a command or dev connects to. */
export interface Connection {
  /** Its name in hosting.json. */
  readonly name: string;
  readonly url: string;
  /** Whose `pg` connects. */
  readonly packageFolder: string;
  /** What a user does where it cannot be reached. */
  readonly fix: string;
}

/** Throws UserError POSTGRES_CLIENT_MISSING, DATABASE_URL for a text that is no URL, DATABASE_UNREACHABLE. */
export async function connect({ name, url, packageFolder, fix }: Connection): Promise<Client> {
  const { Client: PgClient } = await loadPg(packageFolder);
  // `pg` would take an empty one for the machine's default database.
  requireDatabaseUrl(name, url);
  return openConnection(PgClient, { name, url, from: "here", fix });
}

/** The app's own pg. Throws UserError POSTGRES_CLIENT_MISSING. */
async function loadPg(packageFolder: string): Promise<Pg> {
  const pg = await findPg(packageFolder);
  if (pg) return pg;
  throw new UserError(
    "POSTGRES_CLIENT_MISSING",
    `a database needs the package pg, which ${packageFolder} does not have`,
    "Run `npm install pg`.",
  );
}

/** The pg of a folder or one above it; undefined where there is none. */
export async function findPg(packageFolder: string): Promise<Pg | undefined> {
  let path: string;
  try {
    path = createRequire(join(packageFolder, "package.json")).resolve("pg");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
  return ((await import(pathToFileURL(path).href)) as { readonly default: Pg }).default;
}
