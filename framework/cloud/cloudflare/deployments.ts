/** Operations on deployments, which split a script's traffic between versions; one POST switches or rolls back. */
import type { Collection } from "../collection.ts";
import { readAnnotations } from "./annotations.ts";
import { CloudflareError } from "./cloudflare-error.ts";
import { bodyMembers, membersOf } from "./json-body.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { pageOf } from "./pagination.ts";
import type { ScriptRecord, Share, VersionRecord } from "./records.ts";
import { deploymentJson } from "./response-shapes.ts";
import { withScriptLock } from "./script-lock.ts";
import { deploymentsOf, findScript, mainVersion } from "./script-lookup.ts";
import type { CloudflareState } from "./state.ts";
import { recordDeployment, clientOf } from "./version-records.ts";
import { isDeployable } from "./versions.ts";

const refused = (message: string): CloudflareError => new CloudflareError(10210, 400, message);

/** One or two different versions that can be deployed, with percentages of at most two decimals that add up to 100. */
function readShares(
  list: readonly unknown[],
  script: ScriptRecord,
  versions: Collection<VersionRecord>,
): readonly Share[] {
  if (list.length === 0 || list.length > 2)
    throw refused(`A deployment has one or two versions; ${list.length} were given.`);
  const shares = list.map((value): Share => {
    const members = membersOf(value, "versions", 10210);
    const version_id = members.requiredText("version_id");
    const percentage = members.value("percentage");
    members.end();
    if (
      typeof percentage !== "number" ||
      !(percentage >= 0 && percentage <= 100) ||
      Math.round(percentage * 100) / 100 !== percentage
    )
      throw refused("A percentage must be a number from 0 to 100 with at most two decimals.");
    const version = versions.get(`${script.name}/${version_id}`);
    if (!version) throw refused(`Version ${version_id} of the Worker ${script.name} does not exist.`);
    if (!isDeployable(version, script))
      throw refused(`Version ${version_id} is not one of the last 100 that were uploaded and cannot be deployed.`);
    return { version_id, percentage };
  });
  if (shares.length === 2 && shares[0]?.version_id === shares[1]?.version_id)
    throw refused("A version is given twice.");
  const sum = shares.reduce((total, { percentage }) => total + percentage, 0);
  if (Math.abs(sum - 100) > 0.001) throw refused(`The percentages must make 100; they make ${sum}.`);
  return shares;
}

function secretsKey({ bindings }: VersionRecord): string {
  const secrets = bindings
    .filter(({ type }) => type === "secret_text")
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
  return JSON.stringify(secrets);
}

/**
 * Throws 10220 for an older version whose secrets differ from the live ones. wrangler then asks its user and sends
 * `?force=true`.
 */
function checkSecrets(
  shares: readonly Share[],
  script: ScriptRecord,
  state: Pick<CloudflareState, "deployments" | "versions">,
): void {
  const live = mainVersion(script.name, state);
  for (const { version_id } of shares) {
    const version = state.versions.get(`${script.name}/${version_id}`);
    if (live && version && version.number < live.number && secretsKey(version) !== secretsKey(live))
      throw new CloudflareError(
        10220,
        400,
        `Secrets have changed since version ${version_id} was deployed. Use force to deploy it with its own.`,
      );
  }
}

const createDeployment: Operation<"deployments" | "scripts" | "versions", "clock" | "traffic"> = (
  call,
  state,
  services,
) => {
  const script = findScript(call, state);
  const members = bodyMembers(call, 10210);
  members.requiredText("strategy", { oneOf: ["percentage"] });
  const shares = readShares(members.list("versions") ?? [], script, state.versions);
  const annotations = readAnnotations(members.structure("annotations"), ["workers/message", "workers/triggered_by"]);
  // It concerns only Durable Objects.
  members.structure("code_update_strategy");
  members.end();
  if (call.query.get("force") !== "true") checkSecrets(shares, script, state);
  const origin = {
    source: clientOf(call.header("user-agent")),
    annotations: { "workers/triggered_by": "deployment", ...annotations },
  };
  const deployment = recordDeployment(script.name, shares, origin, state, services);
  return { result: deploymentJson(deployment) };
};

const listDeployments: Operation<"deployments" | "scripts"> = (call, state) => {
  const all = deploymentsOf(findScript(call, state).name, state.deployments);
  const { items, info } = pageOf(all, call.query, 100, 100);
  return { result: { deployments: items.map(deploymentJson) }, info };
};

const path = "/accounts/{account}/workers/scripts/{script}/deployments";

export const deploymentOperations: OperationTable = {
  createDeployment: writes(`POST ${path}`, withScriptLock(createDeployment)),
  listDeployments: reads(`GET ${path}`, listDeployments),
};
