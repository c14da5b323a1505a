/** Operations on secrets: each change makes a version with the other secrets and deploys it; values are never shown. */
import { isRecord } from "../structure-reader.ts";
import type { AccountPlan } from "./account-plan.ts";
import type { ApiCall } from "./api-call.ts";
import { checkBindings, nameInUse, readSecretBinding } from "./bindings.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import { bodyMembers, membersOf } from "./json-body.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import type { Binding, ScriptRecord, VersionRecord } from "./records.ts";
import { withScriptLock } from "./script-lock.ts";
import { findScript, isLatestDeployed, latestVersion, mainVersion } from "./script-lookup.ts";
import type { CloudflareServices } from "./services.ts";
import type { CloudflareState } from "./state.ts";
import { clientOf, recordDeployment, recordVersion } from "./version-records.ts";

/** New bindings by name; null removes one. */
export type BindingChanges = ReadonlyMap<string, Binding | null>;

/** The state and the services of a change of secrets. */
type ChangeState = "deployments" | "scripts" | "versions";
type ChangeServices = "callableScripts" | "clock" | "plan" | "traffic";

const bindingNotFound = (name: string): CloudflareError =>
  new CloudflareError(10056, 404, `Binding name '${name}' not found.`);

/**
 * The bindings of `latest` with the changes. Throws 10053 where a secret would take the name of another type of
 * binding.
 */
export function changedBindings(latest: VersionRecord, changes: BindingChanges, plan: AccountPlan): readonly Binding[] {
  for (const [name, change] of changes) {
    const found = latest.bindings.find((binding) => binding.name === name);
    if (!found && change === null) throw bindingNotFound(name);
    if (found && change && found.type !== change.type) throw nameInUse(name);
  }
  const unchanged = latest.bindings.filter(({ name }) => !changes.has(name));
  const bindings = [...unchanged, ...[...changes.values()].filter((change) => change !== null)];
  checkBindings(bindings, plan);
  return bindings;
}

/**
 * The newest version. Throws 10222 without one, and 10215 while it does not have all traffic, since a change of its
 * secrets would deploy it.
 */
function deployedVersion(
  { name }: ScriptRecord,
  state: Pick<CloudflareState, "deployments" | "versions">,
): VersionRecord {
  const latest = latestVersion(name, state.versions);
  if (!latest) throw new CloudflareError(10222, 400, "This Worker has no versions.");
  if (!isLatestDeployed(name, state))
    throw new CloudflareError(
      10215,
      400,
      "Secret edit failed: the latest version of the Worker isn't currently deployed.",
    );
  return latest;
}

function deployChanges(
  call: ApiCall,
  script: ScriptRecord,
  changes: BindingChanges,
  state: Pick<CloudflareState, ChangeState>,
  services: Pick<CloudflareServices, ChangeServices>,
): void {
  const latest = deployedVersion(script, state);
  const bindings = changedBindings(latest, changes, services.plan);
  const origin = {
    source: clientOf(call.header("user-agent")),
    annotations: { "workers/triggered_by": "secret" },
  };
  const { id } = recordVersion(script, { ...latest, bindings }, origin, state, services);
  recordDeployment(script.name, [{ version_id: id, percentage: 100 }], origin, state, services);
}

const putSecret: Operation<ChangeState, ChangeServices> = (call, state, services) => {
  const script = findScript(call, state);
  const secret = readSecretBinding(bodyMembers(call));
  deployChanges(call, script, new Map([[secret.name, secret]]), state, services);
  return { result: { name: secret.name, type: secret.type } };
};

/** A merge patch: a secret, or null to remove one. */
const patchSecrets: Operation<ChangeState, ChangeServices> = (call, state, services) => {
  const script = findScript(call, state);
  const members = bodyMembers(call);
  const secrets = members.value("secrets");
  members.end();
  if (!isRecord(secrets)) throw invalid("secrets must be an object.");
  const changes = new Map(
    Object.entries(secrets).map(([name, value]): [string, Binding | null] => {
      if (value === null) return [name, null];
      const secret = readSecretBinding(membersOf(value, `secrets.${name}`));
      if (secret.name !== name) throw invalid(`The secret ${name} has another name inside.`);
      return [name, secret];
    }),
  );
  deployChanges(call, script, changes, state, services);
  return { result: [...changes].flatMap(([name, change]) => (change ? [{ name, type: change.type }] : [])) };
};

/** The secrets of the live version, or of the newest one before the first deployment. */
const listSecrets: Operation<ChangeState> = (call, state) => {
  const { name: script } = findScript(call, state);
  const { bindings = [] } = mainVersion(script, state) ?? latestVersion(script, state.versions) ?? {};
  return {
    result: bindings.filter(({ type }) => type === "secret_text").map(({ name, type }) => ({ name, type })),
  };
};

const deleteSecret: Operation<ChangeState, ChangeServices> = (call, state, services) => {
  const script = findScript(call, state);
  const name = call.path["secret"] ?? "";
  const { bindings = [] } = latestVersion(script.name, state.versions) ?? {};
  if (!bindings.some((binding) => binding.name === name && binding.type === "secret_text")) throw bindingNotFound(name);
  deployChanges(call, script, new Map([[name, null]]), state, services);
  return { result: null };
};

const path = "/accounts/{account}/workers/scripts/{script}";

export const secretOperations: OperationTable = {
  listSecrets: reads(`GET ${path}/secrets`, listSecrets),
  putSecret: writes(`PUT ${path}/secrets`, withScriptLock(putSecret)),
  patchSecrets: writes(`PATCH ${path}/secrets-bulk`, withScriptLock(patchSecrets)),
  deleteSecret: writes(`DELETE ${path}/secrets/{secret}`, withScriptLock(deleteSecret)),
};
