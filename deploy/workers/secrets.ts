/** Lists, sets and removes a stage's secrets in its Worker's newest version, without a deployment. */
import type { Owner } from "../parts.ts";
import type { Client } from "./client.ts";
import { concurrentChange } from "./deployments.ts";
import type { StoredSecrets } from "./desired-state.ts";
import { requireOrigin, storedConfigs, type StoredConfigs } from "./hyperdrive-configs.ts";
import { isOurs, bindingNames, scriptName, secretsTag, nameTaken } from "./names.ts";
import { putPlaceholder } from "./placeholder.ts";
import { latestConfigs, makeConfigs, settleConfigs, withoutSecrets } from "./secret-configs.ts";
import {
  findScript,
  findVersion,
  jsonBinding,
  listVersions,
  type Script,
  type ShownBinding,
  type VersionDetail,
} from "./worker-reads.ts";

/** A secret without its value. */
export interface StoredSecret {
  readonly name: string;
  /** 0 for one that was not set by Portico. */
  readonly version: number;
}

/** Of a version's bindings. */
export function storedSecrets(bindings: readonly ShownBinding[] = []): StoredSecrets {
  const numbers = jsonBinding(bindings, bindingNames.secrets);
  const all = bindings.filter(({ type }) => type === "secret_text" || type === "secret_key").map(({ name }) => name);
  const names = all.filter((name) => name !== bindingNames.filesKey);
  const isNumbers = typeof numbers === "object" && numbers !== null;
  return {
    names,
    hasFilesKey: names.length < all.length,
    configs: storedConfigs(bindings),
    ...(isNumbers && { numbers: numbers as Readonly<Record<string, number>> }),
  };
}

