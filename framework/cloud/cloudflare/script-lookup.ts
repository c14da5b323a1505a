/** Finds the script that a call names, and the versions and deployments of a script. */
import type { Collection } from "../collection.ts";
import type { ApiCall } from "./api-call.ts";
import { CloudflareError } from "./cloudflare-error.ts";
import type { DeploymentRecord, ScriptRecord, VersionRecord } from "./records.ts";
import type { CloudflareState } from "./state.ts";

/** The form of a Worker's name (docs: Workers, configuration, environments and limits). */
const nameForm = /^[a-z][a-z0-9-]{0,62}$/;

export function scriptNotFound(): CloudflareError {
  return new CloudflareError(10007, 404, "This Worker does not exist on your account.");
}

/** The name in the call's path. Throws 10016 for a name that no Worker can have. */
export function scriptName(call: ApiCall): string {
  const name = call.path["script"] ?? "";
  if (!nameForm.test(name) || name.endsWith("-"))
    throw new CloudflareError(
      10016,
      400,
      "Invalid Worker name: it must start with a letter, end with a letter or a digit, " +
        "have lower-case letters, digits and dashes only, and at most 63 of them.",
    );
  return name;
}

/** Throws 10007. */
export function findScript(call: ApiCall, { scripts }: Pick<CloudflareState, "scripts">): ScriptRecord {
  const script = scripts.get(call.path["script"] ?? "");
  if (!script) throw scriptNotFound();
  return script;
}

/** The beta API takes the immutable id as well as the name. */
export function findWorker(call: ApiCall, { scripts }: Pick<CloudflareState, "scripts">): ScriptRecord {
  const given = call.path["worker"] ?? "";
  const script = scripts.get(given) ?? scripts.all().find(({ tag }) => tag === given);
  if (!script) throw scriptNotFound();
  return script;
}

/** Newest first. */
export function versionsOf(script: string, versions: Collection<VersionRecord>): readonly VersionRecord[] {
  return versions
    .all()
    .filter((version) => version.script === script)
    .toSorted((left, right) => right.number - left.number);
}

export function latestVersion(script: string, versions: Collection<VersionRecord>): VersionRecord | undefined {
  return versionsOf(script, versions)[0];
}

/** Newest, which is the live one, first. */
export function deploymentsOf(script: string, deployments: Collection<DeploymentRecord>): readonly DeploymentRecord[] {
  return deployments
    .all()
    .filter((deployment) => deployment.script === script)
    .toSorted((left, right) => right.sequence - left.sequence);
}

export function liveDeployment(
  script: string,
  deployments: Collection<DeploymentRecord>,
): DeploymentRecord | undefined {
  return deploymentsOf(script, deployments)[0];
}

/** The version with the largest share of the live traffic. */
export function mainVersion(
  script: string,
  { deployments, versions }: Pick<CloudflareState, "deployments" | "versions">,
): VersionRecord | undefined {
  const shares = liveDeployment(script, deployments)?.versions ?? [];
  const [largest] = shares.toSorted((left, right) => right.percentage - left.percentage);
  return largest && versions.get(`${script}/${largest.version_id}`);
}

/** Throws 404 for a version that the script does not have. */
export function findVersion(script: string, id: string, versions: Collection<VersionRecord>): VersionRecord {
  const version = versions.get(`${script}/${id}`);
  if (!version) throw new CloudflareError(10007, 404, `Version ${id} of the Worker ${script} does not exist.`);
  return version;
}

/**
 * True when the newest version has all traffic: only then may calls that deploy at once change a secret or a setting.
 */
export function isLatestDeployed(
  script: string,
  { deployments, versions }: Pick<CloudflareState, "deployments" | "versions">,
): boolean {
  const shares = (liveDeployment(script, deployments)?.versions ?? []).filter(({ percentage }) => percentage > 0);
  return shares.length === 1 && shares[0]?.version_id === latestVersion(script, versions)?.id;
}
