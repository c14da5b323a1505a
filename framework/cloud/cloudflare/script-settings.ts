/** Settings of a Worker: those of the script that no version carries, and those of its live version. */
import { isRecord, type StructureReader } from "../structure-reader.ts";
import { bindingJson } from "./bindings.ts";
import { invalid, unsupported } from "./cloudflare-error.ts";
import { bodyMembers } from "./json-body.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import type { ScriptRecord, VersionRecord } from "./records.ts";
import { withScriptLock } from "./script-lock.ts";
import { findScript, latestVersion, mainVersion } from "./script-lookup.ts";
import { timestamp } from "./state.ts";

/** The settings that a call changes. */
export type ScriptChange = Partial<Pick<ScriptRecord, "tags" | "logpush" | "observability" | "tailConsumers">>;

/** Most tags of a script, and characters of one (Workers for Platforms limits page). */
const maxTags = 8;
const maxTag = 1024;

/** Reads the settings of the script itself: tags, logpush, observability and tail consumers. */
export function readScriptChange(members: StructureReader): ScriptChange {
  const tags = members.texts("tags");
  const logpush = members.flag("logpush");
  const tailConsumers = members.list("tail_consumers");
  const observability = readObservability(members);
  if (tags) checkTags(tags);
  if (tailConsumers?.some((consumer) => !isRecord(consumer) || typeof consumer["service"] !== "string"))
    throw invalid("Every tail consumer must name a service.");
  if (tailConsumers && tailConsumers.length > 0) throw unsupported("tail consumers");
  return {
    ...(tags && { tags }),
    ...(logpush !== undefined && { logpush }),
    ...(tailConsumers && { tailConsumers: [] }),
    ...(observability && { observability }),
  };
}

function checkTags(tags: readonly string[]): void {
  if (tags.length > maxTags) throw invalid(`A Worker can have ${maxTags} tags; ${tags.length} were given.`);
  const wrong = tags.find((tag) => tag === "" || tag.length > maxTag || /[,&]/.test(tag));
  if (wrong !== undefined)
    throw invalid(`Tag '${wrong.slice(0, 50)}' is empty, too long, or has a comma or an ampersand.`);
}

function readObservability(members: StructureReader): Readonly<Record<string, unknown>> | undefined {
  const observability = members.structure("observability");
  if (!observability) return undefined;
  const enabled = observability.flag("enabled");
  if (enabled === undefined) throw invalid("observability must say whether it is enabled.");
  const rate = observability.fraction("head_sampling_rate");
  const logs = observability.value("logs");
  const traces = readTraces(observability);
  const issues = observability.value("issues");
  const redact = observability.flag("redact_query_string");
  observability.end();
  return {
    enabled,
    ...(rate !== undefined && { head_sampling_rate: rate }),
    ...(logs !== undefined && { logs }),
    ...(traces !== undefined && { traces }),
    ...(issues !== undefined && { issues }),
    ...(redact !== undefined && { redact_query_string: redact }),
  };
}

/** As wrangler sends them: whether they are on, their share, and where else they go (docs: Workers traces). */
function readTraces(observability: StructureReader): Readonly<Record<string, unknown>> | undefined {
  const traces = observability.structure("traces");
  if (!traces) return undefined;
  const given = {
    enabled: traces.flag("enabled"),
    head_sampling_rate: traces.fraction("head_sampling_rate"),
    persist: traces.flag("persist"),
    destinations: traces.value("destinations"),
  };
  traces.end();
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function scriptSettingsJson(script: ScriptRecord): Readonly<Record<string, unknown>> {
  return {
    logpush: script.logpush,
    tags: script.tags,
    tail_consumers: script.tailConsumers,
    ...(script.observability && { observability: script.observability }),
  };
}

function settingsJson(script: ScriptRecord, version: VersionRecord | undefined): Readonly<Record<string, unknown>> {
  return {
    ...scriptSettingsJson(script),
    usage_model: "standard",
    bindings: (version?.bindings ?? []).map(bindingJson),
    ...(version && {
      compatibility_date: version.compatibilityDate,
      compatibility_flags: version.compatibilityFlags,
      placement: version.placement ?? {},
      ...(version.limits && { limits: version.limits }),
      annotations: version.annotations,
    }),
  };
}

const getSettings: Operation<"deployments" | "scripts" | "versions"> = (call, state) => {
  const script = findScript(call, state);
  const version = mainVersion(script.name, state) ?? latestVersion(script.name, state.versions);
  return { result: settingsJson(script, version) };
};

const getScriptSettings: Operation<"scripts"> = (call, state) => ({
  result: scriptSettingsJson(findScript(call, state)),
});

const patchScriptSettings: Operation<"scripts", "clock"> = (call, state, { clock }) => {
  const script = findScript(call, state);
  const members = bodyMembers(call);
  const change = readScriptChange(members);
  members.end();
  const changed = state.scripts.put(script.name, { ...script, ...change, modified: timestamp(clock) });
  return { result: scriptSettingsJson(changed) };
};

const script = "/accounts/{account}/workers/scripts/{script}";

export const settingsOperations: OperationTable = {
  getSettings: reads(`GET ${script}/settings`, getSettings),
  getScriptSettings: reads(`GET ${script}/script-settings`, getScriptSettings),
  patchScriptSettings: writes(`PATCH ${script}/script-settings`, withScriptLock(patchScriptSettings)),
};
