/** Operations of the beta API on Workers as resources, and of the older services API, as far as wrangler uses them. */
import type { ApiCall } from "./api-call.ts";
import { CloudflareError } from "./cloudflare-error.ts";
import { bodyMembers } from "./json-body.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import type { ScriptRecord } from "./records.ts";
import { scriptJson } from "./response-shapes.ts";
import { withScriptLock } from "./script-lock.ts";
import { findWorker, liveDeployment, scriptName } from "./script-lookup.ts";
import { removeScript, type ScriptChildren, scriptsBoundTo } from "./script-removal.ts";
import { readScriptChange } from "./script-settings.ts";
import { newScript } from "./scripts.ts";
import type { CloudflareState } from "./state.ts";
import { clientOf } from "./version-records.ts";

/** The collections that describe a Worker. */
type WorkerState = "deployments" | "domains" | "scripts" | "versions" | "zones";

function workerJson(
  script: ScriptRecord,
  state: Pick<CloudflareState, WorkerState>,
): Readonly<Record<string, unknown>> {
  const { name, tag, created, modified, enabled, previewsEnabled, logpush, observability, tags, port } = script;
  return {
    id: tag,
    name,
    created_on: created,
    updated_on: modified,
    deployed_on: liveDeployment(name, state.deployments)?.created ?? null,
    logpush,
    observability: observability ?? { enabled: false },
    tags,
    tail_consumers: [],
    // Cloudflare's is https://NAME.SUBDOMAIN.workers.dev; this one can be opened.
    subdomain: { enabled, previews_enabled: previewsEnabled, url: `http://127.0.0.1:${port}` },
    references: {
      workers: scriptsBoundTo(name, state).flatMap((other) => {
        const id = state.scripts.get(other)?.tag;
        return id === undefined ? [] : [{ id, name: other }];
      }),
      domains: state.domains
        .all()
        .filter(({ service }) => service === name)
        .map(({ id, hostname, zone }) => ({
          id,
          hostname,
          zone_id: zone,
          zone_name: state.zones.get(zone)?.name ?? "",
          certificate_id: "",
        })),
      durable_objects: [],
      queues: [],
      dispatch_namespace_outbounds: [],
    },
  };
}

/** Makes a Worker without a version: it has an address and answers nothing yet. */
const createWorker: Operation<WorkerState, "clock" | "listeners" | "plan"> = async (call, state, services) => {
  const members = bodyMembers(call);
  const name = scriptName({ ...call, path: { script: members.requiredText("name") } });
  const subdomain = members.structure("subdomain");
  const enabled = subdomain?.flag("enabled") ?? false;
  const previewsEnabled = subdomain?.flag("previews_enabled") ?? false;
  subdomain?.end();
  const change = readScriptChange(members);
  members.end();
  if (state.scripts.get(name)) throw new CloudflareError(10040, 409, `A Worker named ${name} exists already.`);
  const script = await newScript(name, change, clientOf(call.header("user-agent")), state, services);
  return { result: workerJson(state.scripts.put(name, { ...script, enabled, previewsEnabled }), state) };
};

const getWorker: Operation<WorkerState> = (call, state) => ({ result: workerJson(findWorker(call, state), state) });

/** Throws 10090, the code of the services API. */
function findService(call: ApiCall, { scripts }: Pick<CloudflareState, "scripts">): ScriptRecord {
  const script = scripts.get(call.path["script"] ?? "");
  if (!script) throw new CloudflareError(10090, 404, "workers.api.error.service_not_found");
  return script;
}

const getService: Operation<"deployments" | "scripts" | "versions"> = (call, state) => {
  const script = findService(call, state);
  const dates = { created_on: script.created, modified_on: script.modified };
  const environment = { environment: "production", ...dates, script: scriptJson(script, state) };
  return {
    result: { id: script.name, ...dates, default_environment: environment, environments: [environment] },
  };
};

const deleteService: Operation<ScriptChildren, "listeners" | "tails" | "traffic"> = async (call, state, services) => {
  await removeScript(findService(call, state).name, call.query.get("force") === "true", state, services);
  return { result: null };
};

const workers = "/accounts/{account}/workers/workers";
const service = "/accounts/{account}/workers/services/{script}";

export const workerOperations: OperationTable = {
  createWorker: writes(`POST ${workers}`, createWorker),
  getWorker: reads(`GET ${workers}/{worker}`, getWorker),
  // Always empty here: wrangler reads the lists before it deletes a Worker.
  listDurableObjects: reads("GET /accounts/{account}/workers/durable_objects/namespaces", () => ({ result: [] })),
  listTailProducers: reads("GET /accounts/{account}/workers/tails/by-consumer/{script}", () => ({ result: [] })),
  getService: reads(`GET ${service}`, getService),
  deleteService: writes(`DELETE ${service}`, withScriptLock(deleteService)),
};
