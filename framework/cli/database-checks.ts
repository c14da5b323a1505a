/** The checks of `portico doctor` that ask an app's databases: room for connections, and what the app's user may. */
import type { CheckResult } from "../../deploy/check-result.ts";
import { mostEnvironments } from "../../deploy/lambda/doctor.ts";
import { readSecrets } from "../../deploy/lambda/secrets.ts";
import { lookForConfigs, storedConfigs } from "../../deploy/workers/hyperdrive-configs.ts";
import { newestVersion } from "../../deploy/workers/secrets.ts";
import type { DatabaseClient } from "../migrations/database-client.ts";
import type { MigratedDatabase } from "../migrations/migrated-database.ts";
import { hasDatabases } from "../model/database.ts";
import { requireDatabaseUrl, userOf } from "../model/database-url.ts";
import { UserError } from "../model/user-error.ts";
import type { StageCloud, TargetCloud } from "./stage-cloud.ts";

/** One or two lines for each database; one that cannot be asked is told as a deploy would. */
export async function checkDatabases(cloud: TargetCloud, stage: StageCloud): Promise<readonly CheckResult[]> {
  if (!hasDatabases(stage.app)) return [];
  const { openStageDatabases } = await import("./app-databases.ts");
  const opened = await openStageDatabases({ ...stage, clouds: [cloud] }, () => undefined).catch((error: unknown) => {
    if (error instanceof UserError) return error;
    throw error;
  });
  if (opened instanceof UserError) {
    // Told beside the other secrets.
    if (opened.code === "SECRET_MISSING") return [];
    return [{ check: "database", ok: false, text: opened.message, fix: opened.fix }];
  }
  try {
    const checks: CheckResult[] = [];
    for (const { name, client, database, preview } of opened.databases) {
      if (client)
        checks.push(await checkRoom({ name, client }, cloud), ...(await checkRights({ name, client }, cloud, stage)));
      else if (preview)
        checks.push({ check: `database ${name}`, ok: true, text: `${preview.name} comes with the first deploy` });
      else checks.push(await checkReach(name, database));
    }
    return checks;
  } finally {
    await opened.close();
  }
}

/** Through the function in its VPC, which migrates and tells no more than that it reaches the database. */
async function checkReach(name: string, database: MigratedDatabase): Promise<CheckResult> {
  const check = `database ${name}`;
  try {
    await database.look();
    return { check, ok: true, text: "the function that migrates reaches it in the VPC" };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, message, fix } = error;
    if (code !== "MIGRATE_FUNCTION_MISSING") return { check, ok: false, text: message, fix };
    return { check, ok: true, text: "in a VPC, where a function asks it that comes with the first release" };
  }
}

/** A database that is asked from here. */
interface AskedDatabase {
  readonly name: string;
  readonly client: DatabaseClient;
}

/** Connections that are free for users, of which a pooler says nothing. */
async function roomOf(client: DatabaseClient): Promise<number | undefined> {
  try {
    const { rows } = await client.query(
      `select sum(setting::int * case name when 'max_connections' then 1 else -1 end)::int as room from pg_settings
       where name in ('max_connections', 'superuser_reserved_connections', 'reserved_connections')`,
    );
    return (rows[0]?.["room"] as number | null | undefined) ?? undefined;
  } catch {
    return undefined;
  }
}

/** More connections than there is room for are no mistake of a deploy: further ones are refused under load. */
async function checkRoom({ name, client }: AskedDatabase, cloud: TargetCloud): Promise<CheckResult> {
  const check = `database ${name}`;
  const room = await roomOf(client);
  const has = room === undefined ? "the server does not say how many it takes" : `the server takes ${room}`;
  if (cloud.target === "workers") return { check, ok: true, text: `Hyperdrive shares connections; ${has}` };
  const most = await mostEnvironments(cloud.aws.clients);
  const upTo = most === undefined ? "connections" : `up to ${most} connections`;
  const open = `${upTo}, one for each environment of Lambda; ${has}`;
  if (room === undefined || most === undefined || most <= room) return { check, ok: true, text: open };
  return {
    check,
    ok: true,
    text: `${open}: more are refused under load (DATABASE_BUSY); put a pooler such as PgBouncer between`,
  };
}