/** All that the stage has, declared or not. Throws UserError NAME_TAKEN. */
export async function listSecrets(client: Client, owner: Owner): Promise<readonly StoredSecret[]> {
  const { newest: version } = await readNewest(client, owner);
  if (!version) return [];
  const numbers = numbersOf(version);
  const secrets = version.bindings.filter(
    ({ type, name: secret }) => type === "secret_text" && secret !== bindingNames.filesKey,
  );
  return secrets
    .map((secret) => ({ name: secret.name, version: numbers[secret.name] ?? 0 }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Of what is set. */
export interface SecretOptions {
  /** Of the placeholder, where there is no Worker yet. */
  readonly compatibilityDate: string;
  /** The secrets of the databases that Hyperdrive connects to, by database. */
  readonly databases?: Readonly<Record<string, string>>;
}

/**
 * Returns the new numbers. Creates the placeholder if there is no Worker yet; the live version stays as it is. The
 * configurations of databases are made first: one that Hyperdrive refuses changes nothing. Throws UserError NAME_TAKEN,
 * MOVED, and those of `makeConfig`.
 */
export async function setSecrets(
  client: Client,
  owner: Owner,
  values: ReadonlyMap<string, string>,
  { compatibilityDate, databases = {} }: SecretOptions,
): Promise<ReadonlyMap<string, number>> {
  const wanted = Object.entries(databases).flatMap(([database, secret]) => {
    const url = values.get(secret);
    return url === undefined ? [] : [{ owner, database, secret, url }];
  });
  for (const one of wanted) requireOrigin(one);
  const env = Object.fromEntries([...values].map(([secret, text]) => [secret, { type: "secret_text", text }]));
  let changed: ReadonlyMap<string, number> = new Map();
  await changeSecrets(client, owner, async ({ script, numbers, configs }) => {
    changed = new Map([...values.keys()].map((secret) => [secret, (numbers[secret] ?? 0) + 1]));
    const made = await makeConfigs(
      client,
      wanted.map((one) => ({ ...one, version: changed.get(one.secret)! })),
    );
    if (!script) await putPlaceholder(client, owner, compatibilityDate);
    return {
      env,
      numbers: { ...numbers, ...Object.fromEntries(changed) },
      configs: { ...withoutSecrets(configs, [...values.keys()]), ...made },
    };
  });
  return changed;
}

/** Gives the names that were there. Their numbers stay: a value that is set later has another one than any before. */
export async function removeSecrets(
  client: Client,
  owner: Owner,
  names: readonly string[],
): Promise<readonly string[]> {
  const stored = (await listSecrets(client, owner)).map(({ name }) => name);
  const removed = stored.filter((name) => names.includes(name));
  if (!removed.length) return [];
  await changeSecrets(client, owner, async ({ newest, numbers, configs }) => {
    const gone = storedSecrets(newest?.bindings).names.filter((name) => names.includes(name));
    const env = Object.fromEntries(gone.map((name) => [name, null]));
    return { env, numbers, configs: withoutSecrets(configs, names) };
  });
  return removed;
}

/** What a change of secrets begins with. */
interface SecretState {
  readonly script: Script | undefined;
  /** The newest version, which the next one is made from. */
  readonly newest: VersionDetail | undefined;
  readonly numbers: Readonly<Record<string, number>>;
  readonly configs: StoredConfigs;
}

/** The secrets of a new version. */
interface SecretPatch extends Pick<SecretState, "numbers" | "configs"> {
  /** Values, and null for what goes. */
  readonly env: Readonly<Record<string, unknown>>;
}

/** How often a change is made again that another one overtook. */
const attempts = 4;

/**
 * Makes the version. The call has no precondition, so it is looked afterwards whether another change came between: its
 * numbers and configurations are taken over then, and the change is made once more. Throws UserError NAME_TAKEN, MOVED.
 */
async function changeSecrets(
  client: Client,
  owner: Owner,
  toPatch: (state: SecretState) => Promise<SecretPatch>,
): Promise<void> {
  const name = scriptName(owner);
  let between: readonly VersionDetail[] = [];
  for (let attempt = 1; attempt <= attempts; attempt++) {
    if (attempt > 1) await client.clock.sleep(Math.random() * 1000);
    const { script, newest } = await readNewest(client, owner);
    const before = [newest, ...between].flatMap((detail) => (detail ? [detail] : []));
    const state = { script, newest, numbers: highestNumbers(before), configs: latestConfigs(before) };
    const made = await toPatch(state);
    const id = await patch(client, name, made, newest);
    between = await overtaken(client, name, { newest, id, made });
    const isThere = await settleConfigs(client, name, state.configs, made.configs);
    if (isThere && !between.length) return;
  }
  throw concurrentChange(name);
}

/** The newest version. Throws UserError NAME_TAKEN. */
async function readNewest(client: Client, owner: Owner): Promise<Pick<SecretState, "script" | "newest">> {
  const name = scriptName(owner);
  const [script, [newest]] = await Promise.all([findScript(client, name), listVersions(client, name)]);
  if (script && !isOurs(owner, script.tags)) throw nameTaken(name);
  return { script, newest: newest && (await findVersion(client, name, newest.id)) };
}

/** The newest version of a Worker of ours. Throws UserError NAME_TAKEN. */
export const newestVersion = async (client: Client, owner: Owner): Promise<VersionDetail | undefined> =>
  (await readNewest(client, owner)).newest;

const numbersOf = ({ bindings }: VersionDetail): Readonly<Record<string, number>> =>
  storedSecrets(bindings).numbers ?? {};

function highestNumbers(versions: readonly VersionDetail[]): Readonly<Record<string, number>> {
  const highest: Record<string, number> = {};
  for (const version of versions)
    for (const [name, number] of Object.entries(numbersOf(version)))
      highest[name] = Math.max(highest[name] ?? 0, number);
  return highest;
}

/**
 * A new version like the newest one but for these bindings, without traffic; numbers and configurations change with the
 * values, in one call. Repeating it does no harm: the same values in one more version. Gives its id.
 */
async function patch(
  client: Client,
  script: string,
  { env, numbers, configs }: SecretPatch,
  newest: VersionDetail | undefined,
): Promise<string> {
  const hadConfigs = newest?.bindings.some((binding) => binding.name === bindingNames.hyperdrive) ?? false;
  const hasConfigs = Object.keys(configs).length > 0;
  const { id } = await client.call<{ readonly id: string }>({
    operation: "patchLatestVersion",
    method: "PATCH",
    path: `/workers/workers/${script}/versions/latest`,
    contentType: "application/merge-patch+json",
    json: {
      env: {
        ...env,
        [bindingNames.secrets]: { type: "json", json: numbers },
        ...(hasConfigs && { [bindingNames.hyperdrive]: { type: "json", json: configs } }),
        ...(!hasConfigs && hadConfigs && { [bindingNames.hyperdrive]: null }),
      },
      annotations: { "workers/tag": secretsTag, "workers/message": "secrets, for the next release" },
    },
  });
  return id;
}

/** Changes of secrets between the version that one was made from and its own; not what a repeated call made twice. */
async function overtaken(
  client: Client,
  script: string,
  { newest, id, made }: { readonly newest: VersionDetail | undefined; readonly id: string; readonly made: SecretPatch },
): Promise<readonly VersionDetail[]> {
  const versions = await listVersions(client, script);
  const from = versions.findIndex((version) => version.id === id) + 1;
  const to = versions.findIndex((version) => version.id === newest?.id);
  const others = versions
    .slice(from, to < 0 ? undefined : to)
    .filter(({ annotations }) => annotations?.["workers/tag"] === secretsTag);
  const details = await Promise.all(others.map((version) => findVersion(client, script, version.id)));
  const isMade = (detail: VersionDetail): boolean =>
    JSON.stringify([numbersOf(detail), storedConfigs(detail.bindings)]) ===
    JSON.stringify([made.numbers, made.configs]);
  return details.flatMap((detail) => (detail && !isMade(detail) ? [detail] : []));
}
