/** `portico remove`: a stage in, nothing of it left out; shows what goes, and asks. */
import { toUserError } from "../../../deploy/lambda/clients.ts";
import type { Deployed } from "../../../deploy/platform.ts";
import { removeStage } from "../../../deploy/teardown.ts";
import type { CommandInput } from "../command.ts";
import { agree, agreeByName } from "../consent.ts";
import { openStageCloud, type StageCloud } from "../stage-cloud.ts";

/** The command. Running it again goes on where it stopped. */
export async function remove(input: CommandInput): Promise<number> {
  const { reporter } = input;
  const cloud = await openStageCloud(input);
  try {
    const removed = await removeStage({
      platform: cloud.platform(),
      onPlan: (deployed) => consent(deployed, cloud, input),
    }).catch((error: unknown) => {
      throw toUserError(error, cloud.aws.where);
    });
    const lines = removed.map(({ kind, name }) => `- ${kind} ${name}`);
    const text = removed.length
      ? `removed ${cloud.app.name} from the stage ${cloud.app.stage}`
      : `the stage ${cloud.app.stage} has nothing of ${cloud.app.name}`;
    for (const line of lines) reporter.line(reporter.paint("red", line));
    reporter.result(text, { type: "removed", removed });
    return 0;
  } finally {
    await cloud.close();
  }
}

async function consent({ parts, releases, live }: Deployed, { app, isLocal }: StageCloud, input: CommandInput): Promise<void> {
  const { reporter } = input;
  const shown = parts.filter(({ kind }) => kind !== "permission");
  for (const { kind, name } of shown) reporter.line(reporter.paint("red", `- ${kind.padEnd(10)}  ${name}`));
  if (releases.length) reporter.line(reporter.paint("red", `- releases    ${releases.map(({ number }) => number).join(", ")}`));
  reporter.line(reporter.paint("red", `- secrets, logs and records of the stage ${app.stage}`));
  if (live) reporter.line(`\n${live.url} answers nothing afterwards; this cannot be undone`);
  if (app.protected) await agreeByName(input, app.stage);
  else if (!isLocal) await agree(input, `Remove ${app.name} from the stage ${app.stage}?`);
}
