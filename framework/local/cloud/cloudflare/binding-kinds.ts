/** Bindings of an upload: each kind's members checked as the API documents them, in; the bindings as they are kept out. */
import type { Members } from "../members.ts";
import { membersOf } from "./body.ts";
import { CloudflareError, invalid, notSpoken } from "./cloudflare-error.ts";
import type { Edge } from "./edge.ts";
import { liveDeployment } from "./find.ts";
import type { Binding } from "./records.ts";

/** Bytes of a text, secret or JSON variable (Workers limits page: 5 KB). */
const maxVariable = 5 * 1024;
/** Bytes of all bindings as metadata (1 MB). */
const maxBindings = 1024 * 1024;

/** What a kind may ask while it is read. */
interface Reading {
  readonly members: Members;
  readonly name: string;
  readonly edge: Edge;
  /** The script that is uploaded, which may bind to itself. */
  readonly script: string;
}

type Kind = (reading: Reading) => Readonly<Record<string, unknown>>;

/** The kinds that really work here. */
const kinds: Readonly<Record<string, Kind>> = {
  plain_text: ({ members, name }) => ({ text: checkedText(name, members.requiredText("text")) }),
  secret_text: ({ members, name }) => ({ text: checkedText(name, members.requiredText("text")) }),
  json: ({ members, name }) => {
    const json = members.value("json");
    if (json === undefined) throw invalid(`binding ${name} of type json must have a \`json\` specified`);
    checkedText(name, JSON.stringify(json));
    return { json };
  },
  kv_namespace: ({ members, edge }) => {
    const id = members.requiredText("namespace_id");
    if (!edge.state.kv.get(id)) throw new CloudflareError(10041, 400, `KV namespace '${id}' not found.`);
    return { namespace_id: id };
  },
  d1: ({ members, name, edge }) => {
    const id = members.text("id") ?? members.text("database_id");
    members.text("database_id");
    // wrangler knows this very text (facts/cloudflare.md section 1.7).
    if (id === undefined || !edge.state.d1.get(id)) throw invalid(`binding ${name} of type d1 must have a valid \`id\` specified`);
    return { id };
  },
  r2_bucket: ({ members, edge }) => {
    const bucket = members.requiredText("bucket_name");
    if (!edge.state.r2.get(bucket))
      throw new CloudflareError(10085, 400, `R2 bucket '${bucket}' not found. Please use a different name and try again.`);
    return { bucket_name: bucket };
  },
  queue: ({ members, edge }) => {
    const queue = members.requiredText("queue_name");
    if (!edge.state.queues.all().some(({ name }) => name === queue))
      throw new CloudflareError(11000, 400, `Queue '${queue}' does not exist.`);
    return { queue_name: queue };
  },
  service: serviceBinding,
  ratelimit: ({ members, name }) => {
    const namespace = members.requiredText("namespace_id", { pattern: /^[1-9][0-9]{0,9}$/ });
    const simple = members.structure("simple");
    const limit = simple?.integer("limit", 1, 1_000_000_000);
    const period = simple?.integer("period", 10, 60);
    simple?.end();
    if (limit === undefined || (period !== 10 && period !== 60))
      throw invalid(`binding ${name} of type ratelimit must have a limit and a period of 10 or 60 seconds`);
    return { namespace_id: namespace, simple: { limit, period } };
  },
  version_metadata: () => ({}),
  assets: () => ({}),
};

/** Kinds that Cloudflare has and nothing here stands behind. */
const elsewhere: ReadonlySet<string> = new Set(
  (
    "ai ai_search ai_search_namespace analytics_engine artifacts browser browser_rendering data_blob dispatch_namespace durable_object_namespace flagship " +
    "hyperdrive images logfwdr media messaging mtls_certificate pipelines secret_key secrets_store_secret send_email stream tail_consumer text_blob " +
    "vectorize vpc_network vpc_service wasm_module workflow worker_loader"
  ).split(" "),
);

function serviceBinding({ members, name, edge, script }: Reading): Readonly<Record<string, unknown>> {
  const service = members.requiredText("service");
  const environment = members.text("environment", { oneOf: ["production"] });
  // Whether the target exports it is seen by the call: the target's next version may.
  const entrypoint = members.text("entrypoint", { pattern: /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u });
  const target = edge.state.scripts.get(service);
  if (!target && service !== script)
    throw new CloudflareError(10143, 400, `Could not resolve service binding '${name}'. Target script '${service}' not found.`);
  if (target && service !== script && !liveDeployment(target, edge))
    throw new CloudflareError(10145, 400, `Could not resolve service binding '${name}'. Target script '${service}' has no deployment.`);
  return { service, ...(environment !== undefined && { environment }), ...(entrypoint !== undefined && { entrypoint }) };
}

function checkedText(name: string, text: string): string {
  if (Buffer.byteLength(text) > maxVariable)
    throw new CloudflareError(10054, 400, `Binding '${name}' has ${Buffer.byteLength(text)} bytes; a variable or secret may have 5 KB.`);
  return text;
}

/** Checks one binding; `inherit` is not one of its kinds. */
export function readBinding(value: unknown, script: string, edge: Edge): Binding {
  const members = membersOf(value, "binding");
  const name = bindingName(members);
  const type = members.requiredText("type");
  const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  if (!kind) throw elsewhere.has(type) ? notSpoken(`bindings of type ${type}`) : invalid(`binding ${name} has an unknown type`);
  const binding = { type, name, ...kind({ members, name, edge, script }) };
  members.end();
  return binding;
}

export function bindingName(members: Members): string {
  const name = members.text("name");
  if (name === undefined || name === "") throw new CloudflareError(10052, 400, "Every binding must have a name.");
  if (!/^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(name))
    throw new CloudflareError(10052, 400, "A binding's name must be a JavaScript identifier.");
  return name;
}

/** Names once each, 64 or 128 variables and secrets together, 1 MB in all. */
export function checkBindings(bindings: readonly Binding[], edge: Edge): void {
  const names = new Set<string>();
  for (const { name } of bindings) {
    if (names.has(name))
      throw new CloudflareError(10053, 400, `Binding name '${name}' already in use. Please use a different name and try again.`);
    names.add(name);
  }
  const variables = bindings.filter(({ type }) => type === "plain_text" || type === "secret_text" || type === "json");
  if (variables.length > edge.plan.variables)
    throw new CloudflareError(
      10055,
      400,
      `The Worker has ${variables.length} variables and secrets; the limit of the ${edge.plan.name} plan is ${edge.plan.variables}.`,
    );
  if (Buffer.byteLength(JSON.stringify(bindings)) > maxBindings)
    throw new CloudflareError(10055, 400, "The Worker's bindings have more than 1 MB.");
  if (bindings.filter(({ type }) => type === "assets").length > 1)
    throw new CloudflareError(10305, 400, "A Worker can have one assets binding.");
}

/** A binding as the API shows it: what is secret stays here. */
export function shownBinding({ type, name, ...rest }: Binding): Readonly<Record<string, unknown>> {
  if (type === "secret_text") return { name, type };
  return { name, type, ...rest };
}
