/** `portico rollback` and `portico promote`: move a stage's traffic to another release, without build or upload. */
import { join } from "node:path";
import { createRollbackJournal } from "../../../deploy/rollback-journal.ts";
import { type Switch, switchRelease } from "../../../deploy/switch.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { confirm } from "../confirmation.ts";
import { textFlag } from "../flags.ts";
import { openSchema } from "../open-schema.ts";
import { releaseRows, releaseTable } from "../release-table.ts";
import type { Reporter } from "../reporter.ts";
import { rotatedSecrets, rotatedText } from "../rotated-secrets.ts";
import { chooseCloud, explainErrors, openStageCloud } from "../stage-cloud.ts";

/** Moves the traffic to the release of the argument, or to the one before the live one. */
export const rollback = (input: CommandInput): Promise<number> => run(input, "rollback", toNumber(input));

/** Moves the traffic to the release of the argument, or to the canary. */
export const promote = (input: CommandInput): Promise<number> => run(input, "promote", toNumber(input));

async function run(input: CommandInput, command: "rollback" | "promote", number: number | undefined): Promise<number> {
  const { reporter } = input;
  const started = performance.now();
  const stage = await openStageCloud(input);
  try {
    const cloud = await chooseCloud(stage, input);
    // Each cloud numbers its own releases, so that lines name the cloud of an app with two.
    const prefix = cloud.prefix || (textFlag(input, "target") === undefined ? "" : `${cloud.target}: `);
    const file = join(
      stage.app.root,
      ".portico",
      "rollbacks",
      `${cloud.target}--${stage.owner.app}--${stage.owner.stage}.json`,
    );
    const opened = await openSchema(stage, reporter);
    const { live, changed, cutOffFrom } = await explainErrors(cloud, () =>
      switchRelease({
        ...(opened && { schema: opened.schema(() => cloud.target) }),
        platform: cloud.platform(),
        command,
        smoke: stage.app.smoke,
        journal: createRollbackJournal(file, Date.now),
        ...(number !== undefined && { number }),
        async onSwitch(change, deployed) {
          reporter.line(`${releaseTable(releaseRows(deployed)).replace(/^(?=.)/gm, prefix)}\n`);
          printSwitch(change, prefix, reporter);
          const rotated = await rotatedSecrets(cloud, stage, change.to);
          for (const one of rotated) reporter.warn(prefix + rotatedText(change.to.number, one));
          if (!stage.isLocal && (change.secrets.length || change.stays.length || rotated.length))
            await confirm(input, `${prefix}Move to release ${change.to.number}?`);
        },
      }),
    ).finally(() => opened?.close());
    const milliseconds = Math.round(performance.now() - started);
    const calls = stage.calls().length;
    const beginning = `${prefix}${changed ? "" : "nothing to do: "}release ${live.number} is live`;
    const effort = `(${(milliseconds / 1000).toFixed(1)} s, ${calls} API calls)`;
    if (cutOffFrom !== undefined)
      reporter.warn(
        `${prefix}an interrupted rollback from release ${cutOffFrom} had already taken effect; ` +
          "to go back further, run the command again, or add a release number",
      );
    reporter.result(`${beginning}  ${reporter.paint("bold", live.url)}  ${effort}`, {
      type: command,
      target: cloud.target,
      release: live.number,
      url: live.url,
      changed,
      milliseconds,
      calls,
    });
    return 0;
  } finally {
    await stage.close();
  }
}

/** Prints the effects of a switch, and the things that it does not undo. */
function printSwitch({ from, to, secrets, stays }: Switch, prefix: string, reporter: Reporter): void {
  const moves =
    to.number === from.number ? "takes all of the traffic again" : `takes the traffic from release ${from.number}`;
  reporter.line(`${prefix}release ${to.number} ${moves}`);
  if (secrets.length)
    reporter.warn(
      `${prefix}release ${to.number} has other versions of the secrets ${secrets.join(", ")}: ` +
        "those of its own deploy",
    );
  if (stays.length) reporter.warn(`${prefix}not undone, since all releases share it: ${stays.join(", ")}`);
  reporter.line(`${prefix}not undone either: what the app wrote to databases, buckets and queues`);
}

function toNumber({ args, flags }: Pick<CommandInput, "args" | "flags">): number | undefined {
  const [arg] = args;
  if (arg === undefined) return undefined;
  if (typeof arg === "string" && /^[1-9]\d{0,8}$/.test(arg)) return Number(arg);
  const stage = textFlag({ flags }, "stage") ?? "NAME";
  const fix = `Run portico releases --stage ${stage} to list the numbers.`;
  throw new UserError("BAD_RELEASE", `"${String(arg)}" is no release number`, fix);
}
