/**
 * Functions: CreateFunction, GetFunction, GetFunctionConfiguration, ListFunctions, UpdateFunctionCode,
 * UpdateFunctionConfiguration and DeleteFunction.
 */
import { randomUUID } from "node:crypto";
import type { Uses } from "../backends.ts";
import type { FunctionRecord, FunctionVersion } from "../records.ts";
import type { RestCall, RestOperation } from "../rest-operation.ts";
import { checkRevision, conflict, invalid, lambdaMembers, violation } from "./errors.ts";
import { readArchitecture, readCode } from "./function-code.ts";
import { describeFunction, listedFunction } from "./function-configuration.ts";
import { findChangeable, findFunction, refOf } from "./function-lookup.ts";
import { parseFunctionName } from "./function-name.ts";
import { readSettings, type Settings } from "./function-settings.ts";
import { publish, timestamp } from "./function-version.ts";
import { environmentId } from "./loaded-function.ts";
import { lambdaPage } from "./pagination.ts";
import { checkTags } from "./tags.ts";
import { checkTracingRole } from "./tracing-role.ts";
import { checkVpcRole } from "./vpc-config.ts";

export const createFunction: RestOperation<"functions" | "roles" | "code" | "clock" | "latency"> = (
  call,
  { functions, roles, code, clock, latency },
) => {
  const members = lambdaMembers(call.members);
  const { name, qualifier } = parseFunctionName(members.requiredText("FunctionName", { min: 1 }));
  if (qualifier !== undefined) throw invalid("Function name must not have a qualifier.");
  members.requiredText("Role");
  members.text("PackageType", { oneOf: ["Zip"] });
  const isPublished = members.flag("Publish") ?? false;
  const tags = checkTags(members.textMap("Tags") ?? {});
  const settings = requireRuntime(readSettings(members, name, { roles, clock }));
  const architecture = readArchitecture(members) ?? "x86_64";
  const codeMembers = members.structure("Code");
  members.end();
  checkVpcRole(settings.vpc, settings.role, roles);
  checkTracingRole(settings.tracing, settings.role, roles);
  if (functions.get(name)) throw conflict(`Function already exist: ${name}`);
  const stored = readCode(codeMembers ?? lambdaMembers({}), code);
  codeMembers?.end();
  const latest: FunctionVersion = {
    version: "$LATEST",
    revisionId: randomUUID(),
    description: "",
    timeout: 3,
    memorySize: 128,
    ephemeralStorage: 512,
    logging: { LogFormat: "Text", LogGroup: `/aws/lambda/${name}` },
    tracing: "PassThrough",
    architecture,
    lastModified: timestamp(clock.now()),
    readyAt: clock.now() + latency.function,
    ...stored,
    ...settings,
  };
  const created: FunctionRecord = {
    name,
    latest,
    versions: [],
    nextVersion: 1,
    policies: {},
    aliases: {},
    urls: {},
    tags,
  };
  const { record, version } = isPublished
    ? publish(created, undefined, { clock, latency })
    : { record: created, version: latest };
  functions.put(name, record);
  const body = describeFunction(record, version, isPublished ? version.version : undefined, clock.now());
  return { status: 201, body };
};

/** The settings of a function with a zip. Throws InvalidParameterValueException when a mandatory one is missing. */
function requireRuntime(settings: Settings): Settings & Pick<FunctionVersion, "role" | "runtime" | "handler"> {
  const { role, runtime, handler } = settings;
  if (role === undefined || runtime === undefined || handler === undefined) {
    throw invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.");
  }
  return { ...settings, role, runtime, handler };
}

export const getFunctionConfiguration: RestOperation<"functions" | "clock"> = (call, { functions, clock }) => {
  const { record, version, qualifier } = findFunction(refOf(call), functions);
  return { status: 200, body: describeFunction(record, version, qualifier, clock.now()) };
};

export const getFunction: RestOperation<"functions" | "clock" | "codeUrl"> = (call, { functions, clock, codeUrl }) => {
  const { record, version, qualifier } = findFunction(refOf(call), functions);
  const body = {
    Configuration: describeFunction(record, version, qualifier, clock.now()),
    Code: { RepositoryType: "S3", Location: codeUrl(version.codeSha256) },
    Tags: Object.keys(record.tags).length > 0 ? record.tags : undefined,
  };
  return { status: 200, body };
};

/** With `?FunctionVersion=ALL` the list contains every version of each function. */
export const listFunctions: RestOperation<"functions"> = (call, { functions }) => {
  const filter = call.query.get("FunctionVersion");
  if (filter !== null && filter !== "ALL")
    throw violation("FunctionVersion", filter, "Member must satisfy enum value set: [ALL]");
  const all = functions
    .all()
    .flatMap((record) => [record.latest, ...(filter ? record.versions : [])].map((version) => ({ record, version })));
  const { items, next } = lambdaPage(call, all, ({ record, version }) => `${record.name}:${version.version}`);
  return {
    status: 200,
    body: {
      Functions: items.map(({ record, version }) =>
        listedFunction(record, version, filter === null ? undefined : version.version),
      ),
      NextMarker: next,
    },
  };
};

