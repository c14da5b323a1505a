/** The databases that a release reaches through Hyperdrive: as parts of it, and as bindings of its version. */
import type { App } from "../../framework/model/app.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { Part } from "../parts.ts";
import type { Binding } from "./bindings.ts";
import type { Client } from "./client.ts";
import {
  configName,
  configuredDatabases,
  type HyperdriveConfig,
  makeConfig,
  type ObservedConfigs,
  type StoredConfigs,
  type WantedConfig,
} from "./hyperdrive-configs.ts";

/** One of them. */
export interface DatabaseBinding {
  readonly database: string;
  /** The configuration's name, or the id of the user's own. */
  readonly label: string;
  /** Undefined where the release makes it. */
  readonly id?: string;
  /** Where the release has the values of its secrets: at stage local. */
  readonly wanted?: WantedConfig;
}

type ByName<T> = Readonly<Record<string, T>>;

/** What they are found by. */
interface BindingInput {
  /** Secrets with their versions, where the release has them: at stage local. */
  readonly values: {
    readonly secrets?: { readonly values: ByName<string>; readonly versions: ByName<number> };
    /** Names of those that a deploy stores first. */
    readonly coming?: readonly string[];
  };
  /** Versions of the secrets that the newest version has, and their configurations. */
  readonly stored: { readonly numbers?: ByName<number>; readonly configs?: StoredConfigs };
  /** Undefined where nobody may look. */
  readonly configs: ObservedConfigs | undefined;
}

/**
 * A configuration of the user's own comes first; else the one of the secret's version. A secret that was set before
 * its database was declared has none: the Worker connects to its URL then. Throws UserError HYPERDRIVE_MISSING.
 */
export function databaseBindings(
  app: Omit<App, "root">,
  { values: { secrets, coming = [] }, stored: { numbers = {}, configs: stored = {} }, configs }: BindingInput,
): readonly DatabaseBinding[] {
  const owner = { app: app.name, stage: app.stage };
  const own = Object.entries(app.workers.hyperdrive ?? {}).map(([database, id]) => ({ database, label: id, id }));
  const made = Object.entries(configuredDatabases(app)).flatMap(([database, secret]): DatabaseBinding[] => {
    if (secrets) {
      const version = secrets.versions[secret] ?? 0;
      const label = configName(owner, database, version);
      const id = configs?.own.find(({ name }) => name === label)?.id;
      const wanted = { owner, database, version, url: secrets.values[secret] ?? "" };
      return [{ database, label, wanted, ...(id !== undefined && { id }) }];
    }
    if (coming.includes(secret)) return [{ database, label: configName(owner, database, (numbers[secret] ?? 0) + 1) }];
    const found = stored[database];
    if (found?.secret !== secret || found.version !== numbers[secret]) return [];
    return [{ database, label: configName(owner, database, found.version), id: found.id }];
  });
  const all = [...own, ...made];
  for (const one of all)
    if (one.id !== undefined && configs && !configs.all.some(({ id }) => id === one.id)) throw gone(one, app);
  return all;
}

function gone({ database, label }: DatabaseBinding, { databases, workers, stage }: Omit<App, "root">): UserError {
  const isOwn = workers.hyperdrive?.[database] !== undefined;
  const secret = databases?.[database]?.url ?? "";
  return new UserError(
    "HYPERDRIVE_MISSING",
    `the Hyperdrive configuration ${label} of the database ${database} is not in the account`,
    isOwn
      ? 'Correct its id under "workers": { "hyperdrive" } in hosting.json, or remove it.'
      : `Run portico secret set ${secret} --stage ${stage} once more: that makes another one.`,
  );
}

/** The id is part of the key where it is known: a configuration of the same name may be another one. */
export const databasePart = ({ database, label, id, wanted }: DatabaseBinding): Part => ({
  kind: "binding",
  name: database,
  key: wanted || id === label || id === undefined ? label : `${label} ${id}`,
  facts: [{ label: "Hyperdrive", value: label }],
});

/** For the plan, beside a secret of a database that the Worker connects to itself. */
export const unboundNote = (app: Omit<App, "root">, secret: string, bound: readonly DatabaseBinding[]) =>
  Object.entries(configuredDatabases(app)).some(
    ([database, url]) => url === secret && !bound.some((one) => one.database === database),
  )
    ? "without Hyperdrive, since it was set before its database was declared: set it once more"
    : undefined;

/** With the ids of those that are made now. Throws as `makeConfig`. */
export async function prepareDatabases(
  client: Client,
  bindings: readonly DatabaseBinding[],
): Promise<readonly Binding[]> {
  const prepared: Binding[] = [];
  for (const { database, id, wanted } of bindings)
    prepared.push({ type: "hyperdrive", name: database, id: id ?? (await makeConfig(client, wanted!)) });
  return prepared;
}

/** Ms that a configuration may wait for its secret to be stored; the call before it ends sooner. */
const settingMs = 600_000;

/** Which of the stage's configurations are used, and by which versions. */
export interface ConfigUse {
  /** Those of the secrets now: a lower version of one of them is not about to be stored. */
  readonly stored: StoredConfigs | undefined;
  /** Those that stay. */
  readonly used: ReadonlySet<string>;
  /** Those of any version that was read. */
  readonly bound: ReadonlySet<string>;
  /** Epoch ms. */
  readonly now: number;
}

/** Those that no release needs any more; one that no version has may be another run's, which is about to store it. */
export const unusedConfigs = (
  configs: ObservedConfigs | undefined,
  { used, bound, stored = {}, now }: ConfigUse,
): readonly HyperdriveConfig[] => {
  const versions = new Map(Object.entries(stored).map(([name, { version }]) => [name.toLowerCase(), version]));
  return (configs?.own ?? []).filter(({ id, name, created_on: created = "" }) => {
    const [, database = "", version] = /--([a-z0-9_]+)--v(\d+)$/.exec(name) ?? [];
    if (used.has(id)) return false;
    return (
      bound.has(id) || Number(version) <= (versions.get(database) ?? 0) || !(now - Date.parse(created) < settingMs)
    );
  });
};
