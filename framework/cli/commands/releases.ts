/** `portico releases`: lists the releases of a stage, newest first, with the live one marked. */
import type { CommandInput } from "../command.ts";
import { releaseRows, releaseTable } from "../release-table.ts";
import type { Reporter } from "../reporter.ts";
import { explainErrors, withHeading, openStageCloud, type StageCloud, type TargetCloud } from "../stage-cloud.ts";

/** Prints a table for each cloud of the stage. */
export async function releases(input: CommandInput): Promise<number> {
  const stage = await openStageCloud(input);
  try {
    for (const cloud of stage.clouds) await show(cloud, stage, input.reporter);
    return 0;
  } finally {
    await stage.close();
  }
}

async function show(cloud: TargetCloud, { app }: Pick<StageCloud, "app">, reporter: Reporter): Promise<void> {
  const deployed = await explainErrors(cloud, () => cloud.platform().observe());
  const rows = releaseRows(deployed);
  const text = rows.length ? releaseTable(rows) : `the stage ${app.stage} has no releases yet`;
  reporter.result(withHeading(cloud, text, reporter), {
    type: "releases",
    target: cloud.target,
    releases: rows,
    url: deployed.live?.url,
  });
}
