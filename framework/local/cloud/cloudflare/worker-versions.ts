/** Versions in the beta API: JSON instead of multipart, modules that can be read back, and a merge patch over the newest version. */
import { isRecord } from "../members.ts";
import { readAnnotations } from "./annotations.ts";
import { author } from "./account.ts";
import { readBinding, shownBinding } from "./binding-kinds.ts";
import { bodyMembers, membersOf } from "./body.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import type { Edge } from "./edge.ts";
import { exclusive } from "./exclusive.ts";
import { findVersion, findWorker, latestVersion, liveDeployment, versionsOf } from "./find.ts";
import { contentOf, keepDeployment, keepVersion, sourceOf } from "./keep-version.ts";
import type { UploadedModule } from "./modules.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { pageOf } from "./page.ts";
import type { Binding, VersionRecord } from "./records.ts";
import { changedBindings } from "./secrets.ts";
import { readDraft, startup } from "./upload.ts";

function describe(version: VersionRecord, edge: Edge, withModules = false): Readonly<Record<string, unknown>> {
  const { id, number, created, annotations, source, mainModule, modules, bindings, limits, placement, assets } = version;
  return {
    ...{ id, number, created_on: created, urls: [], annotations, source, usage_model: "standard", ...author },
    ...(mainModule !== undefined && { main_module: mainModule }),
    compatibility_date: version.compatibilityDate,
    compatibility_flags: version.compatibilityFlags,
    bindings: bindings.map(shownBinding),
    startup_time_ms: version.startupMs,
    ...(limits && { limits }),
    ...(placement && { placement }),
    ...(assets && { assets: { config: assets.config } }),
    ...(withModules && {
      modules: modules.map(({ name, contentType, sha256 }) => ({
        ...{ name, content_type: contentType, content_base64: Buffer.from(edge.content.read(sha256)).toString("base64") },
      })),
    }),
  };
}

const getVersion: Operation = (call, edge) => {
  const script = findWorker(call, edge);
  const include = call.query.get("include");
  if (include !== null && include !== "modules") throw new CloudflareError(10004, 400, "include can only be modules");
  const wanted = call.path["version"] ?? "";
  const id = wanted === "latest" ? (latestVersion(script, edge)?.id ?? wanted) : wanted;
  return { result: describe(findVersion(script, id, edge), edge, include === "modules") };
};

const listVersions: Operation = (call, edge) => {
  const { items, info } = pageOf(versionsOf(findWorker(call, edge), edge), call.query, 20, 100);
  return { result: items.map((version) => describe(version, edge)), info };
};

function readModules(list: readonly unknown[]): readonly UploadedModule[] {
  return list.map((value) => {
    const members = membersOf(value, "modules");
    const [name, contentType, content] = [
      members.requiredText("name"),
      members.requiredText("content_type"),
      members.requiredText("content_base64", { pattern: /^[A-Za-z0-9+/]*={0,2}$/ }),
    ];
    members.end();
    return { name, contentType, bytes: Buffer.from(content, "base64") };
  });
}

const createVersion: Operation = async (call, edge) => {
  const script = findWorker(call, edge);
  const members = bodyMembers(call);
  const modules = readModules(members.list("modules") ?? []);
  const draft = readDraft(call, members, modules, script.name, latestVersion(script, edge), edge);
  members.end();
  const started = await startup(draft, edge);
  const source = sourceOf(call.header("user-agent"));
  const current = edge.state.scripts.get(script.name) ?? script;
  const version = keepVersion(
    current,
    contentOf(started, edge),
    { "workers/triggered_by": "create_version_api", ...draft.annotations },
    source,
    edge,
  );
  if (call.query.get("deploy") === "true")
    keepDeployment(
      script.name,
      [{ version_id: version.id, percentage: 100 }],
      { "workers/triggered_by": "create_version_api" },
      source,
      edge,
    );
  return { result: describe(version, edge) };
};

/** A new version like the newest one but for some bindings; it gets no traffic. */
const patchLatest: Operation = (call, edge) => {
  const script = findWorker(call, edge);
  const latest = latestVersion(script, edge);
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
      return [name, readBinding({ ...value, name }, script.name, edge)];
    }),
  );
  const bindings = changedBindings(latest, changes, edge);
  const triggered = { "workers/triggered_by": "secret", ...annotations };
  const version = keepVersion(script, { ...latest, bindings }, triggered, sourceOf(call.header("user-agent")), edge);
  return { result: describe(version, edge) };
};

const deleteVersion: Operation = (call, edge) => {
  const script = findWorker(call, edge);
  const version = findVersion(script, call.path["version"] ?? "", edge);
  if (liveDeployment(script, edge)?.versions.some(({ version_id }) => version_id === version.id))
    throw new CloudflareError(10339, 400, "A version of the current deployment cannot be deleted.");
  edge.state.versions.remove(`${script.name}/${version.id}`);
  return { result: null };
};

const versions = "/accounts/{account}/workers/workers/{worker}/versions";

export const workerVersionTable: OperationTable = {
  listWorkerVersions: reads(`GET ${versions}`, listVersions),
  createWorkerVersion: writes(`POST ${versions}`, exclusive(createVersion)),
  patchLatestVersion: writes(`PATCH ${versions}/latest`, exclusive(patchLatest)),
  getWorkerVersion: reads(`GET ${versions}/{version}`, getVersion),
  deleteWorkerVersion: writes(`DELETE ${versions}/{version}`, exclusive(deleteVersion)),
};
