/** The migrations of a database: those of the app, and those of extensions that keep something in it. */
import { realpathSync } from "node:fs";
import type { App } from "../model/app.ts";
import type { Extension } from "../model/extension.ts";
import { UserError } from "../model/user-error.ts";
import { type MigrationFile, readMigrations } from "./migration-file.ts";

type AppWithDatabases = Pick<App, "root" | "databases" | "extensions">;

/**
 * Extensions' files first, each extension's in their own order: the app's may refer to their tables. Throws UserError
 * EXTENSION_DATABASE, MIGRATION_NAME, MIGRATION_TWICE, MIGRATION_EMPTY.
 * @param database a key of "databases"
 */
export async function readDatabaseMigrations(
  app: AppWithDatabases,
  database: string,
): Promise<readonly MigrationFile[]> {
  const files: MigrationFile[] = [];
  for (const extension of app.extensions ?? []) {
    const { name, migrations } = extension;
    if (migrations !== undefined && databaseOf(extension, app) === database)
      // Its folder is relative to where the app really is.
      files.push(...(await readMigrations(realpathSync(app.root), migrations, name)));
  }
  return [...files, ...(await readMigrations(app.root, app.databases?.[database]?.migrations))];
}

/** The one that its settings name as `database`, which its code needs too; else the app's only one. */
function databaseOf({ name, settings }: Extension, { databases = {} }: AppWithDatabases): string {
  const names = Object.keys(databases);
  const { database = names.length === 1 ? names[0] : undefined } = settings;
  if (typeof database === "string" && names.includes(database)) return database;
  throw new UserError(
    "EXTENSION_DATABASE",
    database === undefined
      ? `${name} has migrations, and of the databases ${names.join(" and ")} it is not said whose they are`
      : `${name} has migrations for the database ${JSON.stringify(database)}, and the app has ${names.join(" and ")}`,
    `Write "extensions": { "${name}": { "database": "${names[0]}" } }. An extension that takes no such setting works ` +
      "in apps of one database.",
  );
}

/** A sentence for each extension whose migrations have no database. */
export const unusedMigrations = ({ databases = {}, extensions = [] }: AppWithDatabases): readonly string[] =>
  extensions
    .filter(({ migrations }) => migrations !== undefined && Object.keys(databases).length === 0)
    .map(({ name }) => `${name} has migrations, which nothing applies: hosting.json has no "databases"`);
