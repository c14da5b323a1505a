/** Takes away what no kept release needs. */
import type { Release, Removed } from "../platform.ts";
import { unusedConfigs } from "./hyperdrive-bindings.ts";
import { deleteConfig } from "./hyperdrive-configs.ts";
import type { Observation } from "./observation.ts";
import { type Run, share } from "./run.ts";

/**
 * A candidate's place is taken away, and configurations of Hyperdrive that no kept release is bound to; versions are
 * left: they cost nothing, and Cloudflare forgets all but the last hundred.
 */
export async function collect(run: Run, observed: Observation, keep: readonly Release[]): Promise<readonly Removed[]> {
  return [...(await collectCandidate(run, observed)), ...(await collectConfigs(run, observed, keep))];
}

async function collectConfigs(
  { client, configs: own = [] }: Run,
  { configs, boundConfigs, stored }: Observation,
  keep: readonly Release[],
): Promise<readonly Removed[]> {
  const used = new Set([
    ...Object.values(stored.configs ?? {}).map(({ id }) => id),
    ...keep.flatMap(({ ref }) => boundConfigs.get(ref) ?? []),
    ...own,
  ]);
  const bound = new Set([...boundConfigs.values()].flat());
  const unused = unusedConfigs(configs, { used, bound, stored: stored.configs, now: client.clock.now() });
  for (const { id } of unused) await deleteConfig(client, id);
  return unused.map(({ name }) => ({ kind: "binding", name }));
}

async function collectCandidate(run: Run, { deployed }: Observation): Promise<readonly Removed[]> {
  const [candidate, ...more] = (run.deployment?.versions ?? []).filter(({ percentage }) => percentage === 0);
  if (!candidate || more.length || run.base === undefined) return [];
  await share(run, [{ version_id: run.base, percentage: 100 }], "without a candidate");
  const version = deployed.releases.find(({ ref }) => ref === candidate.version_id);
  return [{ kind: "stage", name: version ? `candidate ${version.number}` : "candidate" }];
}
