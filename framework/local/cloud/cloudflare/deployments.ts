/** Deployments: which versions get which share of the traffic. One POST is the switch, and the rollback. */
import { readAnnotations } from "./annotations.ts";
import { bodyMembers, membersOf } from "./body.ts";
import { CloudflareError } from "./cloudflare-error.ts";
import { describeDeployment } from "./describe.ts";
import type { Edge } from "./edge.ts";
import { exclusive } from "./exclusive.ts";
import { deploymentsOf, findScript, mainVersion } from "./find.ts";
import { keepDeployment, sourceOf } from "./keep-version.ts";
import { pageOf } from "./page.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import type { DeploymentRecord, ScriptRecord, Share, VersionRecord } from "./records.ts";
import { isDeployable } from "./versions.ts";

const refused = (message: string): CloudflareError => new CloudflareError(10210, 400, message);

/** At most two versions, each once, shares with at most two decimals that make 100, every version deployable. */
function readShares(list: readonly unknown[], script: ScriptRecord, edge: Edge): readonly Share[] {
  if (list.length === 0 || list.length > 2) throw refused(`A deployment has one or two versions; ${list.length} were given.`);
  const shares = list.map((value): Share => {
    const members = membersOf(value, "versions", 10210);
    const version_id = members.requiredText("version_id");
    const percentage = members.value("percentage");
    members.end();
    if (typeof percentage !== "number" || !(percentage >= 0 && percentage <= 100) || Math.round(percentage * 100) / 100 !== percentage)
      throw refused("A percentage must be a number from 0 to 100 with at most two decimals.");
    const version = edge.state.versions.get(`${script.name}/${version_id}`);
    if (!version) throw refused(`Version ${version_id} of the Worker ${script.name} does not exist.`);
    if (!isDeployable(version, script))
      throw refused(`Version ${version_id} is not one of the last 100 that were uploaded and cannot be deployed.`);
    return { version_id, percentage };
  });
  if (shares.length === 2 && shares[0]?.version_id === shares[1]?.version_id) throw refused("A version is given twice.");
  const sum = shares.reduce((total, { percentage }) => total + percentage, 0);
  if (Math.abs(sum - 100) > 0.001) throw refused(`The percentages must make 100; they make ${sum}.`);
  return shares;
}

function secretsOf({ bindings }: VersionRecord): string {
  const secrets = bindings.filter(({ type }) => type === "secret_text").toSorted((left, right) => (left.name < right.name ? -1 : 1));
  return JSON.stringify(secrets);
}

/** Deploying an older version over secrets that changed since needs `?force=true` (code 10220, which wrangler asks its user about). */
function checkSecrets(shares: readonly Share[], script: ScriptRecord, edge: Edge): void {
  const live = mainVersion(script, edge);
  for (const { version_id } of shares) {
    const version = edge.state.versions.get(`${script.name}/${version_id}`);
    if (live && version && version.number < live.number && secretsOf(version) !== secretsOf(live))
      throw new CloudflareError(
        10220,
        400,
        `Secrets have changed since version ${version_id} was deployed. Use force to deploy it with its own.`,
      );
  }
}

const createDeployment: Operation = (call, edge) => {
  const script = findScript(call, edge);
  const members = bodyMembers(call, 10210);
  members.requiredText("strategy", { oneOf: ["percentage"] });
  const shares = readShares(members.list("versions") ?? [], script, edge);
  const annotations = readAnnotations(members.structure("annotations"), ["workers/message", "workers/triggered_by"]);
  // Of Durable Objects alone.
  members.structure("code_update_strategy");
  members.end();
  if (call.query.get("force") !== "true") checkSecrets(shares, script, edge);
  const source = sourceOf(call.header("user-agent"));
  const deployment = keepDeployment(script.name, shares, { "workers/triggered_by": "deployment", ...annotations }, source, edge);
  return { result: describeDeployment(deployment) };
};

const listDeployments: Operation = (call, edge) => {
  const { items, info } = pageOf(deploymentsOf(findScript(call, edge), edge), call.query, 100, 100);
  return { result: { deployments: items.map(describeDeployment) }, info };
};

function findDeployment(script: ScriptRecord, id: string | undefined, edge: Edge): DeploymentRecord {
  const deployment = edge.state.deployments.get(`${script.name}/${id}`);
  if (!deployment) throw new CloudflareError(10007, 404, `Deployment ${id} of the Worker ${script.name} does not exist.`);
  return deployment;
}

const deleteDeployment: Operation = (call, edge) => {
  const script = findScript(call, edge);
  const deployment = findDeployment(script, call.path["deployment"], edge);
  if (deploymentsOf(script, edge)[0]?.id === deployment.id)
    throw new CloudflareError(10338, 400, "The latest deployment serves traffic and cannot be deleted.");
  edge.state.deployments.remove(`${script.name}/${deployment.id}`);
  edge.traffic.changed(script.name);
  return { result: null };
};

const deployments = "/accounts/{account}/workers/scripts/{script}/deployments";

export const deploymentTable: OperationTable = {
  createDeployment: writes(`POST ${deployments}`, exclusive(createDeployment)),
  listDeployments: reads(`GET ${deployments}`, listDeployments),
  getDeployment: reads(`GET ${deployments}/{deployment}`, (call, edge) => ({
    result: describeDeployment(findDeployment(findScript(call, edge), call.path["deployment"], edge)),
  })),
  deleteDeployment: writes(`DELETE ${deployments}/{deployment}`, exclusive(deleteDeployment)),
};
