/** Plans of a deploy to each cloud of a stage, made without changing anything; and whether earlier ones still hold. */
import type { Plan } from "../../deploy/plan.ts";
import { planClouds } from "../../deploy/planning.ts";
import { requireCurrentPlan } from "../../deploy/preconditions.ts";
import type { PlannedRelease } from "../../deploy/run.ts";
import { openSchema } from "./open-schema.ts";
import { isTemporary } from "./preview-stage.ts";
import { buildSource } from "./release-source.ts";
import type { Reporter } from "./reporter.ts";
import type { StageCloud } from "./stage-cloud.ts";

/** In the order of the stage's clouds. */
export async function planStage(stage: StageCloud, reporter: Reporter): Promise<readonly PlannedRelease[]> {
  const opened = await openSchema(stage, reporter);
  try {
    const { platforms } = await buildSource(stage, reporter, { creates: false });
    return await planClouds(platforms, {
      ...(opened && { schema: opened.schema((platform) => stage.clouds[platforms.indexOf(platform)]!.target) }),
      explain: (error, platform) => stage.clouds[platforms.indexOf(platform)]!.explain(error),
    });
  } finally {
    await opened?.close();
  }
}

/**
 * Before a deploy gives a temporary stage what it lacks, which changes the stage: nothing of it is compared after that
 * but the releases' numbers. Throws UserError PLAN_STALE.
 */
export async function requirePlansBefore(
  stage: StageCloud,
  expected: readonly Plan[] | undefined,
  reporter: Reporter,
): Promise<void> {
  if (!expected || !isTemporary(stage)) return;
  const planned = await planStage(stage, reporter);
  for (const [at, plan] of expected.entries()) requireCurrentPlan(plan, planned[at]?.plan);
}
