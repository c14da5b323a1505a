/** Secrets: each change makes a version with the other secrets and deploys it at once; values are never shown. */
import { isRecord, type Members } from "../members.ts";
import { checkBindings, readBinding } from "./binding-kinds.ts";
import { bodyMembers, membersOf } from "./body.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import type { Edge } from "./edge.ts";
import { exclusive } from "./exclusive.ts";
import { findScript, isLatestDeployed, latestVersion, mainVersion } from "./find.ts";
import { keepDeployment, keepVersion, sourceOf } from "./keep-version.ts";
import { type Call, type Operation, type OperationTable, reads, writes } from "./operation.ts";
import type { Binding, ScriptRecord, VersionRecord } from "./records.ts";

/** By name; null removes. */
export type BindingChanges = ReadonlyMap<string, Binding | null>;

/** The bindings of `latest` with the changes. Throws 10053 where a secret would take the name of another kind of binding. */
export function changedBindings(latest: VersionRecord, changes: BindingChanges, edge: Edge): readonly Binding[] {
  for (const [name, change] of changes) {
    const found = latest.bindings.find((binding) => binding.name === name);
    if (!found && change === null) throw new CloudflareError(10056, 404, `Binding name '${name}' not found.`);
    if (found && change && found.type !== change.type)
      throw new CloudflareError(10053, 400, `Binding name '${name}' already in use. Please use a different name and try again.`);
  }
  const kept = latest.bindings.filter(({ name }) => !changes.has(name));
  const bindings = [...kept, ...[...changes.values()].filter((change) => change !== null)];
  checkBindings(bindings, edge);
  return bindings;
}

/** Throws 10222 without a version, 10215 while the newest one has not all traffic: it would be deployed unasked. */
function deployableBase(script: ScriptRecord, edge: Edge): VersionRecord {
  const latest = latestVersion(script, edge);
  if (!latest) throw new CloudflareError(10222, 400, "This Worker has no versions.");
  if (!isLatestDeployed(script, edge))
    throw new CloudflareError(10215, 400, "Secret edit failed: the latest version of the Worker isn't currently deployed.");
  return latest;
}

function applyNow(call: Call, script: ScriptRecord, changes: BindingChanges, edge: Edge): void {
  const latest = deployableBase(script, edge);
  const annotations = { "workers/triggered_by": "secret" };
  const source = sourceOf(call.header("user-agent"));
  const version = keepVersion(script, { ...latest, bindings: changedBindings(latest, changes, edge) }, annotations, source, edge);
  keepDeployment(script.name, [{ version_id: version.id, percentage: 100 }], annotations, source, edge);
}

function readSecret(members: Members, script: ScriptRecord, edge: Edge): Binding {
  const [name, type, text] = [members.requiredText("name"), members.requiredText("type"), members.text("text")];
  members.end();
  if (type !== "secret_text") throw invalid("A secret's type must be secret_text.");
  return readBinding({ name, type, text }, script.name, edge);
}

const putSecret: Operation = (call, edge) => {
  const script = findScript(call, edge);
  const secret = readSecret(bodyMembers(call), script, edge);
  applyNow(call, script, new Map([[secret.name, secret]]), edge);
  return { result: { name: secret.name, type: secret.type } };
};

/** A merge patch: a secret, or null to remove one. */
const patchSecrets: Operation = (call, edge) => {
  const script = findScript(call, edge);
  const members = bodyMembers(call);
  const secrets = members.value("secrets");
  members.end();
  if (!isRecord(secrets)) throw invalid("secrets must be an object.");
  const changes = new Map(
    Object.entries(secrets).map(([name, value]): [string, Binding | null] => {
      if (value === null) return [name, null];
      const secret = readSecret(membersOf(value, `secrets.${name}`), script, edge);
      if (secret.name !== name) throw invalid(`The secret ${name} has another name inside.`);
      return [name, secret];
    }),
  );
  applyNow(call, script, changes, edge);
  return { result: [...changes].flatMap(([name, change]) => (change ? [{ name, type: change.type }] : [])) };
};

/** Of the live version; before a first deployment, of the newest. */
function secretsOf(script: ScriptRecord, edge: Edge): readonly { readonly name: string; readonly type: string }[] {
  const { bindings = [] } = mainVersion(script, edge) ?? latestVersion(script, edge) ?? {};
  return bindings.filter(({ type }) => type === "secret_text").map(({ name, type }) => ({ name, type }));
}

const getSecret: Operation = (call, edge) => {
  const secret = secretsOf(findScript(call, edge), edge).find(({ name }) => name === call.path["secret"]);
  if (!secret) throw new CloudflareError(10056, 404, `Binding name '${call.path["secret"]}' not found.`);
  return { result: secret };
};

const deleteSecret: Operation = (call, edge) => {
  const script = findScript(call, edge);
  const name = call.path["secret"] ?? "";
  if (!latestVersion(script, edge)?.bindings.some((binding) => binding.name === name && binding.type === "secret_text"))
    throw new CloudflareError(10056, 404, `Binding name '${name}' not found.`);
  applyNow(call, script, new Map([[name, null]]), edge);
  return { result: null };
};

const secrets = "/accounts/{account}/workers/scripts/{script}/secrets";

export const secretTable: OperationTable = {
  listSecrets: reads(`GET ${secrets}`, (call, edge) => ({ result: secretsOf(findScript(call, edge), edge) })),
  putSecret: writes(`PUT ${secrets}`, exclusive(putSecret)),
  patchSecrets: writes("PATCH /accounts/{account}/workers/scripts/{script}/secrets-bulk", exclusive(patchSecrets)),
  getSecret: reads(`GET ${secrets}/{secret}`, getSecret),
  deleteSecret: writes(`DELETE ${secrets}/{secret}`, exclusive(deleteSecret)),
};
