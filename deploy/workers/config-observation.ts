/** A stage's configurations of Hyperdrive as they are found: which versions have them, and which are left over. */
import type { DeployedPart, Owner } from "../parts.ts";
import type { Deployed, Leftover, Live, Release } from "../platform.ts";
import { keptReleases } from "../retention.ts";
import type { Client } from "./client.ts";
import type { StoredSecrets } from "./desired-state.ts";
import { unusedConfigs } from "./hyperdrive-bindings.ts";
import { boundConfigIds, lookForConfigs, type ObservedConfigs } from "./hyperdrive-configs.ts";
import { taggedRelease } from "./names.ts";
import type { ReadVersions } from "./read-versions.ts";
import type { ReleaseState } from "./release-state.ts";
import type { VersionDetail } from "./worker-reads.ts";

/** What was found. */
export interface BoundConfigs {
  /** Undefined where nobody looked, or may look. */
  readonly configs: ObservedConfigs | undefined;
  /** Ids of the configurations that each version is bound to, by the version's id. */
  readonly boundConfigs: ReadonlyMap<string, readonly string[]>;
}

/** Whose configurations, and whether the build has databases; absent without a build. */
export interface ConfigInput {
  readonly client: Client;
  readonly owner: Owner;
  readonly hasDatabases?: boolean;
}

/** Begins to look where the build has databases; else it looks where a version that was read has one. */
export function lookForBoundConfigs({
  client,
  owner,
  hasDatabases = false,
}: ConfigInput): (
  state: Pick<ReleaseState, "script">,
  seen: Pick<ReadVersions, "details">,
  stored: Pick<StoredSecrets, "configs">,
) => Promise<BoundConfigs> {
  const looking = hasDatabases ? lookForConfigs(client, owner) : undefined;
  looking?.catch(() => undefined);
  return async ({ script }, { details }, stored) => {
    const boundConfigs = new Map([...details].map(([id, { bindings }]) => [id, boundConfigIds(bindings)]));
    const hadOne = [...boundConfigs.values()].flat().length > 0 || Object.keys(stored.configs ?? {}).length > 0;
    // A removal that was cut off may have left some without their Worker.
    const isNeeded = hadOne || !script;
    const configs = await (looking ?? (isNeeded ? lookForConfigs(client, owner) : undefined));
    return { configs, boundConfigs };
  };
}

/** A version that is bound to a configuration which is no longer there is not what the next release wants. */
export function withBoundConfigs(
  parts: readonly DeployedPart[],
  { configs }: Pick<BoundConfigs, "configs">,
  live: VersionDetail | undefined,
): readonly DeployedPart[] {
  if (!configs || !live) return parts;
  const lost = live.bindings.filter(
    ({ type, id }) => type === "hyperdrive" && !configs.all.some((config) => config.id === id),
  );
  return parts.map((part) =>
    part.kind === "binding" && lost.some(({ name }) => name === part.name)
      ? { ...part, key: `${part.key}, which is gone` }
      : part,
  );
}

/** A release whose configuration was collected cannot come back. */
export function withConfigs(
  releases: readonly Release[],
  configs: ObservedConfigs | undefined,
  details: ReadonlyMap<string, VersionDetail>,
): readonly Release[] {
  if (!configs) return releases;
  const ids = new Set(configs.all.map(({ id }) => id));
  return releases.filter(({ ref }) => boundConfigIds(details.get(ref)?.bindings ?? []).every((id) => ids.has(id)));
}

/** What says which of them are needed. */
interface ConfigNeeds extends BoundConfigs, Pick<Deployed, "releases"> {
  readonly live: Live | undefined;
  readonly stored: StoredSecrets;
}

/** Those that the next deploy clears away. */
export function configLeftovers(
  { client, keep, hasDatabases }: Pick<ConfigInput, "client" | "hasDatabases"> & { readonly keep: number },
  state: ReleaseState,
  needs: ConfigNeeds,
): readonly Leftover[] {
  const { configs, boundConfigs } = needs;
  const used = neededConfigs(keep, state, needs);
  const bound = new Set([...boundConfigs.values()].flat());
  // Without a Worker a removal finishes what one before it began.
  const isRemoved = hasDatabases === undefined && !state.script;
  return unusedConfigs(configs, {
    used,
    bound,
    stored: needs.stored.configs,
    now: isRemoved ? Infinity : client.clock.now(),
  }).map(({ name }) => ({
    kind: "binding",
    name,
    reason: "a Hyperdrive configuration that no release has",
  }));
}

/** Of the secrets, of what is kept, of what has traffic or waits for it. */
function neededConfigs(
  keep: number,
  { versions, deployment }: ReleaseState,
  { live, releases, stored, boundConfigs }: ConfigNeeds,
): ReadonlySet<string> {
  const newest = versions.find(({ annotations }) => taggedRelease(annotations?.["workers/tag"]));
  const refs = [
    ...(live ? keptReleases(live, releases, keep).map(({ ref }) => ref) : []),
    ...(deployment?.versions ?? []).map(({ version_id }) => version_id),
    ...(newest ? [newest.id] : []),
  ];
  return new Set([
    ...Object.values(stored.configs ?? {}).map(({ id }) => id),
    ...refs.flatMap((ref) => boundConfigs.get(ref) ?? []),
  ]);
}
