/** `portico releases`: a stage in, its releases out, newest first, with the live one marked. */
import type { CommandInput } from "../command.ts";
import { releaseRows, releaseTable } from "../release-table.ts";
import { explaining, headingOf, openStageCloud, type StageCloud, type TargetCloud } from "../stage-cloud.ts";

/** The command. */
export async function releases(input: CommandInput): Promise<number> {
  const stage = await openStageCloud(input);
  try {
    for (const cloud of stage.clouds) await show(cloud, stage, input);
    return 0;
  } finally {
    await stage.close();
  }
}

async function show(cloud: TargetCloud, { app, clouds }: StageCloud, { reporter }: CommandInput): Promise<void> {
  const deployed = await explaining([cloud], () => cloud.platform().observe());
  const rows = releaseRows(deployed);
  const text = rows.length ? releaseTable(rows) : `nothing was released to the stage ${app.stage} yet`;
  const heading = clouds.length > 1 ? `${reporter.paint("bold", headingOf(cloud))}\n` : "";
  reporter.result(heading + text, { type: "releases", target: cloud.target, releases: rows, url: deployed.live?.url });
}
