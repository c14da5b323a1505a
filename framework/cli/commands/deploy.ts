/** `portico deploy --stage NAME`: an app in, its release live out; the plan is printed before anything is changed, and exactly it is applied. */
import type { Progress } from "../../../deploy/candidate.ts";
import type { Plan } from "../../../deploy/plan.ts";
import type { Platform } from "../../../deploy/platform.ts";
import { release, type Released } from "../../../deploy/release.ts";
import { startWatchdog } from "../../local/watchdog.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { textFlag } from "../flags.ts";
import { gitCommit } from "../git-commit.ts";
import { agreeToPlans, paintPlan, readPlans } from "../plan-output.ts";
import { buildSource, type ReleaseSource } from "../release-source.ts";
import type { Reporter } from "../reporter.ts";
import { explaining, headingOf, openStageCloud, type StageCloud } from "../stage-cloud.ts";

/** Deploys and ends; at stage `local`, where no local cloud runs yet, starts one and serves until stopped. */
export async function deploy(input: CommandInput): Promise<number> {
  const { reporter } = input;
  const watchdog = startWatchdog();
  try {
    const cloud = await openStageCloud(input);
    try {
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
  const canary = canaryFlag(input);
  const [message, only] = [textFlag(input, "message"), textFlag(input, "only")];
  if (only !== undefined) requireFunctions(cloud);
  const [{ platforms, made }, commit] = await Promise.all([
    explaining(cloud.clouds, () => buildSource(cloud, reporter, { makes: true, ...(only !== undefined && { only }) })),
    gitCommit(app.root),
  ]);
  const interruption = watchInterruption(input, (platform) => nameOf(platforms.indexOf(platform), cloud));
  try {
    const released = await explaining(cloud.clouds, () =>
      release({
        clouds: platforms,
        ...{ smoke: app.smoke, keep: app.keep, now: () => Date.now() },
        ...(message !== undefined && { message }),
        ...(commit !== undefined && { commit }),
        ...(canary !== undefined && { canary }),
        ...(plans && { expected: plans }),
        onPlans: (shown) => showPlans(shown, cloud, input),
        onProgress: interruption.onProgress,
        checkpoint: interruption.checkpoint,
      }),
    );
    const cost = { calls: cloud.calls().length, milliseconds: performance.now() - started, made };
    for (const [at, one] of released.entries()) report(one, cloud.clouds[at]!.target, cost, reporter);
  } finally {
    interruption.end();
  }
}

/** Throws UserError BAD_CANARY. */
function canaryFlag(input: CommandInput): number | undefined {
  const text = textFlag(input, "canary");
  if (text === undefined) return undefined;
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new UserError("BAD_CANARY", `"${text}" is no part of the traffic`, "give a whole number of percent from 1 to 99");
}

/** Throws UserError ONLY_FUNCTIONS. */
function requireFunctions({ clouds }: StageCloud): void {
  if (clouds.every(({ target }) => target === "lambda")) return;
  throw new UserError("ONLY_FUNCTIONS", "on Workers the routes of a release are one Worker: none is released alone", "leave --only out");
}

/** Nothing at stage `local` is anybody's but this machine's, so nobody is asked there. */
async function showPlans(plans: readonly Plan[], { isLocal, clouds }: StageCloud, input: CommandInput): Promise<void> {
  const { reporter } = input;
  for (const [at, plan] of plans.entries()) {
    if (plans.length > 1) reporter.line(reporter.paint("bold", headingOf(clouds[at]!)));
    reporter.line(paintPlan(plan, reporter));
  }
  if (!isLocal && textFlag(input, "plan") === undefined) await agreeToPlans(plans, input);
}

/** Before a line of one cloud's, where there are two: `workers: `. */
const nameOf = (at: number, { clouds }: StageCloud): string => (clouds.length > 1 ? `${clouds[at]?.target}: ` : "");

/** Ctrl-C ends a deploy between two steps; a second one ends the process. */
function watchInterruption({ reporter }: CommandInput, nameFor: (platform: Platform) => string) {
  let stopped = false;
  let done = "nothing was changed";
  const stop = (): void => {
    stopped = true;
    reporter.line("stopping after this step; once more stops at once");
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
  return {
    onProgress(progress: Progress, platform: Platform): void {
      done = stateAfter(progress);
      reporter.line(nameFor(platform) + progressText(progress));
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
  if (progress.step === "canary") return `release ${progress.release} has ${progress.percentage} % of the traffic`;
  if (progress.step === "lock") return "nothing was uploaded, and what is live was not touched";
  return "functions were uploaded without traffic, and what is live was not touched";
}

function progressText(progress: Progress): string {
  if (progress.step === "lock") return "took the lock";
  if (progress.step === "upload")
    return `uploaded ${progress.version.function} as version ${progress.version.number} (${progress.done} of ${progress.total})`;
  if (progress.step === "assemble") return `release ${progress.release} is assembled, without traffic`;
  if (progress.step === "smoke") return `smoke test passed (${progress.checks === 1 ? "one request" : `${progress.checks} requests`})`;
  if (progress.step === "canary") return `release ${progress.release} takes ${progress.percentage} % of the traffic`;
  if (progress.step === "promote") return `release ${progress.live.number} takes the traffic`;
  return progress.removed.length
    ? `cleared away ${progress.removed.map(({ kind, name }) => `${kind} ${name}`).join(", ")}`
    : "nothing to clear away";
}

function report(
  { live, plan, changed, canary }: Released,
  target: string,
  cost: { readonly calls: number; readonly milliseconds: number; readonly made: ReleaseSource["made"] },
  reporter: Reporter,
): void {
  const { calls, made } = cost;
  const milliseconds = Math.round(cost.milliseconds);
  const what = changed ? "" : "nothing to do: ";
  const share = canary ? `, and release ${canary.release.number} has ${canary.percentage} % of its traffic` : "";
  const text = `${what}release ${live.number}  ${reporter.paint("bold", live.url)}${share}  (${(milliseconds / 1000).toFixed(1)} s, ${calls} API calls)`;
  reporter.result(text, {
    type: "release",
    ...{ target, release: live.number, url: live.url, changed, milliseconds, calls, plan },
    ...(canary && { canary: { release: canary.release.number, percentage: canary.percentage } }),
    ...(made.length && { made }),
  });
}
