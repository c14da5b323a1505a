/** `portico rollback [N]` and `portico promote N`: a stage and a release in, that release live out; no build, no upload. */
import { join } from "node:path";
import { createJournal } from "../../../deploy/journal.ts";
import { type Switch, switchRelease } from "../../../deploy/switch.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { agree } from "../consent.ts";
import { releaseRows, releaseTable } from "../release-table.ts";
import type { Reporter } from "../reporter.ts";
import { explaining, oneCloud, openStageCloud } from "../stage-cloud.ts";

/** To the release before, or to the one that is named. */
export const rollback = (input: CommandInput): Promise<number> => run(input, "rollback", toNumber(input.args[0]));

/** To the one that is named, older or newer; else to the canary. */
export const promote = (input: CommandInput): Promise<number> => run(input, "promote", toNumber(input.args[0]));

async function run(input: CommandInput, command: "rollback" | "promote", number: number | undefined): Promise<number> {
  const { reporter } = input;
  const started = performance.now();
  const stage = await openStageCloud(input);
  try {
    const cloud = oneCloud(stage);
    const file = join(stage.app.root, ".portico", "rollbacks", `${cloud.target}--${stage.owner.app}--${stage.owner.stage}.json`);
    const { live, changed, cutOffFrom } = await explaining([cloud], () =>
      switchRelease({
        ...{ platform: cloud.platform(), command, smoke: stage.app.smoke, journal: createJournal(file, Date.now) },
        ...(number !== undefined && { number }),
        async onSwitch(change, deployed) {
          reporter.line(`${releaseTable(releaseRows(deployed))}\n`);
          tell(change, reporter);
          if (!stage.isLocal && (change.secrets.length || change.stays.length)) await agree(input, `Move to release ${change.to.number}?`);
        },
      }),
    );
    const milliseconds = Math.round(performance.now() - started);
    const calls = stage.calls().length;
    const text = `${changed ? "" : "nothing to do: "}release ${live.number} is live  ${reporter.paint("bold", live.url)}  (${(milliseconds / 1000).toFixed(1)} s, ${calls} API calls)`;
    if (cutOffFrom !== undefined)
      reporter.warn(
        `the rollback from release ${cutOffFrom} that was cut off here had taken effect; to go further, say it once more or name a number`,
      );
    reporter.result(text, { type: command, release: live.number, url: live.url, changed, milliseconds, calls });
    return 0;
  } finally {
    await stage.close();
  }
}

/** What it does, and what it leaves as it is. */
function tell({ from, to, secrets, stays }: Switch, reporter: Reporter): void {
  const moves = to.number === from.number ? "takes all of the traffic again" : `takes the traffic from release ${from.number}`;
  reporter.line(`release ${to.number} ${moves}`);
  if (secrets.length)
    reporter.warn(`release ${to.number} carries other versions of the secrets ${secrets.join(", ")}: those it was made with`);
  if (stays.length) reporter.warn(`not undone, since all releases share it: ${stays.join(", ")}`);
  reporter.line("not undone either: what the app wrote to databases, buckets and queues");
}

function toNumber(word: CommandInput["args"][number]): number | undefined {
  if (word === undefined) return undefined;
  if (typeof word === "string" && /^[1-9]\d{0,8}$/.test(word)) return Number(word);
  throw new UserError("BAD_RELEASE", `"${String(word)}" is no release's number`, "portico releases lists them");
}
