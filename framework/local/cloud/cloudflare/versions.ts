/** Versions: upload without traffic, list, one. */
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import { describeVersion, listedResources, listedVersion } from "./describe.ts";
import { exclusive } from "./exclusive.ts";
import { findScript, findVersion, latestVersion, scriptName, versionsOf } from "./find.ts";
import { contentOf, keepVersion, sourceOf } from "./keep-version.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { pageOf } from "./page.ts";
import type { ScriptRecord, VersionRecord } from "./records.ts";
import { readUpload, startup } from "./upload.ts";

/** Only the last 100 versions uploaded can be deployed (docs: versions and deployments, limits). */
const deployable = 100;

export function isDeployable(version: VersionRecord, script: ScriptRecord): boolean {
  return version.number > script.nextVersion - 1 - deployable;
}

const createVersion: Operation = async (call, edge) => {
  const name = scriptName(call);
  const script = findScript(call, edge);
  const latest = latestVersion(script, edge);
  if (!latest) throw new CloudflareError(10222, 400, "This Worker has no versions; upload it with PUT first.");
  const { draft, metadata } = readUpload(call, name, latest, edge);
  for (const member of ["tags", "logpush", "tail_consumers"]) {
    if (metadata.has(member)) throw invalid(`${member} is not versioned; PATCH script-settings sets it.`);
  }
  // wrangler sends it with versions too, where it means nothing (recorded exchange).
  metadata.structure("observability");
  metadata.end();
  const started = await startup(draft, edge);
  const source = sourceOf(call.header("user-agent"));
  const current = edge.state.scripts.get(name) ?? script;
  const annotations = { "workers/triggered_by": "version_upload", ...draft.annotations };
  return { result: describeVersion(keepVersion(current, contentOf(started, edge), annotations, source, edge)) };
};

/** Newest first; `?deployable=true` ignores the pages. */
const listVersions: Operation = (call, edge) => {
  const script = findScript(call, edge);
  const all = versionsOf(script, edge);
  if (call.query.get("deployable") === "true") {
    return { result: { items: all.filter((version) => isDeployable(version, script)).map(listedVersion) } };
  }
  const { items, info } = pageOf(all, call.query, 10, 100);
  // wrangler's `versions secret list --latest-version` reads the bindings of the list's items.
  return { result: { items: items.map((version) => ({ ...listedVersion(version), resources: listedResources(version) })) }, info };
};

const versions = "/accounts/{account}/workers/scripts/{script}/versions";

export const versionTable: OperationTable = {
  createVersion: writes(`POST ${versions}`, exclusive(createVersion)),
  listVersions: reads(`GET ${versions}`, listVersions),
  getVersion: reads(`GET ${versions}/{version}`, (call, edge) => ({
    result: describeVersion(findVersion(findScript(call, edge), call.path["version"] ?? "", edge)),
  })),
};
