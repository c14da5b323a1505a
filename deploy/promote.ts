/** Moves the traffic to candidates that passed: all of them, or none. */
import { giveUp, type Ready, type Run } from "./candidate.ts";
import type { Live } from "./platform.ts";

/** One cloud after the other; when a later one fails, the earlier ones go back to what was live before, or to nothing. */
export async function promoteAll(
  readies: readonly Ready[],
  { onProgress, checkpoint }: Pick<Run, "onProgress" | "checkpoint">,
): Promise<readonly Live[]> {
  const lives: Live[] = [];
  try {
    for (const { platform, deployed, candidate, lease } of readies) {
      if (candidate) await lease.hold();
      checkpoint();
      const live = candidate ? await platform.promote(candidate) : deployed.live!;
      lives.push(live);
      if (candidate) onProgress({ step: "promote", live }, platform);
    }
  } catch (error) {
    for (const [at, live] of lives.entries()) await takeBack(readies[at]!, live);
    for (const { lease } of readies) await giveUp(lease);
    throw error;
  }
  return lives;
}

/** Back to what was live before, or to nothing. */
async function takeBack({ platform, deployed, candidate }: Ready, live: Live): Promise<void> {
  if (!candidate) return;
  if (deployed.live) await platform.promote(deployed.live);
  else await platform.withdraw(live);
}
