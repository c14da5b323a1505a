/** Lists, sets and removes a stage's secrets in its Worker's newest version, without a deployment. */
import type { Owner } from "../parts.ts";
import type { Client } from "./client.ts";
import type { StoredSecrets } from "./desired-state.ts";
import { isOurs, bindingNames, scriptName, secretsTag, nameTaken } from "./names.ts";
import { putPlaceholder } from "./placeholder.ts";
import { findScript, findVersion, jsonBinding, listVersions, type ShownBinding } from "./worker-reads.ts";

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
    ...(isNumbers && { numbers: numbers as Readonly<Record<string, number>> }),
  };
}

/** All that the stage has, declared or not. Throws UserError NAME_TAKEN. */
export async function listSecrets(client: Client, owner: Owner): Promise<readonly StoredSecret[]> {
  const name = scriptName(owner);
  const [script, [newest]] = await Promise.all([findScript(client, name), listVersions(client, name)]);
  if (script && !isOurs(owner, script.tags)) throw nameTaken(name);
  const version = newest && (await findVersion(client, name, newest.id));
  if (!version) return [];
  const numbers = (jsonBinding(version.bindings, bindingNames.secrets) ?? {}) as Readonly<Record<string, number>>;
  const secrets = version.bindings.filter(
    ({ type, name: secret }) => type === "secret_text" && secret !== bindingNames.filesKey,
  );
  return secrets
    .map((secret) => ({ name: secret.name, version: numbers[secret.name] ?? 0 }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Returns the new numbers. Creates the placeholder if there is no Worker yet; the live version stays as it is. */
export async function setSecrets(
  client: Client,
  owner: Owner,
  values: ReadonlyMap<string, string>,
  compatibilityDate: string,
): Promise<ReadonlyMap<string, number>> {
  const name = scriptName(owner);
  if (!(await findScript(client, name))) await putPlaceholder(client, owner, compatibilityDate);
  const stored = await listSecrets(client, owner);
  const changed = new Map(
    [...values.keys()].map((secret) => [secret, (stored.find((one) => one.name === secret)?.version ?? 0) + 1]),
  );
  const env = Object.fromEntries([...values].map(([secret, text]) => [secret, { type: "secret_text", text }]));
  await patch(client, name, env, numbersOf(stored, changed));
  return changed;
}

/** Gives the names that were there. */
export async function removeSecrets(
  client: Client,
  owner: Owner,
  names: readonly string[],
): Promise<readonly string[]> {
  const stored = await listSecrets(client, owner);
  const gone = stored.map((secret) => secret.name).filter((secret) => names.includes(secret));
  if (!gone.length) return [];
  const kept = stored.filter((secret) => !gone.includes(secret.name));
  await patch(
    client,
    scriptName(owner),
    Object.fromEntries(gone.map((secret) => [secret, null])),
    numbersOf(kept, new Map()),
  );
  return gone;
}

const numbersOf = (
  stored: readonly StoredSecret[],
  changed: ReadonlyMap<string, number>,
): Readonly<Record<string, number>> =>
  Object.fromEntries([...stored.map((one) => [one.name, one.version] as const), ...changed]);

/**
 * A new version like the newest one but for these bindings, without traffic; the numbers change with the values, in one
 * call. Repeating it does no harm: the same values in one more version.
 */
async function patch(
  client: Client,
  script: string,
  env: Readonly<Record<string, unknown>>,
  numbers: Readonly<Record<string, number>>,
): Promise<void> {
  await client.call({
    operation: "patchLatestVersion",
    method: "PATCH",
    path: `/workers/workers/${script}/versions/latest`,
    contentType: "application/merge-patch+json",
    json: {
      env: { ...env, [bindingNames.secrets]: { type: "json", json: numbers } },
      annotations: { "workers/tag": secretsTag, "workers/message": "secrets, for the next release" },
    },
  });
}
