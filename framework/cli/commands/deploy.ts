/** `portico deploy`: builds the app, prints the plan and releases exactly this plan to the stage's clouds. */
import type { Progress } from "../../../deploy/run.ts";
import { type Plan, releaseLine } from "../../../deploy/plan.ts";
import type { Platform } from "../../../deploy/platform.ts";
import { requireSameRelease } from "../../../deploy/preconditions.ts";
import { release, type ReleaseResult } from "../../../deploy/release.ts";
import { startWatchdog } from "../../emulation/watchdog.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { textFlag } from "../flags.ts";
import { deployer } from "../deployer.ts";
import { gitCommit } from "../git-commit.ts";
import { confirmPlans, paintPlan, readPlans } from "../plan-output.ts";
import { type OpenedSchema, openSchema } from "../open-schema.ts";
import { preparePreview } from "../preview-stage.ts";
import { buildSource, type ReleaseSource } from "../release-source.ts";
import type { Reporter } from "../reporter.ts";
import { withHeading, openStageCloud, type StageCloud, type TargetCloud } from "../stage-cloud.ts";
import { requirePlansBefore } from "../stage-plans.ts";

/** At stage `local` without a running local cloud, starts one and serves it until stopped. */
export async function deploy(input: CommandInput): Promise<number> {
  const { reporter } = input;
  messageFlag(input);
  const watchdog = startWatchdog();
  try {
    const stage = await openStageCloud(input);
    try {
      const file = textFlag(input, "plan");
      const expected = file === undefined ? undefined : await readPlans(file);
      await requirePlansBefore(stage, expected, reporter);
      const isPrepared = await preparePreview(stage, reporter);
      const opened = await openSchema(stage, reporter);
      await releaseTo(stage, { opened, expected, isPrepared }, input).finally(() => opened?.close());
      if (!stage.own) return 0;
      const stopped = input.untilStopped();
      stage.own.cloud.startDeliveries();
      for (const line of stage.own.databases) reporter.line(line);
      reporter.line(
        reporter.paint("dim", `the local cloud runs at ${stage.own.cloud.url} until Ctrl-C ends it, its state stays`),
      );
      await stopped;
      return 0;
    } finally {
      await stage.close();
    }
  } finally {
    await watchdog.close();
  }
}

interface Prepared {
  readonly opened: OpenedSchema | undefined;
  readonly expected: readonly Plan[] | undefined;
  /** True where the stage got what it lacked since `expected` was compared with it. */
  readonly isPrepared: boolean;
}

async function releaseTo(
  stage: StageCloud,
  { opened, expected, isPrepared }: Prepared,
  input: Pick<CommandInput, "flags" | "reporter">,
): Promise<void> {
  const { reporter } = input;
  const { app } = stage;
  const started = performance.now();
  const canary = canaryFlag(input);
  const [message, only] = [messageFlag(input), textFlag(input, "only")];
  if (only !== undefined) requireLambdaAlone(stage);
  const [{ platforms, generated }, commit, by] = await Promise.all([
    buildSource(stage, reporter, { creates: true, ...(only !== undefined && { only }) }),
    gitCommit(app.root),
    deployer(stage, process.env),
  ]);
  const cloudOf = (platform: Platform): TargetCloud => stage.clouds[platforms.indexOf(platform)]!;
  const interruption = watchInterruption(input, (platform) => cloudOf(platform).prefix);
  try {
    const released = await release({
      clouds: platforms,
      ...(opened && { schema: opened.schema((platform) => cloudOf(platform).target, only !== undefined) }),
      smoke: app.smoke,
      keep: app.keep,
      by,
      now: () => Date.now(),
      ...(message !== undefined && { message }),
      ...(commit !== undefined && { commit }),
      ...(canary !== undefined && { canary }),
      ...(expected && !isPrepared && { expected }),
      onPlans: (shown) => {
        for (const [at, plan] of expected?.entries() ?? []) requireSameRelease(plan, shown[at]);
        return showPlans(shown, stage, input);
      },
      onProgress: interruption.onProgress,
      checkpoint: interruption.checkpoint,
      explain: (error, platform) => cloudOf(platform).explain(error),
    });
    const cost = { calls: stage.calls().length, milliseconds: performance.now() - started, generated };
    for (const [index, result] of released.entries()) report(result, stage.clouds[index]!, cost, reporter);
    const isStored = ({ live, canary, plan }: ReleaseResult): boolean =>
      (canary?.release ?? live).record?.message === message || releaseLine(plan)?.action === "create";
    if (message !== undefined && !released.some(isStored))
      reporter.warn("the message was not stored: it belongs to a new release, and this deploy made none");
  } finally {
    interruption.end();
  }
}

