/**
 * Configurations of Hyperdrive, `app--stage--db--vN`: one for each version of the secret that has a database's URL.
 * They are made while the secret's value is at hand, never changed, and bound by their ids.
 */
import type { App } from "../../framework/model/app.ts";
import { databaseUrls } from "../../framework/model/database.ts";
import { decodedPart, invalidUrl, requireDatabaseUrl } from "../../framework/model/database-url.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { Owner } from "../parts.ts";
import type { Client } from "./client.ts";
import { CloudflareError, hasCode, isConnectionError, isTransient } from "./cloudflare-error.ts";
import { bindingNames, scriptName } from "./names.ts";
import { jsonBinding, type ShownBinding } from "./worker-reads.ts";

/** A configuration as the API shows it, without its password (API docs, "Hyperdrive"). */
export interface HyperdriveConfig {
  readonly id: string;
  readonly name: string;
  readonly origin?: { readonly user?: string };
  /** ISO 8601. */
  readonly created_on?: string;
}

/** A database's configuration, as the newest version of a Worker names it beside its secrets. */
export interface StoredConfig {
  readonly id: string;
  /** The secret that has the URL, and the version of its value. */
  readonly secret: string;
  readonly version: number;
}

/** By database. */
export type StoredConfigs = Readonly<Record<string, StoredConfig>>;

/** The secrets of the databases that have no configuration of the user's own, by database. */
export function configuredDatabases({
  databases,
  workers,
}: Pick<App, "databases" | "workers">): Readonly<Record<string, string>> {
  const urls = Object.entries(databaseUrls(databases) ?? {});
  return Object.fromEntries(urls.filter(([name]) => workers.hyperdrive?.[name] === undefined));
}

/** What a configuration is made for. */
export interface WantedConfig {
  readonly owner: Owner;
  readonly database: string;
  /** Of the secret. */
  readonly version: number;
  readonly url: string;
}

/** Configurations of an account (docs: Hyperdrive, Limits): on the Free plan, and with the paid one. */
export const configLimits = [10, 25] as const;

const path = "/hyperdrive/configs";

export const configName = (owner: Owner, database: string, version: number): string =>
  `${scriptName(owner)}--${database.toLowerCase()}--v${version}`;

/** Hyperdrive has no tags: the name alone says whose it is. App and stage hold no "--". */
const isOurs = (owner: Owner, { name }: HyperdriveConfig): boolean =>
  name.startsWith(`${scriptName(owner)}--`) && /^[a-z0-9_]+--v[1-9]\d*$/.test(name.slice(scriptName(owner).length + 2));

/** All of the account. */
export const listConfigs = (client: Client): Promise<readonly HyperdriveConfig[]> =>
  client.call<readonly HyperdriveConfig[]>({ operation: "listHyperdrives", method: "GET", path });

/** Of the account, and which of them are the stage's; undefined for a token that may not read them. */
export async function lookForConfigs(client: Client, owner: Owner): Promise<ObservedConfigs | undefined> {
  try {
    const all = await listConfigs(client);
    return { all, own: all.filter((config) => isOurs(owner, config)) };
  } catch (error) {
    if (hasCode(error, 10_000, 9109)) return undefined;
    throw error;
  }
}

/** What was found. */
export interface ObservedConfigs {
  readonly all: readonly HyperdriveConfig[];
  /** Those of the stage, whatever releases have them. */
  readonly own: readonly HyperdriveConfig[];
}

/** What a version says about the configurations of its secrets. */
export function storedConfigs(bindings: readonly ShownBinding[]): StoredConfigs {
  const value = jsonBinding(bindings, bindingNames.hyperdrive);
  return typeof value === "object" && value !== null ? (value as StoredConfigs) : {};
}

/** Ids of the configurations that a version is bound to. */
export const boundConfigIds = (bindings: readonly ShownBinding[]): readonly string[] =>
  bindings.flatMap(({ type, id }) => (type === "hyperdrive" && id !== undefined ? [id] : []));

/** Attempts to make one whose answer was lost, or whose name another run took in the same moment. */
const attempts = 5;

/**
 * The id of a new one. One of its name is of a run that died before it stored the secret: no version names it, and its
 * password cannot be read, so that it is made anew. Throws UserError DATABASE_URL, HYPERDRIVE_REFUSED,
 * HYPERDRIVE_LIMIT.
 */
