/** `portico plan`: prints the changes that a deploy to a stage would make, and makes none. */
import { isDone } from "../../../deploy/plan.ts";
import type { CommandInput } from "../command.ts";
import { textFlag } from "../flags.ts";
import { paintPlan, writePlans } from "../plan-output.ts";
import { withHeading, openStageCloud, type StageCloud } from "../stage-cloud.ts";
import { planStage } from "../stage-plans.ts";

/** Exit code 2 when a deploy would change anything. */
export async function plan(input: CommandInput): Promise<number> {
  const stage = await openStageCloud(input);
  try {
    return await printPlans(stage, input);
  } finally {
    await stage.close();
  }
}

async function printPlans(stage: StageCloud, input: Pick<CommandInput, "flags" | "reporter">): Promise<number> {
  const { reporter } = input;
  const planned = await planStage(stage, reporter);
  const out = textFlag(input, "out");
  const plans = planned.map((result) => result.plan);
  if (out !== undefined) await writePlans(out, plans);
  const unchanged = planned.map(({ plan: changes, deployed }) => isDone(changes) && deployed.live !== undefined);
  for (const [index, changes] of plans.entries()) {
    const cloud = stage.clouds[index]!;
    const hint = unchanged[index] ? "nothing to do" : `portico deploy --stage ${stage.app.stage} applies it`;
    reporter.result(withHeading(cloud, paintPlan(changes, reporter) + hint, reporter), {
      type: "plan",
      target: cloud.target,
      changed: !unchanged[index],
      plan: changes,
    });
  }
  return unchanged.every(Boolean) ? 0 : 2;
}
