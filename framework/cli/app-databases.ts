/** Opens each database of an app, for migrations: of this machine, or of a stage, by a connection or a function. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { migrateInvocations } from "../../deploy/lambda/migrate-invocation.ts";
import { readSecrets, type SecretValues } from "../../deploy/lambda/secrets.ts";
import { resolveEnv } from "../config/env.ts";
import { openLocalDatabases, postgresFolder } from "../dev/local-databases.ts";
import { connect } from "../emulation/postgres/databases.ts";
import type { DatabaseClient } from "../migrations/database-client.ts";
import { type MigrateFunction, overFunction } from "../migrations/called-database.ts";
import type { LedgerRow } from "../migrations/ledger.ts";
import type { MigrateAnswer } from "../migrations/migrate-call.ts";
import { readDatabaseMigrations } from "../migrations/database-migrations.ts";
import { type MigratedDatabase, overConnection } from "../migrations/migrated-database.ts";
import type { App } from "../model/app.ts";
import { type Database, hasMigrateFunction } from "../model/database.ts";
import { requireDatabaseUrl } from "../model/database-url.ts";
import { UserError } from "../model/user-error.ts";
import { taken, withDatabase } from "./preview-database.ts";
import { stagePreviews, type StagePreview } from "./preview-stage.ts";
import { givenUrl, urlVariable } from "./given-url.ts";
import type { SchemaDatabase } from "./release-schema.ts";
import { explainErrors, type StageCloud } from "./stage-cloud.ts";

/** One of them. */
export interface AppDatabase extends SchemaDatabase {
  /** Absent where a function in a VPC has the connection. */
  readonly client?: DatabaseClient;
  /** Whether its URL leads to this machine; a tunnel does, too. */
  readonly isOnThisMachine: boolean;
}

/** Held open by a command. */
export interface AppDatabases {
  /** In the order of hosting.json. */
  readonly databases: readonly AppDatabase[];
  close(): Promise<void>;
}

/** An opened one, and what leaves it. */
type Opened = Pick<AppDatabase, "database" | "client" | "isOnThisMachine" | "preview"> & {
  readonly end?: () => Promise<void>;
};
type Open = (name: string, database: Database) => Promise<Opened>;

/**
 * Those that dev has: by the URLs of .env, or on the local Postgres. Throws UserError DATABASE_UNREACHABLE and those of
 * `openLocalDatabases`.
 * @param makesLocal without it a database that has no URL is UserError SECRET_MISSING
 */
export const openOwnDatabases = (app: App, makesLocal = true): Promise<AppDatabases> =>
  withOwnUrls(
    app,
    (urlOf) =>
      openAll(app, (name, database) =>
        openByConnection(app, name, {
          url: urlOf(name, database),
          fix: "Mend its URL in .env or the environment, or delete it there to get a local Postgres.",
        }),
      ),
    makesLocal,
  );

/** The ledger of one that dev has; undefined where it cannot be asked, or was never made. @param name its key */
export async function readOwnLedger(app: App, name: string): Promise<readonly LedgerRow[] | undefined> {
  const alone = { ...app, databases: { [name]: app.databases![name]! } };
  const opened = openOwnDatabases(alone, existsSync(join(app.root, postgresFolder)));
  try {
    const { databases } = await opened;
    return (await databases[0]?.database.look())?.ledger;
  } catch {
    // Whoever needs the database is told why.
    return undefined;
  } finally {
    await opened.then(({ close }) => close()).catch(() => undefined);
  }
}

type UrlOf = (name: string, database: Database) => string;

