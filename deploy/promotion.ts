/** Promotes candidates on all clouds, whole or as canaries, and takes everything back when one cloud fails. */
import { requestOptions, abandonLease, onCloud, type ReadyRelease, type RunOptions } from "./run.ts";
import type { Canary, Live, Platform } from "./platform.ts";
import { settleAgain } from "./schema.ts";
import { requireSmokeTest } from "./smoke-test.ts";
import { UserError } from "../framework/model/user-error.ts";

/**
 * One cloud after the other; when a later one fails, the earlier ones return to their previous release, or to none.
 */
export async function promoteAll(
  readies: readonly ReadyRelease[],
  run: Pick<RunOptions, "onProgress" | "checkpoint" | "explain" | "schema">,
): Promise<readonly Live[]> {
  const lives: Live[] = [];
  try {
    for (const { platform, deployed, candidate, lease } of readies) {
      // Where a migration runs, its end is waited for: what is confirmed is confirmed after it.
      await run.schema?.admit({ platform, number: candidate?.number ?? deployed.live!.number });
      // Also of a release that stays: what it lists is written down next, as if it were still live.
      if (candidate || run.schema) await onCloud(run, platform, () => lease.confirm());
      run.checkpoint();
      const live = candidate ? await onCloud(run, platform, () => platform.promote(candidate)) : deployed.live!;
      lives.push(live);
      if (candidate) run.onProgress({ step: "promote", live }, platform);
    }
  } catch (error) {
    return revertAll(
      readies,
      async (ready, at) => (lives[at] ? revertPromotion(ready, lives[at], run) : undefined),
      run,
      error,
    );
  }
  return lives;
}

async function revertPromotion(
  { platform, deployed, candidate }: ReadyRelease,
  live: Live,
  { schema }: Pick<RunOptions, "schema">,
): Promise<void> {
  if (!candidate) return;
  if (deployed.live) {
    await platform.promote(deployed.live);
    await settleAgain(schema, { platform, number: deployed.live.number, insteadOf: candidate.number });
    return;
  }
  await platform.operations.withdraw(live);
  await schema?.forget(platform);
}

/**
 * Smoke-tests each again while it has its part; shared parts stay as the live release wants them. Throws UserError
 * SMOKE_FAILED.
 */
export async function startCanaries(
  readies: readonly ReadyRelease[],
  percentage: number,
  run: RunOptions,
): Promise<ReadonlyMap<Platform, Canary>> {
  const canaries = new Map<Platform, Canary>();
  try {
    for (const { platform, candidate, lease } of readies) {
      if (!candidate) continue;
      await run.schema?.admit({ platform, number: candidate.number });
      await onCloud(run, platform, () => lease.confirm());
      run.checkpoint();
      await onCloud(run, platform, () => platform.promote(candidate, percentage));
      canaries.set(platform, { release: candidate, percentage });
      run.onProgress({ step: "canary", release: candidate.number, percentage }, platform);
    }
    for (const { platform, candidate, deployed } of readies)
      if (candidate)
        await onCloud(run, platform, () =>
          requireSmokeTest(candidate, run.smoke, deployed.live?.number, requestOptions(run)),
        );
  } catch (error) {
    const takeBack = (ready: ReadyRelease): Promise<void> =>
      canaries.has(ready.platform) ? revertPromotion(ready, ready.deployed.live!, run) : Promise.resolve();
    return revertAll(readies, takeBack, run, error);
  }
  for (const { lease } of readies) await lease.end(true);
  return canaries;
}

/**
 * Every cloud is tried and every lock let go, whatever fails on the way. Throws the failure as it is where all was
 * undone; else UserError NOT_TAKEN_BACK, or an AggregateError where one of the failures is a bug.
 */
export async function revertAll(
  readies: readonly ReadyRelease[],
  takeBack: (ready: ReadyRelease, at: number) => Promise<void>,
  run: Pick<RunOptions, "explain">,
  failure: unknown,
): Promise<never> {
  const failures: unknown[] = [];
  for (const [at, ready] of readies.entries()) {
    await onCloud(run, ready.platform, () => takeBack(ready, at)).catch((error: unknown) => failures.push(error));
  }
  for (const { lease } of readies) await abandonLease(lease);
  if (failures.length === 0) throw failure;
  throw revertFailure(failure, failures, readies[0]!.desired.stage);
}

function revertFailure(failure: unknown, failures: readonly unknown[], stage: string): Error {
  const all = [failure, ...failures];
  const text = all.map((error) => (error instanceof Error ? error.message : String(error))).join("; ");
  const cause = new AggregateError(all, "the release failed, and its reversal failed too");
  if (!all.every((error) => error instanceof UserError)) return cause;
  return new UserError(
    "NOT_TAKEN_BACK",
    `the release failed, and one target could not go back to its previous release: ${text}`,
    `Run portico releases --stage ${stage} to list each target's live release; then run portico rollback --stage ` +
      `${stage} --target lambda (or workers), or portico deploy --stage ${stage}`,
    { cause },
  );
}
