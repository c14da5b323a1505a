/** `portico plan`: an app and a stage in, what a deploy would do out; reads only. Exit code 2 when it would do anything. */
import { toUserError } from "../../../deploy/lambda/clients.ts";
import { isDone } from "../../../deploy/plan.ts";
import { planOn } from "../../../deploy/release.ts";
import type { CommandInput } from "../command.ts";
import { textFlag } from "../flags.ts";
import { paintPlan, writePlans } from "../plan-output.ts";
import { buildSource } from "../release-source.ts";
import { openStageCloud } from "../stage-cloud.ts";
import { requireLambda } from "../targets.ts";

/** The command. */
export async function plan(input: CommandInput): Promise<number> {
  const { reporter } = input;
  const cloud = await openStageCloud(input);
  try {
    requireLambda(cloud.app, reporter);
    const { source } = await buildSource(cloud, reporter);
    const { plan: made, deployed } = await planOn(cloud.platform(source)).catch((error: unknown) => {
      throw toUserError(error, cloud.aws.where);
    });
    const out = textFlag(input, "out");
    if (out !== undefined) await writePlans(out, [made]);
    const isNothing = isDone(made) && deployed.live !== undefined;
    reporter.result(`${paintPlan(made, reporter)}${isNothing ? "nothing to do" : `portico deploy --stage ${cloud.app.stage} applies it`}`, {
      type: "plan",
      changed: !isNothing,
      plan: made,
    });
    return isNothing ? 0 : 2;
  } finally {
    await cloud.close();
  }
}
