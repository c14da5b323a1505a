/** Operations of the beta API on versions: get one with its modules, and change bindings by a merge patch. */
import { isRecord } from "../structure-reader.ts";
import { author } from "./account.ts";
import { readAnnotations } from "./annotations.ts";
import { bindingJson, type BoundCollection, readBinding } from "./bindings.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import type { ContentStore } from "./content-store.ts";
import { bodyMembers } from "./json-body.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import type { Binding, VersionRecord } from "./records.ts";
import { withScriptLock } from "./script-lock.ts";
import { findVersion, findWorker, latestVersion } from "./script-lookup.ts";
import { changedBindings } from "./secrets.ts";
import { clientOf, recordVersion } from "./version-records.ts";

function betaVersionJson(version: VersionRecord): Readonly<Record<string, unknown>> {
  const { limits, placement, assets } = version;
  return {
    id: version.id,
    number: version.number,
    created_on: version.created,
    urls: [],
    annotations: version.annotations,
    source: version.source,
    usage_model: "standard",
    ...author,
    ...(version.mainModule !== undefined && { main_module: version.mainModule }),
    compatibility_date: version.compatibilityDate,
    compatibility_flags: version.compatibilityFlags,
    bindings: version.bindings.map(bindingJson),
    startup_time_ms: version.startupMs,
    ...(limits && { limits }),
    ...(placement && { placement }),
    ...(assets && { assets: { config: assets.config } }),
  };
}

function modulesJson({ modules }: VersionRecord, content: ContentStore): readonly Readonly<Record<string, string>>[] {
  return modules.map(({ name, contentType, sha256 }) => ({
    name,
    content_type: contentType,
    content_base64: Buffer.from(content.read(sha256)).toString("base64"),
  }));
}

const getVersion: Operation<"scripts" | "versions", "content"> = (call, state, { content }) => {
  const { name } = findWorker(call, state);
  const include = call.query.get("include");
  if (include !== null && include !== "modules") throw new CloudflareError(10004, 400, "include can only be modules");
  const given = call.path["version"] ?? "";
  const id = given === "latest" ? (latestVersion(name, state.versions)?.id ?? given) : given;
  const version = findVersion(name, id, state.versions);
  const modules = include === "modules" && { modules: modulesJson(version, content) };
  return { result: { ...betaVersionJson(version), ...modules } };
};

/** Makes a version like the newest one with some bindings changed; it gets no traffic. */
const patchLatest: Operation<BoundCollection | "versions", "callableScripts" | "clock" | "plan"> = (
  call,
  state,
  services,
) => {
  const script = findWorker(call, state);
  const latest = latestVersion(script.name, state.versions);
  if (!latest) throw new CloudflareError(10222, 400, "This Worker has no versions.");
  if (!call.header("content-type")?.toLowerCase().startsWith("application/merge-patch+json"))
    throw invalid("Content-Type must be application/merge-patch+json", 10001);
  const members = bodyMembers(call);
  const env = members.value("env") ?? {};
  const annotations = readAnnotations(members.structure("annotations"), ["workers/message", "workers/tag"]);
  members.end();
  if (!isRecord(env)) throw invalid("env must be an object.");
  const changes = new Map(
    Object.entries(env).map(([name, value]): [string, Binding | null] => {
      if (value === null) return [name, null];
      if (!isRecord(value)) throw invalid(`env.${name} must be an object or null.`);
      return [name, readBinding({ ...value, name }, script.name, state)];
    }),
  );
  const bindings = changedBindings(latest, changes, services.plan);
  const origin = {
    source: clientOf(call.header("user-agent")),
    annotations: { "workers/triggered_by": "secret", ...annotations },
  };
  return { result: betaVersionJson(recordVersion(script, { ...latest, bindings }, origin, state, services)) };
};

const path = "/accounts/{account}/workers/workers/{worker}/versions";

export const workerVersionOperations: OperationTable = {
  patchLatestVersion: writes(`PATCH ${path}/latest`, withScriptLock(patchLatest)),
  getWorkerVersion: reads(`GET ${path}/{version}`, getVersion),
};
