/** Scripts: upload (which deploys), list, settings, content, workers.dev and delete. */
import { randomUUID } from "node:crypto";
import { bodyMembers } from "./body.ts";
import { CloudflareError } from "./cloudflare-error.ts";
import { removeScript } from "./remove-script.ts";
import { describeScript } from "./describe.ts";
import { type Edge, timestamp } from "./edge.ts";
import { exclusive } from "./exclusive.ts";
import { findScript, latestVersion, mainVersion, notFound, scriptName } from "./find.ts";
import { contentOf, keepDeployment, keepVersion, sourceOf } from "./keep-version.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import type { ScriptRecord } from "./records.ts";
import { readScriptMembers, type ScriptChange } from "./script-members.ts";
import { readUpload, startup } from "./upload.ts";

/** A script's record for its first upload. Throws 10037 when the account is full. */
export async function newScript(name: string, change: ScriptChange, source: string, edge: Edge): Promise<ScriptRecord> {
  const { scripts } = edge.state;
  if (scripts.ids().length >= edge.plan.scripts)
    throw new CloudflareError(10037, 403, `You have exceeded the limit of ${edge.plan.scripts} Workers on the ${edge.plan.name} plan.`);
  const now = timestamp(edge);
  return {
    ...{ name, tag: randomUUID().replaceAll("-", ""), created: now, modified: now, tags: [], logpush: false, tailConsumers: [] },
    ...{ enabled: false, previewsEnabled: false, source, nextVersion: 1, nextDeployment: 1, port: await edge.fronts.open(name, 0) },
    ...change,
  };
}

/** PUT: a version, and at once all traffic to it. */
const uploadScript: Operation = async (call, edge) => {
  const name = scriptName(call);
  const found = edge.state.scripts.get(name);
  const { draft, metadata } = readUpload(call, name, latestVersion({ name }, edge), edge);
  const change = readScriptMembers(metadata);
  metadata.end();
  const started = await startup(draft, edge);
  const source = sourceOf(call.header("user-agent"));
  const script = found ? { ...found, ...change, source } : await newScript(name, change, source, edge);
  const version = keepVersion(script, contentOf(started, edge), { "workers/triggered_by": "upload", ...draft.annotations }, source, edge);
  keepDeployment(name, [{ version_id: version.id, percentage: 100 }], { "workers/triggered_by": "upload" }, source, edge);
  return { result: { ...describeScript(findScript(call, edge), edge), startup_time_ms: version.startupMs } };
};

/** `?tags=app-demo:yes,other:no`. */
const listScripts: Operation = ({ query }, edge) => {
  const filters = (query.get("tags") ?? "").split(",").filter(Boolean);
  const bad = filters.find((filter) => !/:(yes|no)$/.test(filter));
  if (bad !== undefined) throw new CloudflareError(10004, 400, `The tag filter ${bad} must end with :yes or :no`);
  const matches = ({ tags }: ScriptRecord): boolean =>
    filters.every((filter) => tags.includes(filter.replace(/:(yes|no)$/, "")) === filter.endsWith(":yes"));
  return {
    result: edge.state.scripts
      .all()
      .filter(matches)
      .map((script) => describeScript(script, edge)),
  };
};

/** What is not versioned. */
const shownSettings = ({ logpush, tags, observability, tailConsumers }: ScriptRecord): Readonly<Record<string, unknown>> => ({
  ...{ logpush, tags, tail_consumers: tailConsumers },
  ...(observability && { observability }),
});

const getScriptSettings: Operation = (call, edge) => ({ result: shownSettings(findScript(call, edge)) });

const patchScriptSettings: Operation = (call, edge) => {
  const script = findScript(call, edge);
  const members = bodyMembers(call);
  const change = readScriptMembers(members);
  members.end();
  return { result: shownSettings(edge.state.scripts.put(script.name, { ...script, ...change, modified: timestamp(edge) })) };
};

const shownSubdomain = ({ enabled, previewsEnabled }: ScriptRecord): Readonly<Record<string, unknown>> => ({
  enabled,
  previews_enabled: previewsEnabled,
});

const postSubdomain: Operation = (call, edge) => {
  const script = findScript(call, edge);
  const members = bodyMembers(call);
  const enabled = members.flag("enabled");
  const previewsEnabled = members.flag("previews_enabled") ?? false;
  members.end();
  if (enabled === undefined) throw new CloudflareError(10021, 400, "enabled must be given.");
  return { result: shownSubdomain(edge.state.scripts.put(script.name, { ...script, enabled, previewsEnabled })) };
};

/** A multipart body of the live version's modules, as the dashboard reads them. */
const getContent: Operation = (call, edge) => {
  const version = mainVersion(findScript(call, edge), edge);
  if (!version) throw notFound();
  const boundary = `portico${randomUUID()}`;
  const parts = version.modules.flatMap(({ name, contentType, sha256 }) => [
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${name}"\r\nContent-Type: ${contentType}\r\n\r\n`,
    ),
    edge.content.read(sha256),
    Buffer.from("\r\n"),
  ]);
  const headers = [
    ["content-type", `multipart/form-data; boundary=${boundary}`],
    ["cf-entrypoint", version.mainModule ?? ""],
    ["etag", version.etag],
  ] as const;
  return { raw: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]), headers };
};

const deleteScript: Operation = async (call, edge) => {
  await removeScript(findScript(call, edge), call.query.get("force") === "true", edge);
  return { result: null };
};

const scripts = "/accounts/{account}/workers/scripts";

export const scriptTable: OperationTable = {
  listScripts: reads(`GET ${scripts}`, listScripts),
  uploadScript: writes(`PUT ${scripts}/{script}`, exclusive(uploadScript)),
  deleteScript: writes(`DELETE ${scripts}/{script}`, exclusive(deleteScript)),
  getScriptContent: reads(`GET ${scripts}/{script}/content/v2`, getContent),
  getScriptSettings: reads(`GET ${scripts}/{script}/script-settings`, getScriptSettings),
  patchScriptSettings: writes(`PATCH ${scripts}/{script}/script-settings`, exclusive(patchScriptSettings)),
  getScriptSubdomain: reads(`GET ${scripts}/{script}/subdomain`, (call, edge) => ({ result: shownSubdomain(findScript(call, edge)) })),
  postScriptSubdomain: writes(`POST ${scripts}/{script}/subdomain`, exclusive(postSubdomain)),
};
