/** `portico migrate`: writes migrations, shows what a database has of them, and runs them. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { loadApp } from "../../config/app-loader.ts";
import { judgeMigrations, checkMigrations } from "../../migrations/classifier.ts";
import { readDatabaseMigrations } from "../../migrations/database-migrations.ts";
import { compare, missingText } from "../../migrations/ledger.ts";
import { keepReaders } from "../../migrations/kept-readers.ts";
import { type MigrationFile, nextNumber, readMigrations, toMigration } from "../../migrations/migration-file.ts";
import { ownerOf } from "../../migrations/migration-owner.ts";
import { reasonsToWait, requireDevDatabase, requireOwnDatabase } from "../../migrations/readers.ts";
import type { App } from "../../model/app.ts";
import { UserError } from "../../model/user-error.ts";
import {
  type AppDatabase,
  type AppDatabases,
  openOwnDatabases,
  openStageDatabases,
  readOwnLedger,
} from "../app-databases.ts";
import type { CommandInput } from "../command.ts";
import { confirm } from "../confirmation.ts";
import type { GeneratedMigration } from "../drizzle-kit.ts";
import { appFlags, textFlag } from "../flags.ts";
import { migrationLine } from "../../migrations/migration-line.ts";
import type { SchemaDatabase } from "../release-schema.ts";
import { openStageCloud } from "../stage-cloud.ts";

type Action = (input: CommandInput, words: readonly string[]) => Promise<void>;

const actions: Readonly<Record<string, Action>> = {
  new: write,
  status: (input) => onDatabases(input, (one, app) => status(one, app, input)),
  up: (input) => onDatabases(input, (one, app) => run(one, app, input, "all")),
  finish: (input) => onDatabases(input, (one, app) => run(one, app, input, "contract")),
  reset,
  forget: (input, words) => onDatabases(input, (one) => forget(one, words, input)),
};

/** Without a stage the databases are those of dev. */
export async function migrate(input: CommandInput): Promise<number> {
  const [name, words = []] = input.args as readonly [string, (readonly string[])?];
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (!action)
    throw new UserError(
      "USAGE",
      `"${name}" is no action of portico migrate`,
      "Run portico migrate new NAME, status, up, finish, reset or forget APP STAGE TARGET.",
    );
  await action(input, words);
  return 0;
}

/** Throws UserError NO_DATABASES. */
function requireDatabases(app: App): NonNullable<App["databases"]> {
  if (app.databases && Object.keys(app.databases).length) return app.databases;
  throw new UserError(
    "NO_DATABASES",
    "the app has no databases",
    'Write "databases": { "DB": { "dialect": "postgres", "url": "DATABASE_URL" } } and "secrets": ["DATABASE_URL"] ' +
      "into hosting.json.",
  );
}

/** Of --database, or all. Throws UserError NO_DATABASES, DATABASE_UNKNOWN. */
function chosenDatabases(app: App, input: CommandInput): readonly string[] {
  const names = Object.keys(requireDatabases(app));
  const name = textFlag(input, "database");
  if (name === undefined) return names;
  if (names.includes(name)) return [name];
  throw new UserError("DATABASE_UNKNOWN", `the app has no database ${name}`, `It has ${names.join(" and ")}.`);
}

async function onDatabases(
  input: CommandInput,
  work: (database: AppDatabase, app: App) => Promise<void>,
): Promise<void> {
  const each = async ({ databases, close }: AppDatabases, app: App): Promise<void> => {
    const chosen = chosenDatabases(app, input);
    try {
      for (const database of databases) if (chosen.includes(database.name)) await work(database, app);
    } finally {
      await close();
    }
  };
  if (textFlag(input, "stage") === undefined) {
    const app = await loadApp(appFlags(input, "dev"));
    chosenDatabases(app, input);
    return each(await openOwnDatabases(app), app);
  }
  const stage = await openStageCloud(input);
  try {
    chosenDatabases(stage.app, input);
    await each(await openStageDatabases(stage, (text) => input.reporter.line(text)), stage.app);
  } finally {
    await stage.close();
  }
}

/** The stage whose releases read a database; dev has none. */
const stageOf = (app: App): { readonly app: string; readonly stage: string } => ({ app: app.name, stage: app.stage });

