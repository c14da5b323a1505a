/** Gives candidates that passed a part of the traffic beside what is live: all of them, or none. */
import { askingOf, giveUp, type Ready, type Run } from "./candidate.ts";
import type { Canary, Platform } from "./platform.ts";
import { requireSmoke } from "./smoke.ts";

/** Each is asked again while it has its part; what all releases share stays as the live one wants it. Throws UserError SMOKE_FAILED. */
export async function shareAll(readies: readonly Ready[], percentage: number, run: Run): Promise<ReadonlyMap<Platform, Canary>> {
  const canaries = new Map<Platform, Canary>();
  try {
    for (const { platform, candidate, lease } of readies) {
      if (!candidate) continue;
      await lease.hold();
      run.checkpoint();
      await platform.promote(candidate, percentage);
      canaries.set(platform, { release: candidate, percentage });
      run.onProgress({ step: "canary", release: candidate.number, percentage }, platform);
    }
    for (const { candidate, deployed } of readies)
      if (candidate) await requireSmoke(candidate, run.smoke, deployed.live?.number, askingOf(run));
  } catch (error) {
    for (const { platform, deployed } of readies) if (canaries.has(platform)) await platform.promote(deployed.live!);
    for (const { lease } of readies) await giveUp(lease);
    throw error;
  }
  for (const { lease } of readies) await lease.end(true);
  return canaries;
}
