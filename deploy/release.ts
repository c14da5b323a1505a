/** A release on one cloud or several: observe, plan, make candidates, promote, collect garbage. */
import { makeCandidates } from "./candidate.ts";
import { promoteAll, startCanaries } from "./promotion.ts";
import { keptReleases } from "./retention.ts";
import { abandonLease, onCloud, type ReadyRelease, type RunOptions } from "./run.ts";
import { isDone, type Plan } from "./plan.ts";
import { planClouds } from "./planning.ts";
import type { Canary, Live, Platform } from "./platform.ts";
import { requireCanarySupport, requireCurrentPlan } from "./preconditions.ts";

/** The options of a release. */
export interface ReleaseOptions extends RunOptions {
  /** In the order in which they are promoted. */
  readonly clouds: readonly Platform[];
  /** How many releases stay ready for rollback, the live one included. */
  readonly keep: number;
  /** Percent of the traffic, 1 to 99, that the release gets beside the live one; all of it when absent. */
  readonly canary?: number;
  /** Plans that were made before, by cloud: refused when a new plan differs. */
  readonly expected?: readonly Plan[];
  /** Called before anything is changed; throws to stop. */
  readonly onPlans: (plans: readonly Plan[]) => Promise<void>;
}

/** The result of a release on one cloud. */
export interface ReleaseResult {
  readonly live: Live;
  /** The release that was made, where it has a part of the traffic only. */
  readonly canary?: Canary;
  readonly plan: Plan;
  /** False when there was nothing to do: no writing call was made. */
  readonly changed: boolean;
}

/**
 * Nothing takes traffic before every cloud has a candidate that passed. When a later promotion fails, the earlier ones
 * are reverted. Throws UserError with the live releases untouched; after any error a second run continues where it
 * stopped.
 */
export async function release(options: ReleaseOptions): Promise<readonly ReleaseResult[]> {
  const planned = await planClouds(options.clouds, options);
  for (const [at, plan] of options.expected?.entries() ?? []) requireCurrentPlan(plan, planned[at]?.plan);
  if (options.canary !== undefined)
    for (const { platform, deployed, desired } of planned)
      await onCloud(options, platform, () => requireCanarySupport(deployed, desired));
  await options.onPlans(planned.map(({ plan }) => plan));
  const unchanged = planned.map(({ plan, deployed }) => isDone(plan) && deployed.live !== undefined);
  const readies = await makeCandidates(
    planned.filter((_, at) => !unchanged[at]),
    options,
  );
  const { canary } = options;
  if (canary !== undefined) {
    const canaries = await startCanaries(readies, canary, options);
    return planned.map(({ platform, deployed, plan }): ReleaseResult => {
      const made = canaries.get(platform);
      return {
        live: deployed.live!,
        plan,
        changed: readies.some((ready) => ready.platform === platform),
        ...(made && { canary: made }),
      };
    });
  }
  const lives = await promoteAll(readies, options);
  const settled: Live[] = [];
  for (const [at, ready] of readies.entries())
    settled.push(await onCloud(options, ready.platform, () => finish(ready, lives[at]!, options)));
  return planned.map((one, at): ReleaseResult => {
    const changed = readies.findIndex(({ platform }) => platform === one.platform);
    return { live: settled[changed] ?? one.deployed.live!, plan: one.plan, changed: !unchanged[at] };
  });
}

/** Collects garbage and settles. The release is live even if this fails; the next plan lists the rest. */
async function finish(
  { platform, deployed, lease }: ReadyRelease,
  live: Live,
  { keep, onProgress, schema }: ReleaseOptions,
): Promise<Live> {
  try {
    await schema?.settle({ platform, number: live.number });
    const [removed, settled] = await Promise.all([
      platform.collect(keptReleases(live, deployed.releases, keep)),
      platform.records.settle(live),
    ]);
    onProgress({ step: "collect", removed }, platform);
    await lease.end(true);
    return settled;
  } catch (error) {
    await abandonLease(lease);
    throw error;
  }
}
