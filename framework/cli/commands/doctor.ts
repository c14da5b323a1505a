/**
 * `portico doctor`: checks whether a deploy to a stage can work; prints the least IAM policies with --policy, and tests
 * AWS's own behaviour with --probe.
 */
import type { CheckResult } from "../../../deploy/check-result.ts";
import { deployerPolicy } from "../../../deploy/lambda/deployer-policy.ts";
import { examine as examineLambda } from "../../../deploy/lambda/doctor.ts";
import { probeCloud } from "../../../deploy/lambda/http-api/cloud-probe.ts";
import { readBuild as readLambdaBuild } from "../../../deploy/lambda/build.ts";
import { checkLiveJobs } from "../../../deploy/job-schedule.ts";
import { buildNeedsFiles, functionRoles, neededTable } from "../../../deploy/lambda/desired-state.ts";
import { neededJobs } from "../../../deploy/lambda/jobs.ts";
import { examine as examineWorkers } from "../../../deploy/workers/doctor.ts";
import { readBuild as readWorkersBuild } from "../../../deploy/workers/build.ts";
import type { App } from "../../model/app.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import type { Reporter } from "../reporter.ts";
import {
  explainErrors,
  withHeading,
  type LambdaCloud,
  openStageCloud,
  type StageCloud,
  type TargetCloud,
  prefixedWarning,
} from "../stage-cloud.ts";
import { checkDatabases } from "../database-checks.ts";
import { baseStage, comingSecrets, isTemporary } from "../preview-stage.ts";
import { buildFolder, buildTarget } from "../target-build.ts";

/** Exit code 1 when a check fails. */
export async function doctor(input: CommandInput): Promise<number> {
  const stage = await openStageCloud(input);
  try {
    if (input.flags["policy"] === true) return await printPolicy(stage, input);
    if (input.flags["probe"] === true) {
      const cloud = requireLambda(stage);
      return print(await probe(cloud, stage), cloud, input.reporter);
    }
    let worst = 0;
    for (const cloud of stage.clouds) worst = Math.max(worst, await printFindings(cloud, stage, input.reporter));
    return worst;
  } finally {
    await stage.close();
  }
}

/** Prints the IAM policies of the user who deploys, and of each role of functions. Throws UserError DOCTOR_AWS. */
async function printPolicy(
  stage: Pick<StageCloud, "app" | "owner" | "clouds" | "isLocal">,
  { reporter }: Pick<CommandInput, "reporter">,
): Promise<number> {
  const { app, owner } = stage;
  const cloud = requireLambda(stage);
  const { account, clients } = cloud.aws;
  const place = { account, region: clients.region };
  await buildTarget(app, "lambda", prefixedWarning(cloud, reporter));
  const build = await readLambdaBuild(buildFolder(app, "lambda"));
  const needsStore = neededTable(build) !== undefined;
  const needsFiles = buildNeedsFiles(build);
  const needsJobs = neededJobs(build.manifest) !== undefined;
  const base = isTemporary(stage) && app.secrets.length > 0 && { base: { ...owner, stage: baseStage } };
  const deployer = deployerPolicy({ owner, ...place, lambda: app.lambda, needsStore, needsFiles, needsJobs, ...base });
  const roles = Map.groupBy(functionRoles(build, place), ([, role]) => role.policy);
  const functions = [...roles].map(([policy, users]) => ({
    functions: users.map(([id]) => id),
    policy: JSON.parse(policy) as unknown,
  }));
  reporter.result(JSON.stringify({ deployer, functions }, null, 2), { type: "policy", deployer, functions });
  return 0;
}

function requireLambda({ clouds }: Pick<StageCloud, "clouds">): LambdaCloud {
  for (const cloud of clouds) if (cloud.target === "lambda") return cloud;
  throw new UserError(
    "DOCTOR_AWS",
    "--policy and --probe are for AWS; on Cloudflare a token has the permissions",
    "Leave them out; create a token with Workers Scripts: Edit, with domains or routes also " +
      "Zone: Workers Routes: Edit and Zone: Read, with portico/store also D1: Edit, with portico/files also " +
      "Workers R2 Storage: Edit, with jobs also Queues: Edit, and with databases also Hyperdrive: Edit.",
  );
}

/** Creates a temporary API and function in the account, and deletes both. */
const probe = (cloud: LambdaCloud, { owner }: Pick<StageCloud, "owner">): Promise<readonly CheckResult[]> =>
  explainErrors(cloud, () => probeCloud(cloud.aws.clients, owner));

async function printFindings(cloud: TargetCloud, stage: StageCloud, reporter: Reporter): Promise<number> {
  await buildTarget(stage.app, cloud.target, prefixedWarning(cloud, reporter));
  return print(await explainErrors(cloud, () => examine(cloud, stage)), cloud, reporter);
}

function print(findings: readonly CheckResult[], cloud: TargetCloud, reporter: Reporter): number {
  const lines = findings.map(({ check, ok, text, fix }) => {
    const sign = ok ? reporter.paint("green", "ok ") : reporter.paint("red", "no ");
    const fixLine = fix === undefined ? "" : `\n    ${reporter.paint("green", "fix")}: ${fix}`;
    return `${sign} ${check.padEnd(14)}  ${text}${fixLine}`;
  });
  reporter.result(withHeading(cloud, lines.join("\n"), reporter), { type: "doctor", target: cloud.target, findings });
  return findings.every(({ ok }) => ok) ? 0 : 1;
}

async function examine(cloud: TargetCloud, stage: StageCloud): Promise<readonly CheckResult[]> {
  const [checks, live] = await Promise.all([examineTarget(cloud, stage), checkLive(cloud, stage)]);
  return [...checks, ...live, ...(await checkDatabases(cloud, stage))];
}

/** The live release: whether it can be read with this hosting.json, and whether its jobs are called as it wants. */
async function checkLive(cloud: TargetCloud, { app }: Pick<StageCloud, "app">): Promise<readonly CheckResult[]> {
  try {
    return checkLiveJobs(await cloud.platform().observe(), app.stage);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [{ check: "live release", ok: false, text: error.message, fix: error.fix }];
  }
}

/** Without the secrets that a deploy gives to a temporary stage; what is in its way is told beside the databases. */
async function withoutComing(cloud: TargetCloud, stage: StageCloud): Promise<App> {
  const coming = await comingSecrets(cloud, stage).catch((error: unknown) => {
    if (error instanceof UserError) return new Map<string, string>();
    throw error;
  });
  return { ...stage.app, secrets: stage.app.secrets.filter((name) => !coming.has(name)) };
}

async function examineTarget(cloud: TargetCloud, stage: StageCloud): Promise<readonly CheckResult[]> {
  const { isLocal } = stage;
  const app = await withoutComing(cloud, stage);
  const folder = buildFolder(app, cloud.target);
  if (cloud.target === "workers")
    return examineWorkers({
      client: cloud.cloudflare.client,
      app,
      build: await readWorkersBuild(folder, app.root),
      isLocal,
    });
  const { clients, account } = cloud.aws;
  return examineLambda({ clients, account, app, build: await readLambdaBuild(folder), isLocal });
}
