/** The road of a release, on one cloud or on several: observe, plan, stop when there is nothing to do, make candidates, promote, clear up. */
import { giveUp, keptReleases, makeCandidates, type Planned, type Ready, type Run } from "./candidate.ts";
import { shareAll } from "./canary.ts";
import { promoteAll } from "./promote.ts";
import { isDone, type Plan, planRelease } from "./plan.ts";
import type { Canary, FunctionDraft, Live, Platform } from "./platform.ts";
import { refuseCanary, refuseShare, refuseStale, refuseTaken } from "./refuse.ts";

/** What a release needs. */
export interface Releasing extends Run {
  /** In the order in which they are promoted. */
  readonly clouds: readonly Platform[];
  /** How many releases stay ready for rollback, the live one included. */
  readonly keep: number;
  /** Percent of the traffic, 1 to 99, that the release gets beside the live one; all of it when absent. */
  readonly canary?: number;
  /** A plan that was made before, by cloud: refused when it is not what would be done now. */
  readonly expected?: readonly Plan[];
  /** Called before anything is changed; throws to stop. */
  readonly onPlans: (plans: readonly Plan[]) => Promise<void>;
}

/** What became of it on one cloud. */
export interface Released {
  readonly live: Live;
  /** The release that was made, where it has a part of the traffic only. */
  readonly canary?: Canary;
  readonly plan: Plan;
  /** False when there was nothing to do: no writing call was made. */
  readonly changed: boolean;
}

/** Looks and plans. Throws UserError NAME_TAKEN, CANARY_RUNNING. */
export async function planOn<F extends FunctionDraft>(platform: Platform<F>): Promise<Planned<F>> {
  const deployed = await platform.observe();
  const draft = platform.draft(deployed);
  refuseTaken(deployed, draft);
  refuseCanary(deployed, draft);
  return { platform, deployed, draft, plan: planRelease(draft, deployed) };
}

/**
 * Nothing takes traffic before every cloud has a candidate that passed. When a later promotion fails, the earlier ones are taken back.
 * Throws UserError with the live releases untouched; whatever it throws, running it again goes on from there.
 */
export async function release(releasing: Releasing): Promise<readonly Released[]> {
  const planned = await Promise.all(releasing.clouds.map((cloud) => planOn(cloud)));
  releasing.expected?.forEach((plan, at) => refuseStale(plan, planned[at]?.plan));
  if (releasing.canary !== undefined) for (const { platform, deployed } of planned) refuseShare(platform, deployed);
  await releasing.onPlans(planned.map(({ plan }) => plan));
  const unchanged = planned.map(({ plan, deployed }) => isDone(plan) && deployed.live !== undefined);
  const readies = await makeCandidates(
    planned.filter((_, at) => !unchanged[at]),
    releasing,
  );
  const { canary } = releasing;
  if (canary !== undefined) {
    const canaries = await shareAll(readies, canary, releasing);
    return planned.map(({ platform, deployed, plan }): Released => {
      const made = canaries.get(platform);
      return { live: deployed.live!, plan, changed: readies.some((ready) => ready.platform === platform), ...(made && { canary: made }) };
    });
  }
  const lives = await promoteAll(readies, releasing);
  const settled: Live[] = [];
  for (const [at, ready] of readies.entries()) settled.push(await finish(ready, lives[at]!, releasing));
  return planned.map((one, at): Released => {
    const changed = readies.findIndex(({ platform }) => platform === one.platform);
    return { live: settled[changed] ?? one.deployed.live!, plan: one.plan, changed: !unchanged[at] };
  });
}

/** The release is live whatever happens here; what is not done is a line of the next plan. */
async function finish({ platform, deployed, lease }: Ready, live: Live, { keep, onProgress }: Releasing): Promise<Live> {
  try {
    const [removed, settled] = await Promise.all([platform.collect(keptReleases(live, deployed.releases, keep)), platform.settle(live)]);
    onProgress({ step: "collect", removed }, platform);
    await lease.end(true);
    return settled;
  } catch (error) {
    await giveUp(lease);
    throw error;
  }
}
