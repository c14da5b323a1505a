/** `portico remove`: a stage in, nothing of it left out; shows what goes, and asks. */
import type { Deployed } from "../../../deploy/platform.ts";
import { removeStage } from "../../../deploy/teardown.ts";
import type { CommandInput } from "../command.ts";
import { agree, agreeByName } from "../consent.ts";
import { secretStore } from "../secret-store.ts";
import { explaining, headingOf, openStageCloud, type StageCloud, type TargetCloud } from "../stage-cloud.ts";

/** The command. Running it again goes on where it stopped. */
export async function remove(input: CommandInput): Promise<number> {
  const stage = await openStageCloud(input);
  try {
    for (const cloud of stage.clouds) await removeFrom(cloud, stage, input);
    return 0;
  } finally {
    await stage.close();
  }
}

async function removeFrom(cloud: TargetCloud, stage: StageCloud, input: CommandInput): Promise<void> {
  const { reporter } = input;
  const { app } = stage;
  if (stage.clouds.length > 1) reporter.line(reporter.paint("bold", headingOf(cloud)));
  const removed = await explaining([cloud], async () => {
    const secrets = (await secretStore(cloud, stage).list()).map(({ name }) => name);
    return removeStage({ platform: cloud.platform(), secrets, onPlan: (deployed) => consent(deployed, secrets, stage, input) });
  });
  for (const { kind, name } of removed) reporter.line(reporter.paint("red", `- ${kind} ${name}`));
  const text = removed.length ? `removed ${app.name} from the stage ${app.stage}` : `the stage ${app.stage} has nothing of ${app.name}`;
  reporter.result(text, { type: "removed", target: cloud.target, removed });
}

async function consent(
  { parts, releases, live }: Deployed,
  secrets: readonly string[],
  { app, isLocal }: StageCloud,
  input: CommandInput,
): Promise<void> {
  const { reporter } = input;
  const shown = parts.filter(({ kind }) => kind !== "permission");
  const others = secrets.filter((secret) => !shown.some(({ kind, name }) => kind === "secret" && name === secret));
  const gone = [...shown, ...others.map((name) => ({ kind: "secret", name }))];
  for (const { kind, name } of gone) reporter.line(reporter.paint("red", `- ${kind.padEnd(10)}  ${name}`));
  if (releases.length)
    reporter.line(reporter.paint("red", `- releases    ${releases.map(({ number }) => number).join(", ")}, with their records`));
  if (live) reporter.line(`\n${live.url} answers nothing afterwards; this cannot be undone`);
  if (app.protected) await agreeByName(input, app.stage);
  else if (!isLocal) await agree(input, `Remove ${app.name} from the stage ${app.stage}?`);
}
