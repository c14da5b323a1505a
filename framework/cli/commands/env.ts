/** `portico env`: lists the env and secrets of a stage and the source of each value, without the secrets' values. */
import type { CommandInput } from "../command.ts";
import { describeEnvRow, readEnvTable } from "../env-table.ts";
import { explainErrors, withHeading, openStageCloud } from "../stage-cloud.ts";

/** Prints a table for each cloud of the stage. */
export async function env(input: CommandInput): Promise<number> {
  const { reporter } = input;
  const stage = await openStageCloud(input);
  try {
    for (const cloud of stage.clouds) {
      const rows = await explainErrors(cloud, () => readEnvTable(cloud, stage));
      const text = rows.map((row) => `${row.name.padEnd(24)}  ${describeEnvRow(row, stage)}`).join("\n");
      const shown = text || "the app declares no env and no secrets";
      reporter.result(withHeading(cloud, shown, reporter), { type: "env", target: cloud.target, env: rows });
    }
    return 0;
  } finally {
    await stage.close();
  }
}
