/** Removes everything that an app has at a stage; a second run continues after an interruption. */
import { abandonLease } from "./run.ts";
import type { Deployed, Platform, Removed, StoredData } from "./platform.ts";

/** The options of a removal. */
export interface TeardownOptions {
  readonly platform: Platform;
  /** Names of the stage's secrets, which may be there before anything else is. */
  readonly secrets?: readonly string[];
  /** Whether the data that the app wrote goes, too. */
  readonly withData: boolean;
  /**
   * What functions of the stage do last, such as telling a database that nobody reads it any more: once nothing takes
   * traffic, and before they go.
   */
  readonly lastCall?: () => Promise<void>;
  /** Shows the parts that will be removed, and what holds data; throws to stop. */
  readonly onPlan: (deployed: Deployed, data: readonly StoredData[]) => Promise<void>;
}

/** The result of a removal. */
export interface Teardown {
  /** Empty when there was nothing. */
  readonly removed: readonly Removed[];
  /** What still holds data. */
  readonly kept: readonly StoredData[];
}

/** Removes what there is, its data only if that is wanted. */
export async function removeStage(options: TeardownOptions): Promise<Teardown> {
  const { platform, secrets = [], withData, lastCall, onPlan } = options;
  const deployed = await platform.observe();
  const data = await platform.operations.storedData();
  const kept = withData ? [] : data;
  const { releases, leftovers } = deployed;
  const holding = new Set(["bucket", "table", ...data.map(({ kind, name }) => `${kind} ${name}`)]);
  const parts = deployed.parts.filter(({ kind, name }) => !holding.has(kind) && !holding.has(`${kind} ${name}`));
  if (![...parts, ...releases, ...leftovers, ...secrets, ...(withData ? data : [])].length)
    return { removed: [], kept };
  await onPlan(deployed, data);
  const lease = await platform.records.lock({ command: "remove", functions: [] }, deployed);
  try {
    if (lastCall && deployed.live) await platform.operations.withdraw(deployed.live);
    await lastCall?.();
    const removed = await platform.operations.remove(withData);
    await lease.end(true);
    return { removed, kept };
  } catch (error) {
    await abandonLease(lease);
    throw error;
  }
}
