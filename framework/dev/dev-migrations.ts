/** Runs an app's migrations on the databases of dev, when it starts and when a file appears. */
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { connect, type Connection } from "../emulation/postgres/databases.ts";
import { checkMigrations } from "../migrations/classifier.ts";
import { readDatabaseMigrations } from "../migrations/database-migrations.ts";
import { compare, missingText, readLedger } from "../migrations/ledger.ts";
import { migrationLine } from "../migrations/migration-line.ts";
import { readReaders, requireDevDatabase } from "../migrations/readers.ts";
import { runMigrations } from "../migrations/runner.ts";
import type { App } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import type { ReportEvent } from "./dev-event.ts";

/** True for a file of a folder of migrations. */
export const isMigration = (app: App, path: string): boolean =>
  [
    ...Object.values(app.databases ?? {}).map(({ migrations }) => join(app.root, migrations)),
    ...extensionFolders(app),
  ].some((folder) => path.startsWith(join(folder, "/"))) && path.endsWith(".sql");

/** Absolute paths of the extensions' folders of migrations, which may be outside of the app. */
export const extensionFolders = ({ root, extensions = [] }: App): readonly string[] =>
  extensions.flatMap(({ migrations }) => (migrations === undefined ? [] : [join(realpathSync(root), migrations)]));

/**
 * A mistake in a file is reported, and the app is served all the same.
 * @param env with the URLs of the databases
 */
export async function applyMigrations(
  app: App,
  env: Readonly<Record<string, string>>,
  report: ReportEvent,
): Promise<void> {
  for (const [name, { url }] of Object.entries(app.databases ?? {})) {
    try {
      await applyFiles(app, { name, url: env[url] ?? "" }, report);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      report({ type: "error", error });
    }
  }
}

async function applyFiles(
  app: App,
  { name, url }: Pick<Connection, "name" | "url">,
  report: ReportEvent,
): Promise<void> {
  const files = await readDatabaseMigrations(app, name);
  if (!files.length) return;
  for (const { message } of await checkMigrations(files)) report({ type: "warning", text: message });
  const fix = "Mend its URL in .env, or delete it there to get a local Postgres.";
  const client = await connect({ name, url, packageFolder: app.root, fix });
  try {
    requireDevDatabase(await readReaders(client));
    const { waiting } = await runMigrations(client, {
      files,
      which: "all",
      onMistake: (error) => report({ type: "error", error }),
      onEvent: (event) => {
        const text = migrationLine(event, Object.keys(app.databases ?? {}).length === 1 ? undefined : name);
        if (text !== undefined) report({ type: event.step === "applied" ? "database" : "warning", text });
      },
    });
    for (const row of compare(files, await readLedger(client)).missing)
      report({ type: "warning", text: missingText(row) });
    if (waiting)
      report({ type: "warning", text: `migration ${waiting.file.name} waits: ${waiting.reasons.join("; ")}` });
  } finally {
    await client.end();
  }
}
