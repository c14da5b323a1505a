/** Operations on the versions of a script: upload without traffic, list, get one. */
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { pageOf } from "./pagination.ts";
import type { ScriptRecord, VersionRecord } from "./records.ts";
import { listedResourcesJson, listedVersionJson, versionJson } from "./response-shapes.ts";
import { withScriptLock } from "./script-lock.ts";
import { findScript, findVersion, latestVersion, scriptName, versionsOf } from "./script-lookup.ts";
import { checkStartup, readUpload, type UploadServices, type UploadState } from "./upload.ts";
import { clientOf, recordVersion, storeContent } from "./version-records.ts";

/** Only the last 100 versions uploaded can be deployed (docs: versions and deployments, limits). */
const deployableCount = 100;

export function isDeployable(version: VersionRecord, script: ScriptRecord): boolean {
  return version.number > script.nextVersion - 1 - deployableCount;
}

const createVersion: Operation<UploadState, UploadServices | "callableScripts" | "content" | "uploadCheck"> = async (
  call,
  state,
  services,
) => {
  const name = scriptName(call);
  const script = findScript(call, state);
  const latest = latestVersion(name, state.versions);
  if (!latest) throw new CloudflareError(10222, 400, "This Worker has no versions; upload it with PUT first.");
  const { draft, metadata } = readUpload(call, { script: name, latest }, state, services);
  for (const member of ["tags", "logpush", "tail_consumers"]) {
    if (metadata.has(member)) throw invalid(`${member} is not versioned; PATCH script-settings sets it.`);
  }
  // wrangler sends it with versions too, where it means nothing (recorded exchange).
  metadata.structure("observability");
  metadata.end();
  const started = await checkStartup(draft, services.uploadCheck);
  const origin = {
    source: clientOf(call.header("user-agent")),
    annotations: { "workers/triggered_by": "version_upload", ...draft.annotations },
  };
  const current = state.scripts.get(name) ?? script;
  const version = recordVersion(current, storeContent(started, services.content), origin, state, services);
  return { result: versionJson(version) };
};

/** Newest first; `?deployable=true` answers without pages. */
const listVersions: Operation<"scripts" | "versions"> = (call, state) => {
  const script = findScript(call, state);
  const all = versionsOf(script.name, state.versions);
  if (call.query.get("deployable") === "true") {
    return { result: { items: all.filter((version) => isDeployable(version, script)).map(listedVersionJson) } };
  }
  const { items, info } = pageOf(all, call.query, 10, 100);
  // wrangler's `versions secret list --latest-version` reads the bindings of the list's items.
  const withResources = items.map((version) => ({
    ...listedVersionJson(version),
    resources: listedResourcesJson(version),
  }));
  return { result: { items: withResources }, info };
};

const getVersion: Operation<"scripts" | "versions"> = (call, state) => {
  const { name } = findScript(call, state);
  return { result: versionJson(findVersion(name, call.path["version"] ?? "", state.versions)) };
};

const path = "/accounts/{account}/workers/scripts/{script}/versions";

export const versionOperations: OperationTable = {
  createVersion: writes(`POST ${path}`, withScriptLock(createVersion)),
  listVersions: reads(`GET ${path}`, listVersions),
  getVersion: reads(`GET ${path}/{version}`, getVersion),
};
