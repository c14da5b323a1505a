/** Takes an app's stage away: a cloud in, what was removed out; running it again goes on where it stopped. */
import { giveUp } from "./candidate.ts";
import type { Deployed, Platform, Removed } from "./platform.ts";

/** What it needs. */
export interface Teardown {
  readonly platform: Platform;
  /** Names of the stage's secrets, which may be there before anything else is. */
  readonly secrets?: readonly string[];
  /** Shows what goes, where there is anything; throws to stop. */
  readonly onPlan: (deployed: Deployed) => Promise<void>;
}

/** An empty list when there was nothing. */
export async function removeStage({ platform, secrets = [], onPlan }: Teardown): Promise<readonly Removed[]> {
  const deployed = await platform.observe();
  const { parts, releases, leftovers } = deployed;
  if (![...parts, ...releases, ...leftovers, ...secrets].length) return [];
  await onPlan(deployed);
  const lease = await platform.lock({ command: "remove", functions: [] }, deployed);
  try {
    const removed = await platform.remove();
    await lease.end(true);
    return removed;
  } catch (error) {
    await giveUp(lease);
    throw error;
  }
}
