/** `portico releases`: a stage in, its releases out, newest first, with the live one marked. */
import { toUserError } from "../../../deploy/lambda/clients.ts";
import type { CommandInput } from "../command.ts";
import { releaseRows, releaseTable } from "../release-table.ts";
import { openStageCloud } from "../stage-cloud.ts";

/** The command. */
export async function releases(input: CommandInput): Promise<number> {
  const cloud = await openStageCloud(input);
  try {
    const deployed = await cloud
      .platform()
      .observe()
      .catch((error: unknown) => {
        throw toUserError(error, cloud.aws.where);
      });
    const rows = releaseRows(deployed);
    const text = rows.length ? releaseTable(rows) : `nothing was released to the stage ${cloud.app.stage} yet`;
    input.reporter.result(text, { type: "releases", releases: rows, url: deployed.live?.url });
    return 0;
  } finally {
    await cloud.close();
  }
}
