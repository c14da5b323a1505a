/** The road of a release, on one cloud or on several: observe, plan, stop when there is nothing to do, make candidates, promote, clear up. */
import { discard, giveUp, keptReleases, makeCandidate, type Planned, type Ready, type Run } from "./candidate.ts";
import { promoteAll } from "./promote.ts";
import { isDone, type Plan, planRelease } from "./plan.ts";
import type { FunctionDraft, Live, Platform } from "./platform.ts";
import { refuseStale, refuseTaken } from "./refuse.ts";

/** What a release needs. */
export interface Releasing extends Run {
  /** In the order in which they are promoted. */
  readonly clouds: readonly Platform[];
  /** How many releases stay ready for rollback, the live one included. */
  readonly keep: number;
  /** A plan that was made before, by cloud: refused when it is not what would be done now. */
  readonly expected?: readonly Plan[];
  /** Called before anything is changed; throws to stop. */
  readonly onPlans: (plans: readonly Plan[]) => Promise<void>;
}

/** What became of it on one cloud. */
export interface Released {
  readonly live: Live;
  readonly plan: Plan;
  /** False when there was nothing to do: no writing call was made. */
  readonly changed: boolean;
}

/** Looks and plans. Throws UserError NAME_TAKEN. */
export async function planOn<F extends FunctionDraft>(platform: Platform<F>): Promise<Planned<F>> {
  const deployed = await platform.observe();
  const draft = platform.draft(deployed);
  refuseTaken(deployed, draft);
  return { platform, deployed, draft, plan: planRelease(draft, deployed) };
}

/**
 * Nothing takes traffic before every cloud has a candidate that passed. When a later promotion fails, the earlier ones are taken back.
 * Throws UserError with the live releases untouched; whatever it throws, running it again goes on from there.
 */
export async function release(releasing: Releasing): Promise<readonly Released[]> {
  const planned = await Promise.all(releasing.clouds.map((cloud) => planOn(cloud)));
  releasing.expected?.forEach((plan, at) => refuseStale(plan, planned[at]?.plan));
  await releasing.onPlans(planned.map(({ plan }) => plan));
  const unchanged = planned.map(({ plan, deployed }) => isDone(plan) && deployed.live !== undefined);
  const readies = await candidates(
    planned.filter((_, at) => !unchanged[at]),
    releasing,
  );
  const lives = await promoteAll(readies, releasing);
  const settled: Live[] = [];
  for (const [at, ready] of readies.entries()) settled.push(await finish(ready, lives[at]!, releasing));
  return planned.map((one, at): Released => {
    const changed = readies.findIndex(({ platform }) => platform === one.platform);
    return { live: settled[changed] ?? one.deployed.live!, plan: one.plan, changed: !unchanged[at] };
  });
}

/** One after the other: what the first cloud refuses is not tried on the next. */
async function candidates(planned: readonly Planned[], run: Releasing): Promise<readonly Ready[]> {
  const readies: Ready[] = [];
  try {
    for (const one of planned) readies.push(await makeCandidate(one, run));
  } catch (error) {
    for (const ready of readies) await (ready.candidate ? discard(ready, ready.candidate, ready.lease) : giveUp(ready.lease));
    throw error;
  }
  return readies;
}

/** The release is live whatever happens here; what is not done is a line of the next plan. */
async function finish({ platform, deployed, lease }: Ready, live: Live, { keep, onProgress }: Releasing): Promise<Live> {
  try {
    const [removed, settled] = await Promise.all([platform.collect(keptReleases(live, deployed.releases, keep)), platform.settle(live)]);
    onProgress({ step: "collect", removed });
    await lease.end(true);
    return settled;
  } catch (error) {
    await giveUp(lease);
    throw error;
  }
}
