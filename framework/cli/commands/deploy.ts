/** `portico deploy --stage NAME`: an app in, its release live out; the plan is printed before anything is changed, and exactly it is applied. */
import type { Progress } from "../../../deploy/candidate.ts";
import { toUserError } from "../../../deploy/lambda/clients.ts";
import type { Plan } from "../../../deploy/plan.ts";
import { release, type Released } from "../../../deploy/release.ts";
import { startWatchdog } from "../../local/watchdog.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { textFlag } from "../flags.ts";
import { gitCommit } from "../git-commit.ts";
import { agreeToPlans, paintPlan, readPlans } from "../plan-output.ts";
import { buildSource, type ReleaseSource } from "../release-source.ts";
import type { Reporter } from "../reporter.ts";
import { openStageCloud, type StageCloud } from "../stage-cloud.ts";
import { requireLambda } from "../targets.ts";

/** Deploys and ends; at stage `local`, where no local cloud runs yet, starts one and serves until stopped. */
export async function deploy(input: CommandInput): Promise<number> {
  const { reporter } = input;
  const watchdog = startWatchdog();
  try {
    const cloud = await openStageCloud(input);
    try {
      requireLambda(cloud.app, reporter);
      await releaseTo(cloud, input);
      if (!cloud.own) return 0;
      const stopped = input.untilStopped();
      reporter.line(reporter.paint("dim", `the local cloud runs at ${cloud.own.cloud.url}; Ctrl-C ends it, its state stays`));
      await stopped;
      return 0;
    } finally {
      await cloud.close();
    }
  } finally {
    await watchdog.close();
  }
}

async function releaseTo(cloud: StageCloud, input: CommandInput): Promise<void> {
  const { reporter } = input;
  const { app } = cloud;
  const started = performance.now();
  const expected = textFlag(input, "plan");
  const plans = expected === undefined ? undefined : await readPlans(expected);
  const [{ source, made }, commit] = await Promise.all([buildSource(cloud, reporter), gitCommit(app.root)]);
  const message = textFlag(input, "message");
  const only = textFlag(input, "only");
  const interruption = watchInterruption(input);
  try {
    const [released] = await release({
      clouds: [cloud.platform({ ...source, ...(only !== undefined && { only }) })],
      ...{ smoke: app.smoke, keep: app.keep, now: () => Date.now() },
      ...(message !== undefined && { message }),
      ...(commit !== undefined && { commit }),
      ...(plans && { expected: plans }),
      onPlans: (shown) => showPlans(shown, cloud, input),
      onProgress: interruption.onProgress,
      checkpoint: interruption.checkpoint,
    });
    report(released!, { calls: cloud.calls().length, milliseconds: performance.now() - started, made }, reporter);
  } catch (error) {
    throw toUserError(error, cloud.aws.where);
  } finally {
    interruption.end();
  }
}

/** Nothing at stage `local` is anybody's but this machine's, so nobody is asked there. */
async function showPlans(plans: readonly Plan[], { isLocal }: StageCloud, input: CommandInput): Promise<void> {
  for (const plan of plans) input.reporter.line(paintPlan(plan, input.reporter));
  if (!isLocal && textFlag(input, "plan") === undefined) await agreeToPlans(plans, input);
}

/** Ctrl-C ends a deploy between two steps; a second one ends the process. */
function watchInterruption({ reporter }: CommandInput) {
  let stopped = false;
  let done = "nothing was changed";
  const stop = (): void => {
    stopped = true;
    reporter.line("stopping after this step; once more stops at once");
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
  return {
    onProgress(progress: Progress): void {
      done = stateAfter(progress);
      reporter.line(progressText(progress));
    },
    checkpoint(): void {
      if (!stopped) return;
      throw new UserError("INTERRUPTED", `the deploy was stopped: ${done}`, "run the same command again: it goes on from there");
    },
    end(): void {
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.removeListener(signal, stop);
    },
  };
}

function stateAfter(progress: Progress): string {
  if (progress.step === "promote" || progress.step === "collect")
    return "the release is live; what is left of earlier ones was not cleared away";
  if (progress.step === "lock") return "nothing was uploaded, and what is live was not touched";
  return "functions were uploaded without traffic, and what is live was not touched";
}

function progressText(progress: Progress): string {
  if (progress.step === "lock") return "took the lock";
  if (progress.step === "upload")
    return `uploaded ${progress.version.function} as version ${progress.version.number} (${progress.done} of ${progress.total})`;
  if (progress.step === "assemble") return `release ${progress.release} is assembled, without traffic`;
  if (progress.step === "smoke") return `smoke test passed (${progress.checks === 1 ? "one request" : `${progress.checks} requests`})`;
  if (progress.step === "promote") return `release ${progress.live.number} takes the traffic`;
  return progress.removed.length
    ? `cleared away ${progress.removed.map(({ kind, name }) => `${kind} ${name}`).join(", ")}`
    : "nothing to clear away";
}

function report(
  { live, plan, changed }: Released,
  cost: { readonly calls: number; readonly milliseconds: number; readonly made: ReleaseSource["made"] },
  reporter: Reporter,
): void {
  const { calls, made } = cost;
  const milliseconds = Math.round(cost.milliseconds);
  const what = changed ? "" : "nothing to do: ";
  const text = `${what}release ${live.number}  ${reporter.paint("bold", live.url)}  (${(milliseconds / 1000).toFixed(1)} s, ${calls} API calls)`;
  reporter.result(text, {
    type: "release",
    release: live.number,
    url: live.url,
    changed,
    milliseconds,
    calls,
    plan,
    ...(made.length && { made }),
  });
}