export async function makeConfig(client: Client, wanted: WantedConfig): Promise<string> {
  const name = configName(wanted.owner, wanted.database, wanted.version);
  const json = { name, origin: originOf(wanted), caching: { disabled: true } };
  for (let attempt = 1; ; attempt++) {
    const all = await listConfigs(client);
    for (const found of all) if (found.name === name) await deleteConfig(client, found.id);
    try {
      const call = { operation: "createHyperdrive", method: "POST", path, json, isNotRepeatable: true } as const;
      return (await client.call<HyperdriveConfig>(call)).id;
    } catch (error) {
      const isTaken = error instanceof CloudflareError && /already exists/.test(error.message);
      if (attempt < attempts && (isTaken || isTransient(error) || isConnectionError(error))) {
        await client.clock.sleep(200 * attempt);
        continue;
      }
      throw refusal(error, wanted, all.length);
    }
  }
}

/** The parts of the URL, as the API takes them. */
function originOf({ database, url: text }: Pick<WantedConfig, "database" | "url">) {
  const url = requireDatabaseUrl(database, text);
  const decoded = (value: string): string => decodedPart(database, value);
  const origin = {
    scheme: "postgres",
    host: decoded(url.hostname.replace(/^\[(.*)\]$/, "$1")),
    port: Number(url.port || 5432),
    database: decoded(url.pathname.slice(1)),
    user: decoded(url.username),
    password: decoded(url.password),
  };
  const missing = (["host", "user", "password", "database"] as const).find((part) => origin[part] === "");
  if (missing === undefined) return origin;
  throw invalidUrl(database, `has no ${missing}, which Hyperdrive needs`);
}

/** Throws UserError DATABASE_URL for one that Hyperdrive could not take. */
export function requireOrigin(wanted: Pick<WantedConfig, "database" | "url">): void {
  originOf(wanted);
}

const ownConfig = (database: string): string =>
  `make a configuration of your own and write its id: "workers": { "hyperdrive": { "${database}": "<id>" } }`;

/** What Hyperdrive says about a database that it tried to connect to (docs: Hyperdrive, "Troubleshoot and debug"). */
const failures: Readonly<Record<number, readonly [what: string, fix: string]>> = {
  2008: ["its host has no address", "Correct the host; it has to be in public DNS."],
  2009: ["its host has no public address", "Give a host that the internet can reach; for a private one"],
  2010: ["nothing answers at its host and port", "Correct host and port, and let connections from the internet in."],
  2011: ["its connection was refused", "Let connections from the internet in: a firewall or the server refuses them."],
  2012: ["its server has no TLS, which Hyperdrive requires", "Turn on TLS at the server."],
  2013: ["its user or password is wrong", "Correct them in the URL; what is not a letter or digit is written as %XX."],
  2014: ["its server has no database of that name", "Correct the name at the end of the URL, or create the database."],
  2015: [
    "it could not be connected to, and Cloudflare does not say why",
    "Try psql with that URL from elsewhere; else",
  ],
  2016: ["its user may not query it", "Grant that user CONNECT on the database, and USAGE on its schema."],
};

function refusal(error: unknown, { database }: WantedConfig, count: number): unknown {
  if (!(error instanceof CloudflareError)) return error;
  const [what, fix] = failures[error.code] ?? [];
  if (what !== undefined && fix !== undefined)
    return new UserError(
      "HYPERDRIVE_REFUSED",
      `Hyperdrive cannot use the URL of the database ${database}: ${what} [${error.code}]; nothing was stored`,
      fix.endsWith(".") ? fix : `${fix} ${ownConfig(database)}`,
      { cause: error },
    );
  const [free, paid] = configLimits;
  if (count < free || hasCode(error, 10_000, 9109)) return error;
  return new UserError(
    "HYPERDRIVE_LIMIT",
    `the account has ${count} configurations of Hyperdrive and takes no more: ${free} on the Free plan, ${paid} with ` +
      `the paid one [${error.code}]; nothing was stored`,
    'Remove a stage with portico remove, set a smaller "keep" and deploy, or choose another plan.',
    { cause: error },
  );
}

/** It may be gone already. */
export async function deleteConfig(client: Client, id: string): Promise<void> {
  try {
    await client.call({ operation: "deleteHyperdrive", method: "DELETE", path: `${path}/${id}` });
  } catch (error) {
    if (!(error instanceof CloudflareError) || error.status !== 404) throw error;
  }
}