/** The local Postgres is held until the databases are closed. */
async function withOwnUrls(
  app: App,
  open: (urlOf: UrlOf) => Promise<AppDatabases>,
  makesLocal = true,
): Promise<AppDatabases> {
  const local = openLocalDatabases(app.root);
  try {
    const { env } = await resolveEnv(app, {
      files: true,
      missing: "preview",
      processEnv: process.env,
      ...(makesLocal && { localDatabase: local.urlOf }),
    });
    const opened = await open((_name, { url }) => env[url] ?? "");
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

/** A stage as far as its databases are concerned. */
export type DatabaseStage = Pick<StageCloud, "app" | "owner" | "clouds" | "isLocal">;

/**
 * Those of a stage: by PORTICO_MIGRATE_URL; or by the secret of its URL, which AWS gives back and Cloudflare does not,
 * through the function in its VPC where the app has one. At stage local those of dev. Throws UserError
 * MIGRATE_URL_MISSING, SECRET_MISSING, DATABASE_UNREACHABLE.
 * @param onWait gets what is waited for, as a sentence
 */
export async function openStageDatabases(stage: DatabaseStage, onWait: (text: string) => void): Promise<AppDatabases> {
  const { app } = stage;
  const through = migrateFunctionOf(stage);
  if (stage.isLocal && !through) return openOwnDatabases(app);
  if (stage.isLocal && through)
    return withOwnUrls(app, (urlOf) =>
      openAll(app, async (name, one) => openByFunction(through, { name, url: urlOf(name, one), stage, onWait })),
    );
  const previews = await stagePreviews(stage);
  const hasOthers = Object.keys(app.databases ?? {}).some((name) => !previews.has(name));
  const secrets = hasOthers ? await readUrls(stage) : undefined;
  return openAll(app, async (name, database) => {
    const preview = previews.get(name);
    if (preview) return openPreview(app, name, preview);
    const given = givenUrl(app, name);
    const url = given ?? secrets?.values[database.url] ?? missingUrl(app, name);
    if (given === undefined && through) return openByFunction(through, { name, url, stage, onWait });
    const fix =
      `Run this where the database can be reached, or set ${urlVariable(app, "NAME")} to an address that leads ` +
      "there, such as that of a tunnel.";
    return openByConnection(app, name, { url, fix });
  });
}

/** True where a stage's databases are asked through a function that goes with the stage. */
export const asksThroughFunction = (stage: DatabaseStage): boolean =>
  migrateFunctionOf(stage) !== undefined &&
  Object.keys(stage.app.databases ?? {}).some((name) => stage.isLocal || givenUrl(stage.app, name) === undefined);

/** The function in the app's VPC; undefined for an app without one, and for a command about Workers alone. */
function migrateFunctionOf({ app, owner, clouds }: DatabaseStage): MigrateFunction | undefined {
  const lambda = clouds.find((cloud) => cloud.target === "lambda");
  if (!lambda || !hasMigrateFunction(app)) return undefined;
  const { ask, start } = migrateInvocations(lambda.aws.clients, owner);
  return {
    ask: async (call) => (await explainErrors(lambda, () => ask(call))) as MigrateAnswer,
    start: (call) => explainErrors(lambda, () => start(call)),
  };
}

/** Not where all are given. */
async function readUrls({ app, owner, clouds }: DatabaseStage): Promise<SecretValues | undefined> {
  const lambda = clouds.find((cloud) => cloud.target === "lambda");
  const isGiven = Object.keys(app.databases ?? {}).every((name) => givenUrl(app, name) !== undefined);
  return !isGiven && lambda ? readSecrets(lambda.aws.clients, owner, app) : undefined;
}

function missingUrl(app: App, name: string): never {
  throw new UserError(
    "MIGRATE_URL_MISSING",
    `the database ${name} cannot be asked: Cloudflare gives no secret back, so that its URL is not known here`,
    `Set ${urlVariable(app, name)}=postgres://… for this command.`,
  );
}

async function openByConnection(
  { root }: App,
  name: string,
  { url, fix }: { readonly url: string; readonly fix: string },
): Promise<Opened> {
  const client = await connect({ name, url, packageFolder: root, fix });
  return {
    client,
    database: overConnection(client),
    isOnThisMachine: isOwnHost(client.host),
    end: () => client.end(),
  };
}

/**
 * One that is not there yet has nothing, and a deploy makes it before it opens it. What is somebody else's is not even
 * read. Throws UserError DATABASE_TAKEN.
 */
async function openPreview(app: App, name: string, preview: StagePreview): Promise<Opened> {
  const { name: own, serverUrl, state } = preview;
  if (state === "taken") throw taken(preview);
  const described = { preview: { name: own, host: new URL(serverUrl).hostname } };
  if (state === "missing") return { ...described, database: notThere(own), isOnThisMachine: false };
  const fix = "Run this where the server can be reached.";
  return { ...described, ...(await openByConnection(app, name, { url: withDatabase(serverUrl, own), fix })) };
}

function notThere(name: string): MigratedDatabase {
  const fail = (): never => {
    throw new UserError("PREVIEW_MISSING", `the database ${name} is not there yet`, "Run portico deploy: it makes it.");
  };
  return {
    look: async () => ({ ledger: [], readers: [] }),
    run: async () => fail(),
    admit: async () => fail(),
    settle: async () => fail(),
    forget: async () => false,
  };
}

interface ThroughFunction {
  readonly name: string;
  readonly url: string;
  readonly stage: Pick<DatabaseStage, "owner">;
  readonly onWait: (text: string) => void;
}

/** Throws UserError DATABASE_URL. */
function openByFunction(fn: MigrateFunction, { name, url, stage: { owner }, onWait }: ThroughFunction): Opened {
  requireDatabaseUrl(name, url);
  const database = overFunction(fn, { name, url, onWait, who: `${owner.app} at ${owner.stage}` });
  return { database, isOnThisMachine: false };
}

async function openAll(app: App, open: Open): Promise<AppDatabases> {
  const opened: Opened[] = [];
  const databases: AppDatabase[] = [];
  const close = async (): Promise<void> => {
    for (const { end } of opened) await end?.().catch(() => undefined);
  };
  try {
    for (const [name, database] of Object.entries(app.databases ?? {})) {
      const files = await readDatabaseMigrations(app, name);
      const one = await open(name, database);
      opened.push(one);
      databases.push({ ...one, name, files, isShared: database.shared === true });
    }
    return { databases, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A loopback address, or the folder of a socket. */
const isOwnHost = (host: string): boolean => host.startsWith("/") || ["localhost", "127.0.0.1", "::1"].includes(host);
