/** The rules of hosting.json about databases, and the checks between them and other keys. */
import { type Database, migrationsFolder } from "../model/database.ts";
import type { Rule, TextLimits } from "./rule.ts";

/** A database as hosting.json has it. */
export type DatabaseSettings = Omit<Database, "migrations" | "shared"> & {
  readonly migrations?: string;
  readonly shared?: boolean;
};

/** `databases`. @param names limits of the names in context.env */
export const databases = (names: TextLimits): Rule => ({
  kind: "map",
  names,
  values: {
    kind: "object",
    keys: {
      dialect: {
        kind: "text",
        limits: {
          pattern: "^postgres$",
          description:
            '"postgres", the one dialect that AWS and Cloudflare both reach; an app for Workers alone may have ' +
            'SQLite as a binding, "workers": { "bindings": { "DB": { "type": "d1", … } } }',
        },
        description: "The SQL of the database: postgres.",
      },
      url: { kind: "text", limits: names, description: 'The name of the secret that has its URL, from "secrets".' },
      migrations: {
        kind: "text",
        limits: {
          pattern: "^(?!/)(?!(.*/)?\\.\\.(/|$))[^\\\\:]+$",
          description: "a folder inside the app, written with /",
        },
        description: "The folder of its migrations. Default: migrations.",
      },
      preview: {
        kind: "choice",
        of: ["database"],
        description:
          "With database, each stage that is not named here has one of its own on the server of the stage preview, " +
          "which portico remove drops.",
      },
      shared: { kind: "boolean", description: "Whether other apps and stages may read the database. Default: false." },
    },
  },
  description:
    'Postgres databases by the name that context.env has them under: "DB": { "dialect": "postgres", "url": ' +
    '"DATABASE_URL" }.',
});

/** `workers.hyperdrive`. */
export const hyperdrive = (names: TextLimits): Rule => ({
  kind: "map",
  names,
  values: {
    kind: "text",
    limits: {
      pattern: "^[0-9a-f]{32}$",
      description: "the id of a configuration of Hyperdrive, 32 hexadecimal digits",
    },
  },
  description:
    "Ids of your own Hyperdrive configurations by database, in place of those that portico secret set makes.",
});

/** A mistake of a key, and where it is. */
export interface SettingMistake {
  readonly path: readonly [string, ...(string | number)[]];
  readonly message: string;
  readonly fix: string;
}

const example = (name: string): string =>
  `Write "databases": { "${name}": { "dialect": "postgres", "url": "DATABASE_URL" } } into hosting.json.`;

/** What the databases need of other keys; a name of context.env is checked with those of env, secrets and bindings. */
export function databaseMistake(
  all: Readonly<Record<string, DatabaseSettings>>,
  secrets: readonly string[],
  hyperdriveIds: Readonly<Record<string, string>>,
): SettingMistake | undefined {
  for (const [name, database] of Object.entries(all)) {
    // A stage may change one of the keys, so that the rule above cannot require them.
    const missing = (["dialect", "url"] as const).find((key) => database[key] === undefined);
    if (missing !== undefined)
      return { path: ["databases", name], message: `the database ${name} lacks "${missing}"`, fix: example(name) };
    const { url } = database;
    if (secrets.includes(url)) continue;
    return {
      path: ["databases", name, "url"],
      message: `the URL of the database ${name} has a password in it, and "${url}" is no secret`,
      fix: `Write "secrets": ${JSON.stringify([...secrets, url])} into hosting.json.`,
    };
  }
  const stray = Object.keys(hyperdriveIds).find((name) => !Object.hasOwn(all, name));
  if (stray !== undefined)
    return {
      path: ["workers", "hyperdrive", stray],
      message: `"hyperdrive" has ${stray}, which is none of "databases"`,
      fix: `${example(stray)} Or remove it.`,
    };
  return folderMistake(all);
}

/** Two databases have two histories. */
function folderMistake(all: Readonly<Record<string, DatabaseSettings>>): SettingMistake | undefined {
  const names = Object.keys(all);
  if (names.length < 2) return undefined;
  const seen = new Map<string, string>();
  const local = new Map<string, string>();
  for (const name of names) {
    // Names on the local Postgres are in small letters.
    const same = local.get(name.toLowerCase());
    if (same !== undefined)
      return {
        path: ["databases", name],
        message: `the databases ${same} and ${name} have the same name but for capitals`,
        fix: "Rename one of them.",
      };
    local.set(name.toLowerCase(), name);
    const folder = all[name]!.migrations;
    if (folder === undefined)
      return {
        path: ["databases", name],
        message: `the app has ${names.length} databases, and ${name} does not say which migrations are its own`,
        fix: `Add "migrations": "${migrationsFolder}/${name.toLowerCase()}".`,
      };
    const other = seen.get(folder);
    if (other !== undefined)
      return {
        path: ["databases", name, "migrations"],
        message: `the databases ${other} and ${name} have the same migrations`,
        fix: "Give each a folder of its own.",
      };
    seen.set(folder, name);
  }
  return undefined;
}
