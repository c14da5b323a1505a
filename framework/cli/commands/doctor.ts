/** `portico doctor`: a stage in, whether a deploy to it can work out; with --policy the least rights that it needs; with --probe what AWS really does. */
import { deployerPolicy } from "../../../deploy/lambda/deployer-policy.ts";
import { examine } from "../../../deploy/lambda/doctor.ts";
import { probeCloud } from "../../../deploy/lambda/probe-cloud.ts";
import type { Finding } from "../../../deploy/finding.ts";
import { archive } from "../release-source.ts";
import { policyOf } from "../../../deploy/lambda/role.ts";
import { toUserError } from "../../../deploy/lambda/clients.ts";
import { readBuild } from "../../../deploy/lambda/read-build.ts";
import type { CommandInput } from "../command.ts";
import { openStageCloud, type StageCloud } from "../stage-cloud.ts";
import { buildFolder, buildTarget } from "./build.ts";

/** Exit code 1 when anything is not well. */
export async function doctor(input: CommandInput): Promise<number> {
  const cloud = await openStageCloud(input);
  try {
    if (input.flags["policy"] === true) return printPolicy(cloud, input);
    return print(await (input.flags["probe"] === true ? probe(cloud) : look(cloud, input)), input);
  } finally {
    await cloud.close();
  }
}

/** Two documents: what whoever deploys must be allowed, and what the functions' role is given. */
function printPolicy({ app, aws }: StageCloud, { reporter }: CommandInput): number {
  const owner = { app: app.name, stage: app.stage };
  const deployer = deployerPolicy({ owner, account: aws.account, region: aws.clients.region, lambda: app.lambda });
  const functions: unknown = JSON.parse(policyOf(owner, app.lambda));
  reporter.result(JSON.stringify({ deployer, functions }, null, 2), { type: "policy", deployer, functions });
  return 0;
}

async function look({ app, aws, isLocal }: StageCloud, { reporter }: CommandInput): Promise<readonly Finding[]> {
  await buildTarget(app, "lambda", (text) => reporter.warn(text));
  const build = await readBuild(buildFolder(app, "lambda"));
  return examine({ clients: aws.clients, account: aws.account, app, build, isLocal }).catch((error: unknown) => {
    throw toUserError(error, aws.where);
  });
}

/** Makes an API and a function of its own in the account, and takes both away again. */
function probe({ app, aws }: StageCloud): Promise<readonly Finding[]> {
  return probeCloud(aws.clients, { app: app.name, stage: app.stage }, archive).catch((error: unknown) => {
    throw toUserError(error, aws.where);
  });
}

function print(findings: readonly Finding[], { reporter }: CommandInput): number {
  const lines = findings.map(({ check, ok, text, fix }) => {
    const sign = ok ? reporter.paint("green", "ok ") : reporter.paint("red", "no ");
    return `${sign} ${check.padEnd(14)}  ${text}${fix === undefined ? "" : `\n    ${reporter.paint("green", "fix")}: ${fix}`}`;
  });
  reporter.result(lines.join("\n"), { type: "doctor", findings });
  return findings.every(({ ok }) => ok) ? 0 : 1;
}