/** Throws UserError BAD_MESSAGE. */
function messageFlag(input: Pick<CommandInput, "flags">): string | undefined {
  const text = textFlag(input, "message");
  if (text === undefined || text.trim() !== "") return text;
  throw new UserError("BAD_MESSAGE", "the message is empty", "Say with -m what the release is, or leave it out.");
}

/** Throws UserError BAD_CANARY. */
function canaryFlag(input: Pick<CommandInput, "flags">): number | undefined {
  const text = textFlag(input, "canary");
  if (text === undefined) return undefined;
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new UserError(
    "BAD_CANARY",
    `"${text}" is no percentage of the traffic`,
    "Give --canary a whole number from 1 to 99.",
  );
}

/** Throws UserError ONLY_FUNCTIONS. */
function requireLambdaAlone({ clouds }: Pick<StageCloud, "clouds">): void {
  if (clouds.every(({ target }) => target === "lambda")) return;
  throw new UserError(
    "ONLY_FUNCTIONS",
    "--only is for Lambda; on Workers all routes of a release are one Worker",
    "Leave --only out, or add --target lambda",
  );
}

/** Needs no confirmation at stage `local`, which only this machine uses. */
async function showPlans(
  plans: readonly Plan[],
  { isLocal, clouds }: Pick<StageCloud, "isLocal" | "clouds">,
  input: Pick<CommandInput, "flags" | "reporter">,
): Promise<void> {
  const { reporter } = input;
  for (const [index, plan] of plans.entries()) {
    reporter.line(withHeading(clouds[index]!, paintPlan(plan, reporter), reporter));
  }
  if (!isLocal && textFlag(input, "plan") === undefined) await confirmPlans(plans, input);
}

/** Ctrl-C ends a deploy between two steps, and a second one ends the process. */
function watchInterruption({ reporter }: Pick<CommandInput, "reporter">, prefixOf: (platform: Platform) => string) {
  let stopped = false;
  let state = "nothing was changed";
  const stop = (): void => {
    stopped = true;
    reporter.line("stopping after this step; once more stops at once");
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
  return {
    onProgress(progress: Progress, platform: Platform): void {
      state = stateAfter(progress);
      reporter.line(prefixOf(platform) + progressText(progress));
    },
    checkpoint(): void {
      if (!stopped) return;
      throw new UserError(
        "INTERRUPTED",
        `the deploy was stopped: ${state}`,
        "Run the same command again; it continues where it stopped.",
      );
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
  if (progress.step === "upload") {
    const { version, done, total } = progress;
    return `uploaded ${version.function} as version ${version.number} (${done} of ${total})`;
  }
  if (progress.step === "assemble") return `release ${progress.release} is assembled, without traffic`;
  if (progress.step === "smoke")
    return `smoke test passed (${progress.checks === 1 ? "one request" : `${progress.checks} requests`})`;
  if (progress.step === "canary") return `release ${progress.release} takes ${progress.percentage} % of the traffic`;
  if (progress.step === "promote") return `release ${progress.live.number} takes the traffic`;
  return progress.removed.length
    ? `cleared away ${progress.removed.map(({ kind, name }) => `${kind} ${name}`).join(", ")}`
    : "nothing to clear away";
}

function report(
  { live, plan, changed, canary }: ReleaseResult,
  { target, prefix }: TargetCloud,
  cost: { readonly calls: number; readonly milliseconds: number; readonly generated: ReleaseSource["generated"] },
  reporter: Reporter,
): void {
  const { calls, generated } = cost;
  const milliseconds = Math.round(cost.milliseconds);
  const beginning = `${prefix}${changed ? "" : "nothing to do: "}release ${live.number}`;
  const share = canary ? `, and release ${canary.release.number} has ${canary.percentage} % of its traffic` : "";
  const effort = `(${(milliseconds / 1000).toFixed(1)} s, ${calls} API calls)`;
  reporter.result(`${beginning}  ${reporter.paint("bold", live.url)}${share}  ${effort}`, {
    type: "release",
    target,
    release: live.number,
    url: live.url,
    changed,
    milliseconds,
    calls,
    plan,
    ...(canary && { canary: { release: canary.release.number, percentage: canary.percentage } }),
    ...(generated.length && { made: generated }),
  });
}
