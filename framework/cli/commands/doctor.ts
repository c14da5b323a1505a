/** `portico doctor`: a stage in, whether a deploy to it can work out; with --policy the least rights that it needs; with --probe what AWS really does. */
import type { Finding } from "../../../deploy/finding.ts";
import { deployerPolicy } from "../../../deploy/lambda/deployer-policy.ts";
import { examine as examineLambda } from "../../../deploy/lambda/doctor.ts";
import { probeCloud } from "../../../deploy/lambda/probe-cloud.ts";
import { readBuild as readLambdaBuild } from "../../../deploy/lambda/read-build.ts";
import { policyOf } from "../../../deploy/lambda/role.ts";
import { examine as examineWorkers } from "../../../deploy/workers/doctor.ts";
import { readBuild as readWorkersBuild } from "../../../deploy/workers/read-build.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { explaining, headingOf, type LambdaCloud, oneCloud, openStageCloud, type StageCloud, type TargetCloud } from "../stage-cloud.ts";
import { archive } from "../release-source.ts";
import { buildFolder, buildTarget } from "./build.ts";

/** Exit code 1 when anything is not well. */
export async function doctor(input: CommandInput): Promise<number> {
  const stage = await openStageCloud(input);
  try {
    if (input.flags["policy"] === true) return printPolicy(stage, input);
    if (input.flags["probe"] === true) return print(await probe(requireLambda(oneCloud(stage)), stage), input);
    let worst = 0;
    for (const cloud of stage.clouds) worst = Math.max(worst, await printFindings(cloud, stage, input));
    return worst;
  } finally {
    await stage.close();
  }
}

/** Two documents: what whoever deploys must be allowed, and what the functions' role is given. Throws UserError DOCTOR_AWS. */
function printPolicy(stage: StageCloud, { reporter }: CommandInput): number {
  const { app, owner } = stage;
  const { aws } = requireLambda(oneCloud(stage));
  const deployer = deployerPolicy({ owner, account: aws.account, region: aws.clients.region, lambda: app.lambda });
  const functions: unknown = JSON.parse(policyOf(owner, app.lambda));
  reporter.result(JSON.stringify({ deployer, functions }, null, 2), { type: "policy", deployer, functions });
  return 0;
}

function requireLambda(cloud: TargetCloud): LambdaCloud {
  if (cloud.target === "lambda") return cloud;
  throw new UserError(
    "DOCTOR_AWS",
    "--policy and --probe are about AWS; Cloudflare knows permissions of tokens",
    "a token needs Workers Scripts: Edit; with domains or routes also Zone: Workers Routes: Edit and Zone: Read",
  );
}

/** Makes an API and a function of its own in the account, and takes both away again. */
const probe = (cloud: LambdaCloud, { owner }: StageCloud): Promise<readonly Finding[]> =>
  explaining([cloud], () => probeCloud(cloud.aws.clients, owner, archive));

async function printFindings(cloud: TargetCloud, stage: StageCloud, input: CommandInput): Promise<number> {
  await buildTarget(stage.app, cloud.target, (text) => input.reporter.warn(text));
  if (stage.clouds.length > 1) input.reporter.line(input.reporter.paint("bold", headingOf(cloud)));
  return print(await explaining([cloud], () => examine(cloud, stage)), input);
}

function print(findings: readonly Finding[], { reporter }: CommandInput): number {
  const lines = findings.map(({ check, ok, text, fix }) => {
    const sign = ok ? reporter.paint("green", "ok ") : reporter.paint("red", "no ");
    return `${sign} ${check.padEnd(14)}  ${text}${fix === undefined ? "" : `\n    ${reporter.paint("green", "fix")}: ${fix}`}`;
  });
  reporter.result(lines.join("\n"), { type: "doctor", findings });
  return findings.every(({ ok }) => ok) ? 0 : 1;
}

async function examine(cloud: TargetCloud, { app, isLocal }: StageCloud): Promise<readonly Finding[]> {
  const folder = buildFolder(app, cloud.target);
  if (cloud.target === "workers")
    return examineWorkers({ client: cloud.cloudflare.client, app, build: await readWorkersBuild(folder, app.root), isLocal });
  const { clients, account } = cloud.aws;
  return examineLambda({ clients, account, app, build: await readLambdaBuild(folder), isLocal });
}
