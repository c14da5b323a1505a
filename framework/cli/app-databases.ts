/** Opens a connection to each database of an app, for migrations: of this machine, or of a stage. */
import { readSecrets } from "../../deploy/lambda/secrets.ts";
import { resolveEnv } from "../config/env.ts";
import { openLocalDatabases } from "../dev/local-databases.ts";
import { connect } from "../emulation/postgres/databases.ts";
import type { DatabaseClient } from "../migrations/database-client.ts";
import { overConnection } from "../migrations/migrated-database.ts";
import { readMigrations } from "../migrations/migration-file.ts";
import type { App } from "../model/app.ts";
import type { Database } from "../model/database.ts";
import { UserError } from "../model/user-error.ts";
import type { SchemaDatabase } from "./release-schema.ts";
import type { StageCloud } from "./stage-cloud.ts";

/** One of them, with its connection. */
export interface AppDatabase extends SchemaDatabase {
  readonly client: DatabaseClient;
  /** Whether its URL leads to this machine; a tunnel does, too. */
  readonly isOnThisMachine: boolean;
}

/** Held open by a command. */
export interface AppDatabases {
  /** In the order of hosting.json. */
  readonly databases: readonly AppDatabase[];
  close(): Promise<void>;
}

/**
 * Those that dev has: by the URLs of .env, or on the local Postgres. Throws UserError DATABASE_UNREACHABLE and those of
 * `openLocalDatabases`.
 */
export async function openOwnDatabases(app: App): Promise<AppDatabases> {
  const local = openLocalDatabases(app.root);
  try {
    const { env } = await resolveEnv(app, {
      files: true,
      missing: "preview",
      processEnv: process.env,
      localDatabase: local.urlOf,
    });
    const opened = await openAll(
      app,
      (_name, { url }) => env[url] ?? "",
      "Mend its URL in .env or the environment, or delete it there to get a local Postgres.",
    );
    return {
      ...opened,
      close: async () => {
        await opened.close();
        await local.close();
      },
    };
  } catch (error) {
    await local.close();
    throw error;
  }
}

/**
 * Those of a stage: by PORTICO_MIGRATE_URL, or by the secret of its URL, which AWS gives back and Cloudflare does not.
 * At stage local those of dev. Throws UserError MIGRATE_URL_MISSING, SECRET_MISSING, DATABASE_UNREACHABLE.
 */
export async function openStageDatabases(
  stage: Pick<StageCloud, "app" | "owner" | "clouds" | "isLocal">,
): Promise<AppDatabases> {
  const { app } = stage;
  if (stage.isLocal) return openOwnDatabases(app);
  const isOne = Object.keys(app.databases ?? {}).length === 1;
  const given = (name: string): string | undefined =>
    // A secret that a pipeline lacks is an empty text.
    process.env[`PORTICO_MIGRATE_URL_${name}`] || (isOne && process.env["PORTICO_MIGRATE_URL"]) || undefined;
  const lambda = stage.clouds.find((cloud) => cloud.target === "lambda");
  const isGiven = Object.keys(app.databases ?? {}).every((name) => given(name) !== undefined);
  const secrets = !isGiven && lambda ? await readSecrets(lambda.aws.clients, stage.owner, app) : undefined;
  const variable = (name: string): string => (isOne ? "PORTICO_MIGRATE_URL" : `PORTICO_MIGRATE_URL_${name}`);
  const urlOf = (name: string, { url }: Database): string => {
    const found = given(name) ?? secrets?.values[url];
    if (found !== undefined) return found;
    throw new UserError(
      "MIGRATE_URL_MISSING",
      `the database ${name} cannot be asked: Cloudflare gives no secret back, so that its URL is not known here`,
      `Set ${variable(name)}=postgres://… for this command.`,
    );
  };
  const fix =
    `Run this where the database can be reached, or set ${variable("NAME")} to an address that leads there, such as ` +
    "that of a tunnel.";
  return openAll(app, urlOf, fix);
}

async function openAll(
  app: App,
  urlOf: (name: string, database: Database) => string,
  fix: string,
): Promise<AppDatabases> {
  const opened: { readonly database: AppDatabase; readonly end: () => Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const { end } of opened) await end().catch(() => undefined);
  };
  try {
    for (const [name, database] of Object.entries(app.databases ?? {})) {
      const files = await readMigrations(app.root, database.migrations);
      const client = await connect({ name, url: urlOf(name, database), packageFolder: app.root, fix });
      const isShared = database.shared === true;
      opened.push({
        database: {
          name,
          client,
          database: overConnection(client),
          files,
          isShared,
          isOnThisMachine: isOwnHost(client.host),
        },
        end: () => client.end(),
      });
    }
    return { databases: opened.map(({ database }) => database), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A loopback address, or the folder of a socket. */
const isOwnHost = (host: string): boolean => host.startsWith("/") || ["localhost", "127.0.0.1", "::1"].includes(host);
