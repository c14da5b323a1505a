/** `portico deploy --stage local`: an app in, its release live in the local cloud out; the plan is printed before anything is changed. */
import type { Progress } from "../../../deploy/apply.ts";
import { createClients, toUserError } from "../../../deploy/lambda/clients.ts";
import { draftRelease } from "../../../deploy/lambda/draft.ts";
import { createLambdaPlatform } from "../../../deploy/lambda/platform.ts";
import { type Plan, planText } from "../../../deploy/plan.ts";
import { release, type Released } from "../../../deploy/release.ts";
import { resolveEnv, type ResolvedEnv } from "../../config/env.ts";
import { loadApp } from "../../config/load.ts";
import { startWatchdog } from "../../local/watchdog.ts";
import type { App } from "../../model/app.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { appFlags, portFlag, textFlag } from "../flags.ts";
import { type CloudAccess, cloudFolder, reachCloud } from "../local-cloud.ts";
import type { Reporter } from "../reporter.ts";
import { secretVersions } from "../secret-versions.ts";
import { buildFolder, buildTarget } from "./build.ts";

/** Deploys to a running local cloud and ends, or starts one and serves until stopped. */
export async function deploy(input: CommandInput): Promise<number> {
  const { reporter } = input;
  requireLocal(textFlag(input, "stage"));
  const port = textFlag(input, "port") === undefined ? undefined : portFlag(input, 0);
  const watchdog = startWatchdog();
  try {
    const app = withoutAccount(await loadApp(appFlags(input, "local")));
    requireLambda(app, reporter);
    requireHttpApi(app);
    await buildTarget(app, "lambda", (text) => reporter.warn(text));
    const env = await resolveEnv(app, { files: true, makeSecrets: true, processEnv: process.env });
    const { access, own } = await reachCloud(app.root, port, reporter);
    try {
      await releaseTo(access, app, env, reporter);
      if (!own) return 0;
      const stopped = input.untilStopped();
      reporter.line(reporter.paint("dim", `the local cloud runs at ${access.endpoint}; Ctrl-C ends it, its state stays`));
      await stopped;
      return 0;
    } finally {
      await own?.close();
    }
  } finally {
    await watchdog.close();
  }
}

function requireLocal(stage: string | undefined): void {
  if (stage === "local") return;
  if (stage === undefined) throw new UserError("STAGE_MISSING", "deploy needs the stage to release to", "portico deploy --stage local");
  throw new UserError(
    "STAGE_NOT_YET",
    `this version of Portico cannot release to the stage "${stage}" on AWS yet: it has no lock, no record and no rollback there`,
    "portico deploy --stage local releases the same app through the same code to the local cloud",
  );
}

function requireLambda({ targets }: App, reporter: Reporter): void {
  const others = targets.filter((target) => target !== "lambda");
  const why = "this version of Portico releases to Lambda only; Workers come with a later one";
  if (!targets.includes("lambda")) {
    throw new UserError(
      "TARGET_NOT_YET",
      `the app's target is ${others.join(" and ")}, and ${why}`,
      "portico deploy --stage local --target lambda, or portico dev to run it on its own target",
    );
  }
  if (others.length) reporter.warn(`only lambda is deployed, not ${others.join(" and ")}: ${why}`);
}

function requireHttpApi({ lambda: { front } }: App): void {
  if (front !== "function-url") return;
  throw new UserError(
    "FRONT_NOT_YET",
    "this version of Portico cannot release to a function URL yet",
    'portico dev runs the app behind one; to deploy it, leave "front" out of "lambda"',
  );
}

/** Roles, boundaries and networks of a real account do not exist in the local cloud. */
function withoutAccount(app: App): App {
  const { architecture, policies, front } = app.lambda;
  return { ...app, lambda: { architecture, policies, ...(front && { front }) } };
}

async function releaseTo(access: CloudAccess, app: App, { env, made, undeclared }: ResolvedEnv, reporter: Reporter): Promise<void> {
  const started = performance.now();
  const secrets = Object.fromEntries(app.secrets.map((name) => [name, env[name] ?? ""]));
  const versions = await secretVersions(cloudFolder(app.root), access.secretAccessKey, secrets);
  const draft = await draftRelease(buildFolder(app, "lambda"), { env, secretVersions: versions });
  let calls = 0;
  const clients = createClients(access, () => {
    calls += 1;
  });
  if (undeclared.length) reporter.warn(`${undeclared.join(", ")} in .env is not declared in hosting.json and is not deployed`);
  for (const { name, value } of made) reporter.line(`made the secret ${name} for this machine: ${reporter.paint("bold", value)}`);
  try {
    const released = await release({
      platform: createLambdaPlatform(clients, draft),
      app,
      draft,
      onPlan: (plan) => reporter.line(paintPlan(plan, reporter)),
      onProgress: (progress) => reporter.line(progressText(progress)),
    });
    report(released, { calls, milliseconds: performance.now() - started, made }, reporter);
  } catch (error) {
    throw toUserError(error, access.endpoint);
  }
}

const colours = { "+": "green", "~": "yellow", "-": "red", "!": "magenta", "=": "dim" } as const;

function paintPlan(plan: Plan, reporter: Reporter): string {
  const [heading = "", ...lines] = planText(plan).split("\n");
  const painted = lines.map((line) => reporter.paint(colours[line.slice(0, 1) as keyof typeof colours], line));
  return [reporter.paint("bold", heading), ...painted, ""].join("\n");
}

function progressText(progress: Progress): string {
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
  cost: { readonly calls: number; readonly milliseconds: number; readonly made: ResolvedEnv["made"] },
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
