/** Plans a release: what each cloud has, what the build wants, and what becomes of the schema. Reads only. */
import { migrateFunctionId } from "../framework/model/database.ts";
import { type Change, planRelease, withSchema } from "./plan.ts";
import type { DesiredFunction, Platform } from "./platform.ts";
import { requireFreeNames, requireNoCanary } from "./preconditions.ts";
import { onCloud, type PlannedRelease, type RunOptions } from "./run.ts";

/** The plan of each cloud, in their order. Throws UserError NAME_TAKEN, CANARY_RUNNING, and those of the schema. */
export async function planClouds(
  clouds: readonly Platform[],
  run: Pick<RunOptions, "explain" | "schema">,
): Promise<readonly PlannedRelease[]> {
  const planned = await Promise.all(clouds.map((cloud) => onCloud(run, cloud, () => planForCloud(cloud))));
  if (!run.schema) return planned;
  const { changes, fingerprint } = await run.schema.plan(
    planned.map(({ platform, plan }) => ({
      platform,
      number: plan.release,
      isLive: plan.release === plan.live,
      bringsFunction: plan.changes.some(isNewMigrateFunction),
    })),
  );
  return planned.map((one) => ({
    ...one,
    plan: withSchema(one.plan, changes.get(one.platform) ?? [], fingerprint),
  }));
}

const isNewMigrateFunction = ({ kind, name, action }: Change): boolean =>
  kind === "function" && name === migrateFunctionId && (action === "create" || action === "update");

/** Looks and plans. Throws UserError NAME_TAKEN, CANARY_RUNNING. */
export async function planForCloud<F extends DesiredFunction>(platform: Platform<F>): Promise<PlannedRelease<F>> {
  const deployed = await platform.observe();
  const { desired } = deployed;
  if (!desired) throw new Error("a plan needs a build");
  requireFreeNames(deployed, desired);
  requireNoCanary(deployed, desired);
  return { platform, deployed, desired, plan: planRelease(desired, deployed) };
}
