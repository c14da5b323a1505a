/** `…/settings`: what a Worker is set to, and a PATCH that makes a version of the change and deploys it. */
import { membersOf, parseJson } from "./body.ts";
import { shownBinding } from "./binding-kinds.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import { exclusive } from "./exclusive.ts";
import { findScript, isLatestDeployed, latestVersion, mainVersion } from "./find.ts";
import { contentOf, keepDeployment, keepVersion, sourceOf } from "./keep-version.ts";
import { loadModules } from "./modules.ts";
import { readMultipart } from "./multipart.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import type { ScriptRecord, VersionRecord } from "./records.ts";
import { readScriptMembers } from "./script-members.ts";
import { readDraft, startup } from "./upload.ts";

function shown(script: ScriptRecord, version: VersionRecord | undefined): Readonly<Record<string, unknown>> {
  return {
    ...{ logpush: script.logpush, tags: script.tags, tail_consumers: script.tailConsumers, usage_model: "standard" },
    ...(script.observability && { observability: script.observability }),
    bindings: (version?.bindings ?? []).map(shownBinding),
    ...(version && {
      compatibility_date: version.compatibilityDate,
      compatibility_flags: version.compatibilityFlags,
      placement: version.placement ?? {},
      ...(version.limits && { limits: version.limits }),
      annotations: version.annotations,
    }),
  };
}

const getSettings: Operation = (call, edge) => {
  const script = findScript(call, edge);
  return { result: shown(script, mainVersion(script, edge) ?? latestVersion(script, edge)) };
};

/** What is not given stays as it is. */
const patchSettings: Operation = async (call, edge) => {
  const script = findScript(call, edge);
  const latest = latestVersion(script, edge);
  if (!latest) throw new CloudflareError(10222, 400, "This Worker has no versions.");
  if (!isLatestDeployed(script, edge)) throw new CloudflareError(10214, 400, "The latest version of the Worker isn't currently deployed.");
  const part = readMultipart(call.body, call.header("content-type")).find(({ name }) => name === "settings");
  if (!part) throw invalid("could not read content for part settings");
  const given = membersOf(parseJson(part.body, "settings"), "settings");
  const metadata = membersOf({ ...unchanged(latest, given.has("bindings")), ...(parseJson(part.body, "settings") as object) }, "settings");
  const draft = readDraft(call, metadata, loadModules(latest.modules, edge.content), script.name, latest, edge);
  const change = readScriptMembers(metadata);
  metadata.end();
  const started = await startup(draft, edge);
  const source = sourceOf(call.header("user-agent"));
  const content = { ...contentOf(started, edge), ...(latest.assets && { assets: latest.assets }) };
  const version = keepVersion(
    { ...script, ...change },
    content,
    { "workers/triggered_by": "settings", ...draft.annotations },
    source,
    edge,
  );
  keepDeployment(script.name, [{ version_id: version.id, percentage: 100 }], { "workers/triggered_by": "settings" }, source, edge);
  return { result: shown(edge.state.scripts.get(script.name) ?? script, version) };
};

function unchanged(latest: VersionRecord, givesBindings: boolean): Readonly<Record<string, unknown>> {
  const inherited = latest.bindings.map(({ name }) => ({ type: "inherit", name }));
  return {
    ...(latest.mainModule !== undefined && { main_module: latest.mainModule }),
    ...{ compatibility_date: latest.compatibilityDate, compatibility_flags: latest.compatibilityFlags },
    ...(latest.limits && { limits: latest.limits }),
    ...(latest.placement && { placement: latest.placement }),
    ...(latest.assets && { keep_assets: true }),
    // Secrets cannot be sent back by whoever read the settings.
    ...(givesBindings ? { keep_bindings: ["secret_text"] } : { bindings: inherited }),
  };
}

const settings = "/accounts/{account}/workers/scripts/{script}/settings";

export const settingsTable: OperationTable = {
  getSettings: reads(`GET ${settings}`, getSettings),
  patchSettings: writes(`PATCH ${settings}`, exclusive(patchSettings)),
};
