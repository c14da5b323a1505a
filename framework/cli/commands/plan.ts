/** `portico plan`: an app and a stage in, what a deploy would do out; reads only. Exit code 2 when it would do anything. */
import { isDone } from "../../../deploy/plan.ts";
import { planOn } from "../../../deploy/release.ts";
import type { CommandInput } from "../command.ts";
import { textFlag } from "../flags.ts";
import { paintPlan, writePlans } from "../plan-output.ts";
import { buildSource } from "../release-source.ts";
import { explaining, headingOf, openStageCloud } from "../stage-cloud.ts";

/** The command. */
export async function plan(input: CommandInput): Promise<number> {
  const { reporter } = input;
  const cloud = await openStageCloud(input);
  try {
    const planned = await explaining(cloud.clouds, async () => {
      const { platforms } = await buildSource(cloud, reporter, { makes: false });
      return Promise.all(platforms.map((platform) => planOn(platform)));
    });
    const out = textFlag(input, "out");
    const plans = planned.map((one) => one.plan);
    if (out !== undefined) await writePlans(out, plans);
    const unchanged = planned.map(({ plan: made, deployed }) => isDone(made) && deployed.live !== undefined);
    for (const [at, made] of plans.entries()) {
      const { target } = cloud.clouds[at]!;
      const heading = plans.length > 1 ? `${reporter.paint("bold", headingOf(cloud.clouds[at]!))}\n` : "";
      const hint = unchanged[at] ? "nothing to do" : `portico deploy --stage ${cloud.app.stage} applies it`;
      reporter.result(`${heading}${paintPlan(made, reporter)}${hint}`, { type: "plan", target, changed: !unchanged[at], plan: made });
    }
    return unchanged.every(Boolean) ? 0 : 2;
  } finally {
    await cloud.close();
  }
}
