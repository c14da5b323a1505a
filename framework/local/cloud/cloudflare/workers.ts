/** The beta API over Workers as resources (`/workers/workers`), and the older `/workers/services`, as far as wrangler and releases ask them. */
import { bodyMembers } from "./body.ts";
import { CloudflareError } from "./cloudflare-error.ts";
import { describeScript } from "./describe.ts";
import { type Edge, timestamp } from "./edge.ts";
import { exclusive } from "./exclusive.ts";
import { findScript, findWorker, liveDeployment, scriptName } from "./find.ts";
import { sourceOf } from "./keep-version.ts";
import { type Call, type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { pageOf } from "./page.ts";
import type { ScriptRecord } from "./records.ts";
import { boundTo, removeScript } from "./remove-script.ts";
import { newScript } from "./scripts.ts";
import { readScriptMembers } from "./script-members.ts";

function describeWorker(script: ScriptRecord, edge: Edge): Readonly<Record<string, unknown>> {
  const { name, tag, created, modified, enabled, previewsEnabled, logpush, observability, tags, port } = script;
  return {
    ...{ id: tag, name, created_on: created, updated_on: modified, deployed_on: liveDeployment(script, edge)?.created ?? null },
    ...{ logpush, observability: observability ?? { enabled: false }, tags, tail_consumers: [] },
    // Cloudflare's is https://NAME.SUBDOMAIN.workers.dev; this one really answers.
    subdomain: { enabled, previews_enabled: previewsEnabled, url: `http://127.0.0.1:${port}` },
    references: {
      workers: boundTo(name, edge).flatMap((other) => {
        const id = edge.state.scripts.get(other)?.tag;
        return id === undefined ? [] : [{ id, name: other }];
      }),
      domains: edge.state.domains
        .all()
        .filter(({ service }) => service === name)
        .map(({ id, hostname, zone }) => ({
          id,
          hostname,
          zone_id: zone,
          zone_name: edge.state.zones.get(zone)?.name ?? "",
          certificate_id: "",
        })),
      ...{ durable_objects: [], queues: [], dispatch_namespace_outbounds: [] },
    },
  };
}

/** A Worker without a version: it has an address and answers nothing yet. */
const createWorker: Operation = async (call, edge) => {
  const members = bodyMembers(call);
  const name = scriptName({ ...call, path: { script: members.requiredText("name") } });
  const subdomain = members.structure("subdomain");
  const enabled = subdomain?.flag("enabled") ?? false;
  const previewsEnabled = subdomain?.flag("previews_enabled") ?? false;
  subdomain?.end();
  const change = readScriptMembers(members);
  members.end();
  if (edge.state.scripts.get(name)) throw new CloudflareError(10040, 409, `A Worker named ${name} exists already.`);
  const script = await newScript(name, change, sourceOf(call.header("user-agent")), edge);
  return { result: describeWorker(edge.state.scripts.put(name, { ...script, enabled, previewsEnabled }), edge) };
};

const patchWorker: Operation = (call, edge) => {
  const script = findWorker(call, edge);
  const members = bodyMembers(call);
  const subdomain = members.structure("subdomain");
  const enabled = subdomain?.flag("enabled") ?? script.enabled;
  const previewsEnabled = subdomain?.flag("previews_enabled") ?? script.previewsEnabled;
  subdomain?.end();
  const change = readScriptMembers(members);
  members.end();
  const changed = { ...script, ...change, enabled, previewsEnabled, modified: timestamp(edge) };
  return { result: describeWorker(edge.state.scripts.put(script.name, changed), edge) };
};

const listWorkers: Operation = ({ query }, edge) => {
  const { items, info } = pageOf(edge.state.scripts.all(), query, 20, 100);
  return { result: items.map((script) => describeWorker(script, edge)), info };
};

/** Throws 10090, the code of the older API. */
function findService(call: Call, edge: Edge): ScriptRecord {
  const script = edge.state.scripts.get(call.path["script"] ?? "");
  if (!script) throw new CloudflareError(10090, 404, "workers.api.error.service_not_found");
  return script;
}

const getService: Operation = (call, edge) => {
  const script = findService(call, edge);
  const environment = {
    ...{ environment: "production", created_on: script.created, modified_on: script.modified },
    script: describeScript(script, edge),
  };
  return {
    result: {
      id: script.name,
      created_on: script.created,
      modified_on: script.modified,
      default_environment: environment,
      environments: [environment],
    },
  };
};

const worker = "/accounts/{account}/workers/workers";
const service = "/accounts/{account}/workers/services/{script}";

export const workerTable: OperationTable = {
  listWorkers: reads(`GET ${worker}`, listWorkers),
  createWorker: writes(`POST ${worker}`, createWorker),
  getWorker: reads(`GET ${worker}/{worker}`, (call, edge) => ({ result: describeWorker(findWorker(call, edge), edge) })),
  patchWorker: writes(`PATCH ${worker}/{worker}`, exclusive(patchWorker)),
  deleteWorker: writes(
    `DELETE ${worker}/{worker}`,
    exclusive(async (call, edge) => {
      await removeScript(findWorker(call, edge), false, edge);
      return { result: null };
    }),
  ),
  // Nothing here has any: wrangler asks before it deletes a Worker.
  listDurableObjects: reads("GET /accounts/{account}/workers/durable_objects/namespaces", () => ({ result: [] })),
  listTailProducers: reads("GET /accounts/{account}/workers/tails/by-consumer/{script}", () => ({ result: [] })),
  getService: reads(`GET ${service}`, getService),
  deleteService: writes(
    `DELETE ${service}`,
    exclusive(async (call, edge) => {
      findService(call, edge);
      const script = findScript(call, edge);
      await removeScript(script, call.query.get("force") === "true", edge);
      return { result: null };
    }),
  ),
};
