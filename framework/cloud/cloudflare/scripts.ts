/** Operations on scripts: upload, which also deploys, list, the workers.dev subdomain and delete. */
import { randomUUID } from "node:crypto";
import { CloudflareError } from "./cloudflare-error.ts";
import { bodyMembers } from "./json-body.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import type { ScriptRecord } from "./records.ts";
import { scriptJson } from "./response-shapes.ts";
import { withScriptLock } from "./script-lock.ts";
import { findScript, latestVersion, scriptName } from "./script-lookup.ts";
import { removeScript, type ScriptChildren } from "./script-removal.ts";
import { readScriptChange, type ScriptChange } from "./script-settings.ts";
import type { CloudflareServices } from "./services.ts";
import { type CloudflareState, timestamp } from "./state.ts";
import { checkStartup, readUpload, type UploadServices, type UploadState } from "./upload.ts";
import { clientOf, recordDeployment, recordVersion, storeContent } from "./version-records.ts";

/** The record of a script that has no version yet. Throws 10037 when the account has as many as its plan allows. */
export async function newScript(
  name: string,
  change: ScriptChange,
  source: string,
  { scripts }: Pick<CloudflareState, "scripts">,
  { clock, listeners, plan }: Pick<CloudflareServices, "clock" | "listeners" | "plan">,
): Promise<ScriptRecord> {
  if (scripts.ids().length >= plan.scripts)
    throw new CloudflareError(
      10037,
      403,
      `You have exceeded the limit of ${plan.scripts} Workers on the ${plan.name} plan.`,
    );
  const now = timestamp(clock);
  return {
    name,
    tag: randomUUID().replaceAll("-", ""),
    created: now,
    modified: now,
    tags: [],
    logpush: false,
    tailConsumers: [],
    enabled: false,
    previewsEnabled: false,
    source,
    nextVersion: 1,
    nextDeployment: 1,
    port: await listeners.open(name, 0),
    ...change,
  };
}

/** PUT: makes a version and gives it all traffic. */
const uploadScript: Operation<
  UploadState,
  UploadServices | "callableScripts" | "content" | "uploadCheck" | "listeners" | "traffic"
> = async (call, state, services) => {
  const name = scriptName(call);
  const found = state.scripts.get(name);
  const target = { script: name, latest: latestVersion(name, state.versions) };
  const { draft, metadata } = readUpload(call, target, state, services);
  const change = readScriptChange(metadata);
  metadata.end();
  const started = await checkStartup(draft, services.uploadCheck);
  const source = clientOf(call.header("user-agent"));
  const script = found ? { ...found, ...change, source } : await newScript(name, change, source, state, services);
  const trigger = { "workers/triggered_by": "upload" };
  const version = recordVersion(
    script,
    storeContent(started, services.content),
    { source, annotations: { ...trigger, ...draft.annotations } },
    state,
    services,
  );
  const shares = [{ version_id: version.id, percentage: 100 }];
  recordDeployment(name, shares, { source, annotations: trigger }, state, services);
  return { result: { ...scriptJson(findScript(call, state), state), startup_time_ms: version.startupMs } };
};

/** `?tags=app-demo:yes,other:no`. */
const listScripts: Operation<"deployments" | "scripts" | "versions"> = ({ query }, state) => {
  const filters = (query.get("tags") ?? "").split(",").filter(Boolean);
  const wrong = filters.find((filter) => !/:(yes|no)$/.test(filter));
  if (wrong !== undefined) throw new CloudflareError(10004, 400, `The tag filter ${wrong} must end with :yes or :no`);
  const matches = ({ tags }: ScriptRecord): boolean =>
    filters.every((filter) => tags.includes(filter.replace(/:(yes|no)$/, "")) === filter.endsWith(":yes"));
  return {
    result: state.scripts
      .all()
      .filter(matches)
      .map((script) => scriptJson(script, state)),
  };
};

const subdomainJson = ({ enabled, previewsEnabled }: ScriptRecord): Readonly<Record<string, unknown>> => ({
  enabled,
  previews_enabled: previewsEnabled,
});

const getSubdomain: Operation<"scripts"> = (call, state) => ({ result: subdomainJson(findScript(call, state)) });

const postSubdomain: Operation<"scripts"> = (call, state) => {
  const script = findScript(call, state);
  const members = bodyMembers(call);
  const enabled = members.flag("enabled");
  const previewsEnabled = members.flag("previews_enabled") ?? false;
  members.end();
  if (enabled === undefined) throw new CloudflareError(10021, 400, "enabled must be given.");
  return { result: subdomainJson(state.scripts.put(script.name, { ...script, enabled, previewsEnabled })) };
};

const deleteScript: Operation<ScriptChildren, "listeners" | "tails" | "traffic"> = async (call, state, services) => {
  await removeScript(findScript(call, state).name, call.query.get("force") === "true", state, services);
  return { result: null };
};

const path = "/accounts/{account}/workers/scripts";

export const scriptOperations: OperationTable = {
  listScripts: reads(`GET ${path}`, listScripts),
  uploadScript: writes(`PUT ${path}/{script}`, withScriptLock(uploadScript)),
  deleteScript: writes(`DELETE ${path}/{script}`, withScriptLock(deleteScript)),
  getScriptSubdomain: reads(`GET ${path}/{script}/subdomain`, getSubdomain),
  postScriptSubdomain: writes(`POST ${path}/{script}/subdomain`, withScriptLock(postSubdomain)),
};
