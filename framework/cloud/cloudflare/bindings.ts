/** Reads and checks the bindings of an upload as the API documents each type, and shows them without secrets. */
import type { Collection } from "../collection.ts";
import type { StructureReader } from "../structure-reader.ts";
import type { AccountPlan } from "./account-plan.ts";
import { CloudflareError, invalid, unsupported } from "./cloudflare-error.ts";
import { membersOf } from "./json-body.ts";
import type { Binding, DeploymentRecord, ScriptRecord } from "./records.ts";
import { liveDeployment } from "./script-lookup.ts";
import type { CloudflareState } from "./state.ts";

/** Bytes of a text, secret or JSON variable (Workers limits page: 5 KB). */
const maxVariable = 5 * 1024;
/** Bytes of all bindings as metadata (1 MB). */
const maxBindings = 1024 * 1024;

/** The collections of the resources that bindings name. */
export type BoundCollection = "d1" | "deployments" | "hyperdrives" | "kv" | "queues" | "r2" | "scripts";

/** A binding while its members are read. */
interface BindingReading {
  readonly members: StructureReader;
  readonly name: string;
}

type PlainReader = (reading: BindingReading) => Readonly<Record<string, unknown>>;
type ResourceReader = (
  reading: BindingReading,
  resources: Pick<CloudflareState, BoundCollection>,
  /** The script that is uploaded, which may bind to itself. */
  script: string,
) => Readonly<Record<string, unknown>>;

const readText: PlainReader = ({ members, name }) => ({ text: checkedText(name, members.requiredText("text")) });