async function run(
  { name, database, files, isShared }: SchemaDatabase,
  app: App,
  input: CommandInput,
  which: "contract" | "all",
): Promise<void> {
  const { reporter } = input;
  const { readers } = await database.look();
  if (textFlag(input, "stage") === undefined) requireDevDatabase(readers);
  else requireOwnDatabase(stageOf(app), readers, isShared);
  for (const { message, fix } of await checkMigrations(files)) reporter.warn(`${message}. ${fix}`);
  const { applied, waiting } = await database.run({
    files,
    which,
    onEvent: (event) => {
      const text = migrationLine(event);
      if (text !== undefined) reporter.line(text);
    },
  });
  for (const row of compare(files, (await database.look()).ledger).missing) reporter.warn(missingText(row));
  const rest = waiting ? `; ${waiting.file.name} waits: ${waiting.reasons.join("; ")}` : "";
  const text = applied.length ? `applied ${applied.map((file) => file.name).join(", ")}` : "nothing to apply";
  reporter.result(`${name}: ${text}${rest}`, {
    type: "migrated",
    database: name,
    applied: applied.map((file) => file.name),
    ...(waiting && { waiting: { name: waiting.file.name, reasons: waiting.reasons } }),
  });
}

async function status({ name, database, files }: SchemaDatabase, _app: App, { reporter }: CommandInput): Promise<void> {
  const { ledger, readers } = await database.look();
  const { applied, pending, edited, missing, left, late } = compare(files, ledger);
  const bad = (list: readonly { readonly name: string }[], file: string): boolean =>
    list.some((one) => one.name === file);
  const running = ledger.filter((row) => row.state === "running");
  const rows = [
    ...[...applied, ...running].map((row) => ({
      name: row.name,
      kind: row.kind,
      state: (Object.entries({ missing, left, edited }).find(([, list]) => bad(list, row.name)) ?? [row.state])[0],
      ...(row.release !== undefined && { release: row.release }),
      at: row.appliedAt,
    })),
    ...pending
      .filter((file) => !bad(running, file.name))
      .map((file) => {
        const reasons = file.kind === "contract" ? reasonsToWait(file, readers) : [];
        const state = bad(late, file.name) ? "late" : reasons.length ? "waiting" : "pending";
        return { name: file.name, kind: file.kind, state, ...(reasons.length && { reasons }) };
      }),
  ];
  const lines = rows.map((row) => {
    const release = "release" in row ? `release ${row.release}` : "";
    const rest = "at" in row ? row.at.slice(0, 16) : "reasons" in row ? (row.reasons ?? []).join("; ") : "";
    const words = [row.state.padEnd(8), row.kind.padEnd(8), row.name.padEnd(32), release.padEnd(12), rest];
    return words.join("  ").trimEnd();
  });
  const who = readers.map(
    ({ app, stage, target, release, age }) =>
      `reader    ${app} at ${stage} on ${target}: release ${release}, written ${Math.round(age / 60)} minutes ago`,
  );
  reporter.result([`${name}:`, ...(lines.length ? lines : ["no migrations"]), ...who].join("\n"), {
    type: "migrations",
    database: name,
    migrations: rows,
    readers,
  });
}

async function forget(
  { name, database }: SchemaDatabase,
  words: readonly string[],
  input: CommandInput,
): Promise<void> {
  const [app, stage, target] = words;
  if (app === undefined || stage === undefined || target === undefined)
    throw new UserError(
      "USAGE",
      "a reader has an app, a stage and a target",
      "Run portico migrate status for the readers, then portico migrate forget APP STAGE TARGET.",
    );
  const { readers } = await database.look();
  const isThere = readers.some((one) => one.app === app && one.stage === stage && one.target === target);
  if (isThere)
    await confirm(
      input,
      `Files that take something away do not wait for ${app} at ${stage} on ${target} any more. Go on?`,
    );
  const isForgotten = isThere && (await database.forget({ app, stage, target }));
  const others = readers.map((one) => `${one.app} at ${one.stage} on ${one.target}`).join(", ") || "none";
  const text = isForgotten
    ? `forgot ${app} at ${stage} on ${target}`
    : `had no reader ${app} at ${stage} on ${target}; its readers: ${others}`;
  input.reporter.result(`${name}: ${text}`, { type: "reader-forgotten", database: name, forgotten: isForgotten });
}

