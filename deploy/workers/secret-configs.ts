/** The configurations of Hyperdrive that belong to a Worker's secrets: made with a value, deleted without a release. */
import type { Client } from "./client.ts";
import {
  deleteConfig,
  listConfigs,
  makeConfig,
  type StoredConfig,
  storedConfigs,
  type StoredConfigs,
  type WantedConfig,
} from "./hyperdrive-configs.ts";
import { secretsTag } from "./names.ts";
import { findVersion, type ListedVersion, listVersions, type VersionDetail } from "./worker-reads.ts";

/** By database the one of the newest secret among these versions. */
export function latestConfigs(versions: readonly VersionDetail[]): StoredConfigs {
  const latest: Record<string, StoredConfig> = {};
  for (const { bindings } of versions)
    for (const [database, config] of Object.entries(storedConfigs(bindings)))
      if (config.version > (latest[database]?.version ?? -1)) latest[database] = config;
  return latest;
}

/** Those whose secrets are not named. */
export const withoutSecrets = (configs: StoredConfigs, secrets: readonly string[]): StoredConfigs =>
  Object.fromEntries(Object.entries(configs).filter(([, { secret }]) => !secrets.includes(secret)));

/** Of several all or none are made. */
export async function makeConfigs(
  client: Client,
  wanted: readonly (WantedConfig & { readonly secret: string })[],
): Promise<StoredConfigs> {
  const made: Record<string, StoredConfig> = {};
  try {
    for (const one of wanted) {
      const { database, secret, version } = one;
      made[database] = { id: await makeConfig(client, one), secret, version };
    }
  } catch (error) {
    for (const { id } of Object.values(made)) await deleteConfig(client, id).catch(() => undefined);
    throw error;
  }
  return made;
}

const idsOf = (configs: StoredConfigs): readonly string[] => Object.values(configs).map(({ id }) => id);

/** How many versions that only carry secrets are looked at for configurations that nobody released. */
const mostLooked = 10;

/**
 * Deletes configurations that were set in place of each other without a release between. False where a new one is not
 * there: another run may have taken it for that of a dead one, and deleted it.
 */
export async function settleConfigs(
  client: Client,
  name: string,
  before: StoredConfigs,
  now: StoredConfigs,
): Promise<boolean> {
  const made = idsOf(now).filter((id) => !idsOf(before).includes(id));
  const replaced = idsOf(before).filter((id) => !idsOf(now).includes(id));
  if (!made.length && !replaced.length) return true;
  const [all, versions] = await Promise.all([listConfigs(client), listVersions(client, name)]);
  const isThere = made.every((id) => all.some((config) => config.id === id));
  const end = versions.findIndex(({ annotations }) => annotations?.["workers/tag"] !== secretsTag);
  // Cloudflare lists a hundred: where the release is not among them, the next deploy deletes what it does not have.
  if (end < 0) return isThere;
  const idsIn = async (looked: readonly ListedVersion[]): Promise<readonly string[]> => {
    const details = await Promise.all(looked.map(({ id }) => findVersion(client, name, id)));
    return details.flatMap((detail) => idsOf(storedConfigs(detail?.bindings ?? [])));
  };
  const [unreleased, released] = await Promise.all([
    idsIn(versions.slice(0, Math.min(end, mostLooked))),
    idsIn(versions.slice(end, end + 1)),
  ]);
  const unused = new Set([...unreleased, ...replaced].filter((id) => ![...released, ...idsOf(now)].includes(id)));
  for (const { id } of all) if (unused.has(id)) await deleteConfig(client, id);
  return isThere;
}