/** The user that functions connect as; undefined where it is not known here. */
async function appUser({ name }: AskedDatabase, cloud: TargetCloud, stage: StageCloud): Promise<string | undefined> {
  const { app, owner } = stage;
  if (stage.isLocal) return undefined;
  if (cloud.target === "lambda") {
    const secret = app.databases?.[name]?.url ?? "";
    const values = await readSecrets(cloud.aws.clients, owner, { ...app, secrets: [secret] }).then(
      (read) => read.values,
      (error: unknown) => {
        // Told beside the other secrets.
        if (error instanceof UserError && error.code === "SECRET_MISSING") return undefined;
        throw error;
      },
    );
    const url = values?.[secret] ?? "";
    return userIn(url);
  }
  const { client } = cloud.cloudflare;
  const [configs, newest] = await Promise.all([lookForConfigs(client, owner), newestVersion(client, owner)]);
  const id = app.workers.hyperdrive?.[name] ?? storedConfigs(newest?.bindings ?? [])[name]?.id;
  return configs?.all.find((config) => config.id === id)?.origin?.user;
}

/** Undefined for a text that is no URL of Postgres, which a deploy tells. */
function userIn(url: string): string | undefined {
  try {
    requireDatabaseUrl("", url);
    return userOf(url);
  } catch {
    return undefined;
  }
}

/** Tables that migrations made as another user are nobody else's at first. */
async function checkRights(
  database: AskedDatabase,
  cloud: TargetCloud,
  stage: StageCloud,
): Promise<readonly CheckResult[]> {
  const { client, name } = database;
  const [user, own] = await Promise.all([appUser(database, cloud, stage), currentUser(client)]);
  if (user === undefined || user === own) return [];
  const check = `user of ${name}`;
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const { rows: known } = await client.query("select 1 from pg_roles where rolname = $1", [user]);
  if (!known.length) {
    const fix = `Create it, or set the secret ${stage.app.databases?.[name]?.url} to the URL of another one.`;
    return [{ check, ok: false, text: `the server has no user ${user}, as which the app connects`, fix }];
  }
  const { rows } = await client.query(
    `select n.nspname as schema, c.relname as table from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_'
       and c.relname not in ('portico_migrations', 'portico_readers', 'portico_releases')
       and (c.relkind in ('r', 'p') and not has_table_privilege($1, c.oid, 'SELECT')
         or not has_schema_privilege($1, n.oid, 'USAGE') and c.relkind in ('r', 'p')
         or c.relkind = 'S' and not has_sequence_privilege($1, c.oid, 'USAGE')
           and exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'a'))
     order by 1, 2`,
    [user],
  );
  if (!rows.length) return [{ check, ok: true, text: `${user} may use what ${own} made` }];
  const names = rows.slice(0, 5).map((row) => `${String(row["schema"])}.${String(row["table"])}`);
  const more = rows.length > names.length ? ` and ${rows.length - names.length} more` : "";
  const schema = quoted(String(rows[0]?.["schema"]));
  const [to, by] = [quoted(user), quoted(own)];
  const rights = "SELECT, INSERT, UPDATE, DELETE";
  return [
    {
      check,
      ok: false,
      text: `${user}, as which the app connects, may not use ${names.join(", ")}${more}, which ${own} made`,
      fix:
        `As ${own} run GRANT USAGE ON SCHEMA ${schema} TO ${to}; GRANT ${rights} ON ALL TABLES IN SCHEMA ${schema} ` +
        `TO ${to}; GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ${schema} TO ${to}; and for what comes later ` +
        `ALTER DEFAULT PRIVILEGES FOR ROLE ${by} IN SCHEMA ${schema} GRANT ${rights} ON TABLES TO ${to}; ` +
        `ALTER DEFAULT PRIVILEGES FOR ROLE ${by} IN SCHEMA ${schema} GRANT USAGE, SELECT ON SEQUENCES TO ${to};`,
    },
  ];
}

async function currentUser(client: DatabaseClient): Promise<string> {
  const { rows } = await client.query("select current_user::text as name");
  return String(rows[0]?.["name"]);
}
