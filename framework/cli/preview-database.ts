/** A database that one temporary stage has for itself on a server: found, made with its owner's mark, dropped. */
import type { Client } from "pg";
import type { Owner } from "../../deploy/parts.ts";
import { connect } from "../emulation/postgres/databases.ts";
import { userOf } from "../model/database-url.ts";
import { UserError } from "../model/user-error.ts";

/** Which one, and where. */
export interface PreviewDatabase {
  readonly owner: Owner;
  /** Its key in hosting.json. */
  readonly database: string;
  /** On the server. */
  readonly name: string;
  /** The URL of another database of that server, by a user who may create some. */
  readonly serverUrl: string;
  /** Whose `pg` connects. */
  readonly packageFolder: string;
}

/** `empty`: without a mark and with nothing in it, as one that was just made. */
export type PreviewState = "missing" | "empty" | "ours" | "taken";

/** Bytes of a name (PostgreSQL documentation, "Identifiers and Key Words"); longer ones are cut silently. */
const longest = 63;

/** `app--stage--db`: app and stage hold no "--". Throws UserError NAME_TOO_LONG. */
export function previewName({ app, stage }: Owner, database: string): string {
  const name = `${app}--${stage}--${database}`.toLowerCase();
  if (Buffer.byteLength(name) <= longest) return name;
  throw new UserError(
    "NAME_TOO_LONG",
    `the database ${name} would have a name of ${Buffer.byteLength(name)} bytes, and Postgres takes ${longest}`,
    `Shorten the stage's name, or "name" in hosting.json.`,
  );
}

/** The same URL with another database. */
export function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

const markOf = ({ owner, database }: PreviewDatabase): string =>
  `portico app=${owner.app} stage=${owner.stage} database=${database}`;

const connectTo = ({ database, packageFolder }: PreviewDatabase, url: string): Promise<Client> =>
  connect({
    name: database,
    url,
    packageFolder,
    fix: "Run this where the server can be reached, or set PORTICO_MIGRATE_URL to an address that leads there.",
  });

async function on<T>(preview: PreviewDatabase, url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectTo(preview, url);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Throws UserError DATABASE_UNREACHABLE. */
export async function findPreview(preview: PreviewDatabase): Promise<PreviewState> {
  const found = await on(preview, preview.serverUrl, async (client) => {
    const { rows } = await client.query<{ readonly mark: string | null }>(
      "select shobj_description(oid, 'pg_database') as mark from pg_database where datname = $1",
      [preview.name],
    );
    return rows[0];
  });
  if (!found) return "missing";
  if (found.mark !== null) return found.mark === markOf(preview) ? "ours" : "taken";
  return on(preview, withDatabase(preview.serverUrl, preview.name), async (client) => {
    const { rowCount } = await client.query(
      `select 1 from (select relnamespace as schema from pg_class union all select pronamespace from pg_proc
         union all select typnamespace from pg_type) one join pg_namespace n on n.oid = one.schema
       where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       union all select 1 from pg_largeobject_metadata limit 1`,
    );
    return rowCount ? "taken" : "empty";
  });
}

/**
 * Makes it where it is missing; true where it did. Another run's, which was first, is taken over. Throws UserError
 * DATABASE_TAKEN, PREVIEW_RIGHTS, DATABASE_UNREACHABLE.
 * @param appUrl what functions get
 */
export async function ensurePreview(preview: PreviewDatabase, appUrl: string): Promise<boolean> {
  const state = await findPreview(preview);
  if (state === "ours") return false;
  if (state === "taken") throw taken(preview);
  if (state === "missing") await create(preview);
  const user = userOf(appUrl);
  if (user !== userOf(preview.serverUrl)) await grantTo(preview, user);
  // Last: one that has the mark lacks nothing.
  await asOwner(preview, "mark", (client, quoted) =>
    client.query(`COMMENT ON DATABASE ${quoted} IS ${client.escapeLiteral(markOf(preview))}`),
  );
  return state === "missing";
}

const create = (preview: PreviewDatabase): Promise<unknown> =>
  asOwner(preview, "create", (client, quoted) =>
    client.query(`CREATE DATABASE ${quoted}`).catch((error: { readonly code?: string }) => {
      // 42P04 and 23505: another run made it.
      if (error.code !== "42P04" && error.code !== "23505") throw error;
    }),
  );

/** A statement about the whole database. Throws UserError PREVIEW_RIGHTS. */
const asOwner = (
  preview: PreviewDatabase,
  verb: "create" | "mark" | "drop",
  work: (client: Client, quoted: string) => Promise<unknown>,
): Promise<unknown> =>
  on(preview, preview.serverUrl, (client) =>
    work(client, client.escapeIdentifier(preview.name)).catch((error: { readonly code?: string }) => {
      if (error.code === "42501") throw withoutRights(preview, verb, error);
      throw error;
    }),
  );

/** The app's user gets the rights on what migrations make as another one: default privileges are a database's own. */
const grantTo = (preview: PreviewDatabase, user: string): Promise<unknown> =>
  on(preview, withDatabase(preview.serverUrl, preview.name), (client) => {
    const to = client.escapeIdentifier(user);
    return client
      .query(
        `GRANT USAGE ON SCHEMA public TO ${to};
         ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${to};
         ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO ${to}`,
      )
      .catch((error: { readonly code?: string }) => {
        if (error.code === "42704") throw withoutUser(preview, user, error);
        throw error;
      });
  });

/**
 * Drops one that is ours with all that is in it, whoever is connected. False where there is none of ours. Throws
 * UserError PREVIEW_RIGHTS, DATABASE_UNREACHABLE.
 */
export async function dropPreview(preview: PreviewDatabase): Promise<boolean> {
  const state = await findPreview(preview);
  if (state !== "ours" && state !== "empty") return false;
  await asOwner(preview, "drop", (client, quoted) => client.query(`DROP DATABASE IF EXISTS ${quoted} WITH (FORCE)`));
  return true;
}

/** One of that name that somebody else has. */
export const taken = ({ name, owner }: PreviewDatabase): UserError =>
  new UserError(
    "DATABASE_TAKEN",
    `the server has a database ${name} that is not of the stage ${owner.stage}`,
    "Rename the stage, or that database.",
  );

const withoutRights = ({ name, serverUrl }: PreviewDatabase, verb: string, cause: unknown): UserError =>
  new UserError(
    "PREVIEW_RIGHTS",
    `the user ${userOf(serverUrl)} may not ${verb} the database ${name}`,
    verb === "create"
      ? "As the server's owner run ALTER USER … CREATEDB, or set PORTICO_MIGRATE_URL to the URL of a user who may."
      : "Set PORTICO_MIGRATE_URL to the URL of the database's owner, or of a superuser, and run this again.",
    { cause },
  );

const withoutUser = ({ database }: PreviewDatabase, user: string, cause: unknown): UserError =>
  new UserError(
    "PREVIEW_RIGHTS",
    `the server has no user ${user}, as which functions would connect to the database ${database}`,
    "As the server's owner run CREATE USER, or set the secret of its URL at the stage preview to that of another one.",
    { cause },
  );