/** Everything in the databases goes, by any name; then all files run. Only on this machine, whatever .env says. */
async function reset(input: CommandInput): Promise<void> {
  if (textFlag(input, "stage") !== undefined)
    throw new UserError("RESET_LOCAL", "reset empties the database of dev alone", "Leave --stage out.");
  await onDatabases(input, async (database, app) => {
    if (!database.isOnThisMachine)
      throw new UserError(
        "RESET_LOCAL",
        `the URL of ${database.name} leads to another machine, and reset empties a database of this one alone`,
        "Take its URL out of .env and of the environment to get a local Postgres.",
      );
    requireDevDatabase((await database.database.look()).readers);
    await confirm(input, `Everything in the database ${database.name} of this machine is deleted. Go on?`);
    const client = database.client!;
    const { rows } = await client.query(
      `select string_agg(format('drop schema %I cascade', nspname), '; ') as sql from pg_catalog.pg_namespace
       where nspname not like 'pg\\_%' and nspname <> 'information_schema'`,
    );
    // Of the stage local, whose databases are those of dev.
    const writeReaders = await keepReaders(client);
    await client.query(`${(rows[0]?.["sql"] as string | null) ?? "select 1"}; create schema public`);
    await run(database, app, input, "all").finally(writeReaders);
  });
}

async function write(input: CommandInput, [slug]: readonly string[]): Promise<void> {
  const app = await loadApp(appFlags(input, "dev"));
  const [name = "", ...others] = chosenDatabases(app, input);
  if (others.length > 0)
    throw new UserError(
      "USAGE",
      `the app has the databases ${[name, ...others].join(" and ")}`,
      `Say which one the migration is for: portico migrate new ${slug ?? "NAME"} --database ${name}`,
    );
  if (slug === undefined || !/^[a-z0-9][a-z0-9_-]*$/.test(slug))
    throw new UserError(
      "USAGE",
      slug === undefined ? "the migration has no name" : `"${slug}" is no name: a-z, 0-9, "_" and "-"`,
      "Run portico migrate new add_name",
    );
  const folder = app.databases![name]!.migrations;
  const files = await readMigrations(app.root, folder);
  const same = files.find((one) => one.name.slice(5) === slug);
  if (same)
    throw new UserError(
      "MIGRATION_EXISTS",
      `${same.file} has that name`,
      "Say what the new file does, in other words.",
    );
  const all = await readDatabaseMigrations(app, name);
  const applied = compare(all, (await readOwnLedger(app, name)) ?? []);
  for (const row of applied.missing) input.reporter.warn(missingText(row));
  const number = nextNumber([...files, ...applied.missing.filter((row) => ownerOf(row.name) === "")]);
  const isEmpty = input.flags["empty"] === true;
  const generated = isEmpty ? undefined : await generate(app.root, folder, slug);
  if (!isEmpty && !generated)
    return input.reporter.result("the schema did not change: no migration was written", { type: "migration" });
  const file = await place(app.root, all, toMigration(`${number}_${slug}.sql`, generated?.sql ?? hint, folder));
  await generated?.keepSnapshot();
  input.reporter.result(`wrote ${file}`, { type: "migration", file });
}

/** The content of a file to write by hand. */
const hint = "-- One table a file: several that are locked at once can end in a deadlock.\n";

async function generate(root: string, folder: string, slug: string): Promise<GeneratedMigration | undefined> {
  const { generateMigration } = await import("../drizzle-kit.ts");
  return generateMigration(root, folder, slug);
}

/** Under its last name and whole at once, since dev applies what appears. One with a contract statement is one. */
async function place(root: string, files: readonly MigrationFile[], added: MigrationFile): Promise<string> {
  const own = (await judgeMigrations([...files, added])).filter(({ file }) => file === added.file);
  const file = own.some(({ kind }) => kind === "contract") ? added.file.replace(/\.sql$/, ".contract.sql") : added.file;
  const draft = join(root, `.portico/${added.name}.sql`);
  for (const path of [draft, join(root, file)]) await mkdir(dirname(path), { recursive: true });
  await writeFile(draft, added.sql);
  await rename(draft, join(root, file));
  return file;
}