/** Types that name no resource. */
const plainTypes: Readonly<Record<string, PlainReader>> = {
  plain_text: readText,
  secret_text: readText,
  json: ({ members, name }) => {
    const json = members.value("json");
    if (json === undefined) throw invalid(`binding ${name} of type json must have a \`json\` specified`);
    checkedText(name, JSON.stringify(json));
    return { json };
  },
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

/** Types that name a resource of the account. */
const resourceTypes: Readonly<Record<string, ResourceReader>> = {
  kv_namespace: ({ members }, { kv }) => {
    const id = members.requiredText("namespace_id");
    if (!kv.get(id)) throw new CloudflareError(10041, 400, `KV namespace '${id}' not found.`);
    return { namespace_id: id };
  },
  d1: ({ members, name }, { d1 }) => {
    const id = members.text("id") ?? members.text("database_id");
    members.text("database_id");
    // wrangler compares the message with this text.
    if (id === undefined || !d1.get(id)) throw invalid(`binding ${name} of type d1 must have a valid \`id\` specified`);
    return { id };
  },
  hyperdrive: ({ members, name }, { hyperdrives }) => {
    const id = members.requiredText("id");
    if (!hyperdrives.get(id)) throw invalid(`binding ${name} of type hyperdrive has no config of the id '${id}'`);
    return { id };
  },
  r2_bucket: ({ members }, { r2 }) => {
    const bucket = members.requiredText("bucket_name");
    if (!r2.get(bucket))
      throw new CloudflareError(
        10085,
        400,
        `R2 bucket '${bucket}' not found. Please use a different name and try again.`,
      );
    return { bucket_name: bucket };
  },
  queue: ({ members }, { queues }) => {
    const queue = members.requiredText("queue_name");
    if (!queues.all().some(({ name }) => name === queue))
      throw new CloudflareError(11000, 400, `Queue '${queue}' does not exist.`);
    return { queue_name: queue };
  },
  service: ({ members, name }, { scripts, deployments }, script) => {
    const service = members.requiredText("service");
    const environment = members.text("environment", { oneOf: ["production"] });
    // Not compared with the exports of the service: its next version may have it, and a call fails until then.
    const entrypoint = members.text("entrypoint", { pattern: /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u });
    if (service !== script) checkService(name, service, scripts, deployments);
    return {
      service,
      ...(environment !== undefined && { environment }),
      ...(entrypoint !== undefined && { entrypoint }),
    };
  },
};

function checkService(
  name: string,
  service: string,
  scripts: Collection<ScriptRecord>,
  deployments: Collection<DeploymentRecord>,
): void {
  const unresolved = `Could not resolve service binding '${name}'. Target script '${service}'`;
  if (!scripts.get(service)) throw new CloudflareError(10143, 400, `${unresolved} not found.`);
  if (!liveDeployment(service, deployments)) throw new CloudflareError(10145, 400, `${unresolved} has no deployment.`);
}

/** Types that Cloudflare has and this emulation lacks. */
const unsupportedTypes: ReadonlySet<string> = new Set(
  (
    "ai ai_search ai_search_namespace analytics_engine artifacts browser browser_rendering data_blob " +
    "dispatch_namespace durable_object_namespace flagship images logfwdr media messaging " +
    "mtls_certificate pipelines secret_key secrets_store_secret send_email stream tail_consumer text_blob " +
    "vectorize vpc_network vpc_service wasm_module workflow worker_loader"
  ).split(" "),
);

function checkedText(name: string, text: string): string {
  if (Buffer.byteLength(text) > maxVariable)
    throw new CloudflareError(
      10054,
      400,
      `Binding '${name}' has ${Buffer.byteLength(text)} bytes; a variable or secret may have 5 KB.`,
    );
  return text;
}

/** Reads a binding of any type but `inherit`. */
export function readBinding(
  value: unknown,
  script: string,
  resources: Pick<CloudflareState, BoundCollection>,
): Binding {
  const members = membersOf(value, "binding");
  const name = readBindingName(members);
  const type = members.requiredText("type");
  const readResource = Object.hasOwn(resourceTypes, type) ? resourceTypes[type] : undefined;
  const readPlain = Object.hasOwn(plainTypes, type) ? plainTypes[type] : undefined;
  const rest = readResource?.({ members, name }, resources, script) ?? readPlain?.({ members, name });
  if (!rest)
    throw unsupportedTypes.has(type)
      ? unsupported(`bindings of type ${type}`)
      : invalid(`binding ${name} has an unknown type`);
  members.end();
  return { type, name, ...rest };
}

/** Reads a secret of the secrets API. */
export function readSecretBinding(given: StructureReader): Binding {
  const [name, type, text] = [given.requiredText("name"), given.requiredText("type"), given.text("text")];
  given.end();
  if (type !== "secret_text") throw invalid("A secret's type must be secret_text.");
  const members = membersOf({ name, text }, "binding");
  return { type, name: readBindingName(members), ...readText({ members, name }) };
}

export function readBindingName(members: StructureReader): string {
  const name = members.text("name");
  if (name === undefined || name === "") throw new CloudflareError(10052, 400, "Every binding must have a name.");
  if (!/^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(name))
    throw new CloudflareError(10052, 400, "A binding's name must be a JavaScript identifier.");
  return name;
}

/** Checks that no name is used twice, and the plan's limits: 64 or 128 variables and secrets together, 1 MB in all. */
export function checkBindings(bindings: readonly Binding[], plan: AccountPlan): void {
  const names = new Set<string>();
  for (const { name } of bindings) {
    if (names.has(name)) throw nameInUse(name);
    names.add(name);
  }
  const variables = bindings.filter(({ type }) => type === "plain_text" || type === "secret_text" || type === "json");
  if (variables.length > plan.variables)
    throw new CloudflareError(
      10055,
      400,
      `The Worker has ${variables.length} variables and secrets; ` +
        `the limit of the ${plan.name} plan is ${plan.variables}.`,
    );
  if (Buffer.byteLength(JSON.stringify(bindings)) > maxBindings)
    throw new CloudflareError(10055, 400, "The Worker's bindings have more than 1 MB.");
  if (bindings.filter(({ type }) => type === "assets").length > 1)
    throw new CloudflareError(10305, 400, "A Worker can have one assets binding.");
}

export function nameInUse(name: string): CloudflareError {
  return new CloudflareError(
    10053,
    400,
    `Binding name '${name}' already in use. Please use a different name and try again.`,
  );
}

/** A binding as the API answers it: without the value of a secret. */
export function bindingJson({ type, name, ...rest }: Binding): Readonly<Record<string, unknown>> {
  if (type === "secret_text") return { name, type };
  return { name, type, ...rest };
}