/** The function that an update names. Throws InvalidParameterValueException for a published version. */
function findUpdatable(call: RestCall, uses: Uses<"functions" | "clock">): FunctionRecord {
  const ref = refOf(call);
  if (ref.qualifier !== undefined && ref.qualifier !== "$LATEST")
    throw invalid("Versions are immutable: only $LATEST can be updated.");
  return findChangeable(ref, uses);
}

/** The record with a changed `$LATEST`. Its state before the update serves until the update is complete. */
function updateLatest(
  record: FunctionRecord,
  change: Partial<FunctionVersion>,
  { clock, latency }: Uses<"clock" | "latency">,
): FunctionRecord {
  const latest = { ...record.latest, ...change, revisionId: randomUUID(), lastModified: timestamp(clock.now()) };
  const { update: _, ...rest } = record;
  return {
    ...rest,
    latest,
    ...(latency.function > 0 && { update: { until: clock.now() + latency.function, serving: record.latest } }),
  };
}

export const updateFunctionCode: RestOperation<"functions" | "code" | "clock" | "latency"> = (
  call,
  { functions, code, clock, latency },
) => {
  const record = findUpdatable(call, { functions, clock });
  const members = lambdaMembers(call.members);
  checkRevision(members.text("RevisionId"), record.latest.revisionId);
  const isDryRun = members.flag("DryRun") ?? false;
  const isPublished = members.flag("Publish") ?? false;
  const architecture = readArchitecture(members);
  const stored = readCode(members, code);
  members.end();
  const change = { ...stored, ...(architecture !== undefined && { architecture }) };
  const changed = updateLatest(record, change, { clock, latency });
  if (isDryRun) {
    const preview = { ...changed.latest, revisionId: record.latest.revisionId };
    return { status: 200, body: describeFunction(record, preview, undefined, clock.now()) };
  }
  const { record: next, version } = isPublished
    ? publish(changed, undefined, { clock, latency })
    : { record: changed, version: changed.latest };
  functions.put(next.name, next);
  const body = describeFunction(next, version, isPublished ? version.version : undefined, clock.now());
  return { status: 200, body };
};

export const updateFunctionConfiguration: RestOperation<"functions" | "roles" | "clock" | "latency"> = (
  call,
  { functions, roles, clock, latency },
) => {
  const record = findUpdatable(call, { functions, clock });
  const members = lambdaMembers(call.members);
  checkRevision(members.text("RevisionId"), record.latest.revisionId);
  const settings = readSettings(members, record.name, { roles, clock });
  members.end();
  checkVpcRole(settings.vpc, settings.role ?? record.latest.role, roles);
  checkTracingRole(settings.tracing ?? record.latest.tracing, settings.role ?? record.latest.role, roles);
  const next = functions.put(record.name, updateLatest(record, settings, { clock, latency }));
  return { status: 200, body: describeFunction(next, next.latest, undefined, clock.now()) };
};

/** Deletes the function, or with `?Qualifier` one version of it. */
export const deleteFunction: RestOperation<"functions" | "runtime" | "listeners" | "clock"> = async (
  call,
  { functions, runtime, listeners, clock },
) => {
  const ref = refOf(call);
  const { record, version } = findFunction(ref, functions);
  if (ref.qualifier !== undefined && Object.hasOwn(record.aliases, ref.qualifier))
    throw invalid("Deletion of aliases is not currently supported.");
  if (ref.qualifier === "$LATEST") throw invalid("$LATEST version cannot be deleted without deleting the function.");
  if (ref.qualifier === undefined) {
    functions.remove(record.name);
    for (const each of [record.latest, ...record.versions]) runtime.retire(environmentId(record.name, each));
    await Promise.all(Object.values(record.urls).map(({ urlId }) => listeners.close(urlId)));
    return { status: 204 };
  }
  findChangeable(ref, { functions, clock });
  const aliases = Object.values(record.aliases).filter((alias) => alias.version === version.version);
  if (aliases.length > 0)
    throw conflict(
      "Unable to delete version because the following aliases reference it: " +
        `[${aliases.map(({ name }) => name).join(", ")}]`,
    );
  const { [ref.qualifier]: _, ...policies } = record.policies;
  const versions = record.versions.filter((other) => other !== version);
  functions.put(record.name, { ...record, policies, versions });
  runtime.retire(environmentId(record.name, version));
  return { status: 204 };
};
