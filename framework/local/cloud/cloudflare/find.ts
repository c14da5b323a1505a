/** Looks up a script and what belongs to it: a call's path in, records or Cloudflare's 404 out. */
import { CloudflareError } from "./cloudflare-error.ts";
import type { Edge } from "./edge.ts";
import type { Call } from "./operation.ts";
import type { DeploymentRecord, ScriptRecord, VersionRecord } from "./records.ts";

/** Rule of the names (facts/cloudflare.md section 1.3). */
const nameForm = /^[a-z][a-z0-9-]{0,62}$/;

export function notFound(): CloudflareError {
  return new CloudflareError(10007, 404, "This Worker does not exist on your account.");
}

/** Throws 10016 for a name that no Worker can have. */
export function scriptName(call: Call): string {
  const name = call.path["script"] ?? "";
  if (!nameForm.test(name) || name.endsWith("-"))
    throw new CloudflareError(
      10016,
      400,
      "Invalid Worker name: it must start with a letter, end with a letter or a digit, have lower-case letters, digits and dashes only, and at most 63 of them.",
    );
  return name;
}

/** Throws 10007. */
export function findScript(call: Call, edge: Edge): ScriptRecord {
  const script = edge.state.scripts.get(call.path["script"] ?? "");
  if (!script) throw notFound();
  return script;
}

/** The beta API takes the immutable id as well as the name. */
export function findWorker(call: Call, edge: Edge): ScriptRecord {
  const given = call.path["worker"] ?? "";
  const script = edge.state.scripts.get(given) ?? edge.state.scripts.all().find(({ tag }) => tag === given);
  if (!script) throw notFound();
  return script;
}

/** Newest first. */
export function versionsOf(script: Pick<ScriptRecord, "name">, edge: Edge): readonly VersionRecord[] {
  return edge.state.versions
    .all()
    .filter((version) => version.script === script.name)
    .toSorted((left, right) => right.number - left.number);
}

export function latestVersion(script: Pick<ScriptRecord, "name">, edge: Edge): VersionRecord | undefined {
  return versionsOf(script, edge)[0];
}

/** Newest, which is the live one, first. */
export function deploymentsOf(script: Pick<ScriptRecord, "name">, edge: Edge): readonly DeploymentRecord[] {
  return edge.state.deployments
    .all()
    .filter((deployment) => deployment.script === script.name)
    .toSorted((left, right) => right.sequence - left.sequence);
}

export function liveDeployment(script: Pick<ScriptRecord, "name">, edge: Edge): DeploymentRecord | undefined {
  return deploymentsOf(script, edge)[0];
}

/** The version with the largest share of the live traffic. */
export function mainVersion(script: Pick<ScriptRecord, "name">, edge: Edge): VersionRecord | undefined {
  const shares = liveDeployment(script, edge)?.versions ?? [];
  const [largest] = shares.toSorted((left, right) => right.percentage - left.percentage);
  return largest && edge.state.versions.get(`${script.name}/${largest.version_id}`);
}

/** Throws 404 for a version that the script does not have. */
export function findVersion(script: ScriptRecord, id: string, edge: Edge): VersionRecord {
  const version = edge.state.versions.get(`${script.name}/${id}`);
  if (!version) throw new CloudflareError(10007, 404, `Version ${id} of the Worker ${script.name} does not exist.`);
  return version;
}

/** True when the newest version has all traffic: only then may calls that deploy at once change a secret or a setting. */
export function isLatestDeployed(script: ScriptRecord, edge: Edge): boolean {
  const shares = (liveDeployment(script, edge)?.versions ?? []).filter(({ percentage }) => percentage > 0);
  return shares.length === 1 && shares[0]?.version_id === latestVersion(script, edge)?.id;
}
