/** The parts of a desired state on Lambda: roles, logs, front, functions with their facts, permissions and routes. */
import { jobsFunctionId } from "../../framework/model/job.ts";
import type { Manifest } from "../../framework/model/manifest.ts";
import { scheduleFact } from "../job-schedule.ts";
import { digest, type Fact, type Owner, type Part } from "../parts.ts";
import type { ReleaseRecord } from "../record.ts";
import type { LambdaBuild } from "./build.ts";
import { bucketNetworkNote, bucketPart } from "./files-bucket.ts";
import { jobPartsOf } from "./jobs.ts";
import type { LambdaFunction } from "./lambda-function.ts";
import { logPart } from "./log-group.ts";
import { type Place, stageName } from "./names.ts";
import { statementTexts } from "./policy.ts";
import { roleLabel, roleParts } from "./role.ts";
import type { StageNeeds } from "./stage-resources.ts";
import { tablePart } from "./table.ts";

/**
 * The fact that holds the own key of the assets function, since files of earlier releases are part of its whole key.
 */
export const ownLabel = "own files";

/** A role that hosting.json names: Portico neither makes nor changes it, and says what it has to allow. */
function givenRolePart(name: string, policies: readonly string[], hasClock: boolean): Part {
  const items = [...new Set(policies.flatMap(statementTexts))];
  const clock = hasClock ? ", and scheduler.amazonaws.com must be able to assume it" : "";
  const note = `it is yours, and must allow ${items.join(", ")}${clock}`;
  return { kind: "role", name, key: "given", note, shared: true };
}

/** For people: a function in a VPC does not reach DynamoDB by itself (VPC user guide, "Gateway endpoints"). */
export const networkNote = "functions in a VPC reach it through a gateway endpoint for DynamoDB or a NAT gateway alone";

/** Facts that explain a changed key: without secrets, and with hashes in place of env values. */
function functionFacts(code: string, { settings, role }: LambdaFunction, secrets: readonly string[]): readonly Fact[] {
  const env = Object.entries(settings.env).filter(([name]) => !secrets.includes(name) && name !== "PORTICO_ENV");
  return [
    { label: "code", value: code, hidden: true },
    { label: "memory", value: `${settings.memory} MB` },
    { label: "timeout", value: `${settings.timeout} s` },
    { label: "runtime", value: settings.runtime },
    { label: "architecture", value: settings.architecture },
    { label: "logs", value: settings.logGroup },
    ...(settings.traces ? [{ label: "traces", value: "X-Ray" }] : []),
    { label: roleLabel, value: role },
    ...(settings.vpc
      ? [{ label: "vpc", value: [...settings.vpc.subnets, ...settings.vpc.securityGroups].join(" ") }]
      : []),
    ...env.map(([name, value]) => ({ label: `env ${name}`, value: digest(value).slice(0, 16), hidden: true })),
  ];
}

interface PartsInput extends StageNeeds {
  readonly build: LambdaBuild;
  readonly owner: Owner;
  readonly place: Place;
  readonly functions: readonly LambdaFunction[];
  readonly keys: readonly { readonly key: string; readonly function: string }[];
  /** With which the clock of the jobs sends: its name, or an ARN. */
  readonly clockRole: string;
  readonly live: ReleaseRecord | undefined;
  /** All distinct policies that functions need: JSON. */
  readonly permissions: readonly string[];
  /** Of the assets function. */
  readonly note: string | undefined;
}

/** In the order in which they are made. */
export function toParts({
  build,
  owner,
  place,
  functions,
  keys,
  roles,
  table,
  files,
  jobs,
  clockRole,
  live,
  permissions,
  note,
}: PartsInput): readonly Part[] {
  const { app } = build.manifest;
  const called = [...new Set(keys.map((route) => route.function))].toSorted();
  const built = new Map(build.archives.map((archive) => [archive.fn.id, archive]));
  const schedules = schedulesOf(build.manifest);
  return [
    ...(app.lambda.role === undefined
      ? roles.flatMap(roleParts)
      : [givenRolePart(app.lambda.role, permissions, jobs?.clock === true)]),
    ...(table ? [tablePart(owner, table, app.lambda.vpc && networkNote)] : []),
    ...(files ? [bucketPart(owner, place, app.lambda.vpc && bucketNetworkNote)] : []),
    ...(jobs ? jobPartsOf(owner, jobs, { role: clockRole, isInVpc: app.lambda.vpc !== undefined, live }) : []),
    logPart(owner, app.lambda.logRetention),
    app.lambda.front === "function-url" ? urlPart(owner) : { kind: "api", name: stageName(owner), key: "http-api" },
    ...functions.map((fn): Part => {
      const { fn: { bytes = 0 } = {}, codeSha256 = "" } = built.get(fn.id) ?? {};
      const facts = functionFacts(codeSha256, fn, app.secrets);
      if (fn.id === jobsFunctionId)
        return { kind: "function", name: fn.id, key: fn.key, bytes, facts: [...facts, ...schedules] };
      if (fn.id !== build.assetsFunctionId) return { kind: "function", name: fn.id, key: fn.key, bytes, facts };
      const carried = fn.kept.length ? [{ label: "files of earlier releases", value: String(fn.kept.length) }] : [];
      const own = { label: ownLabel, value: fn.ownKey, hidden: true };
      return {
        kind: "function",
        name: fn.id,
        key: fn.key,
        bytes,
        facts: [...facts, ...carried, own],
        ...(note !== undefined && { note }),
      };
    }),
    app.lambda.front === "function-url" ? publicAccessPart(owner) : invokePart(owner, called),
    ...keys.map((route) => ({ kind: "route" as const, name: route.key, key: route.function })),
  ];
}

/** The jobs in the function that runs them, for people. */
const schedulesOf = ({ jobsFunction }: Manifest): readonly Fact[] =>
  (jobsFunction?.jobs ?? []).map((job) => scheduleFact(`job ${job.name}`, job));

/** The address of the one function. */
export const urlPart = (owner: Owner): Part => ({
  kind: "url",
  name: stageName(owner),
  key: "RESPONSE_STREAM",
  shared: true,
});

/** The permission that anybody may call it. */
export function publicAccessPart(owner: Owner): Part {
  const items = ["be called by anybody"];
  return { kind: "permission", name: `url ${stageName(owner)}`, key: digest(items), items, shared: true };
}

/** The permission that the API may call functions. @param ids in any order */
export function invokePart(owner: Owner, ids: readonly string[]): Part {
  const items = ids.toSorted().map((id) => `invoke ${id}`);
  return { kind: "permission", name: `api ${stageName(owner)}`, key: digest(items), items };
}
