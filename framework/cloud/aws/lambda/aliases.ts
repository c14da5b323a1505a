/**
 * Aliases, which are names for versions: CreateAlias, GetAlias, ListAliases, UpdateAlias and DeleteAlias. With a
 * RevisionId, an update fails when another update came first.
 */
import { randomUUID } from "node:crypto";
import type { Collection } from "../../collection.ts";
import { functionArn } from "../arn.ts";
import type { StructureReader } from "../../structure-reader.ts";
import type { RestCall, RestOperation } from "../rest-operation.ts";
import { propagate } from "../propagation.ts";
import type { AliasRecord, FunctionRecord } from "../records.ts";
import { findFunction, refOf, versionOf } from "./function-lookup.ts";
import { lambdaPage } from "./pagination.ts";
import { checkRevision, conflict, invalid, lambdaMembers, notFound, violation } from "./errors.ts";

function describeAlias(record: FunctionRecord, alias: AliasRecord): Record<string, unknown> {
  return {
    AliasArn: functionArn(record.name, alias.name),
    Name: alias.name,
    FunctionVersion: alias.version,
    Description: alias.description,
    RevisionId: alias.revisionId,
  };
}

function functionOf(call: RestCall, functions: Collection<FunctionRecord>): FunctionRecord {
  const ref = refOf(call);
  if (ref.qualifier !== undefined) throw invalid("Function name must not have a qualifier.");
  return findFunction(ref, functions).record;
}

/** The alias that the path names. Throws ResourceNotFoundException. */
function aliasOf(call: RestCall, record: FunctionRecord): AliasRecord {
  const name = call.path["Name"] ?? "";
  const alias = Object.hasOwn(record.aliases, name) ? record.aliases[name] : undefined;
  if (!alias) throw notFound(`Cannot find alias arn: ${functionArn(record.name, name)}`);
  return alias;
}

/** The members that CreateAlias and UpdateAlias share. */
function readChange(
  members: StructureReader,
  record: FunctionRecord,
): Partial<Pick<AliasRecord, "version" | "description">> {
  const version = members.text("FunctionVersion", { max: 1024, pattern: /^(\$LATEST|[0-9]+)$/ });
  const description = members.text("Description", { max: 256 });
  const routing = members.structure("RoutingConfig");
  const weights = Object.keys((routing?.value("AdditionalVersionWeights") as object | undefined) ?? {});
  routing?.end();
  if (weights.length > 0)
    throw violation(
      "RoutingConfig",
      weights,
      "Portico's local cloud does not support weights: an alias has one version",
    );
  if (version !== undefined && !versionOf({ ...record, aliases: {} }, version))
    throw notFound(`Function not found: ${functionArn(record.name, version)}`);
  return { ...(version !== undefined && { version }), ...(description !== undefined && { description }) };
}

function putAlias(record: FunctionRecord, alias: AliasRecord, functions: Collection<FunctionRecord>): void {
  functions.put(record.name, { ...record, aliases: { ...record.aliases, [alias.name]: alias } });
}

export const createAlias: RestOperation<"functions"> = (call, { functions }) => {
  const record = functionOf(call, functions);
  const members = lambdaMembers(call.members);
  const name = members.requiredText("Name", { min: 1, max: 128, pattern: /^((?!^[0-9]+$)([a-zA-Z0-9-_]+))$/ });
  members.requiredText("FunctionVersion");
  const { version = "", description = "" } = readChange(members, record);
  members.end();
  if (Object.hasOwn(record.aliases, name)) throw conflict(`Alias already exists: ${functionArn(record.name, name)}`);
  const alias = { name, version, description, nodes: [], revisionId: randomUUID() };
  putAlias(record, alias, functions);
  return { status: 201, body: describeAlias(record, alias) };
};

export const getAlias: RestOperation<"functions"> = (call, { functions }) => {
  const record = functionOf(call, functions);
  return { status: 200, body: describeAlias(record, aliasOf(call, record)) };
};

export const listAliases: RestOperation<"functions"> = (call, { functions }) => {
  const record = functionOf(call, functions);
  const version = call.query.get("FunctionVersion");
  const all = Object.values(record.aliases)
    .filter((alias) => version === null || alias.version === version)
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
  const { items, next } = lambdaPage(call, all, ({ name }) => name);
  return { status: 200, body: { Aliases: items.map((alias) => describeAlias(record, alias)), NextMarker: next } };
};

export const updateAlias: RestOperation<"functions" | "clock" | "latency"> = (call, { functions, clock, latency }) => {
  const record = functionOf(call, functions);
  const before = aliasOf(call, record);
  const members = lambdaMembers(call.members);
  checkRevision(members.text("RevisionId"), before.revisionId);
  const change = readChange(members, record);
  members.end();
  const moves = change.version !== undefined && change.version !== before.version;
  const nodes = moves ? propagate(before.nodes, before.version, clock.now(), latency.propagation) : before.nodes;
  const alias = { ...before, ...change, nodes, revisionId: randomUUID() };
  putAlias(record, alias, functions);
  return { status: 200, body: describeAlias(record, alias) };
};

/** Deletes the alias with its policy and its URL. Deleting a missing alias succeeds. */
export const deleteAlias: RestOperation<"functions" | "listeners"> = async (call, { functions, listeners }) => {
  const record = functionOf(call, functions);
  const name = call.path["Name"] ?? "";
  if (!Object.hasOwn(record.aliases, name)) return { status: 204 };
  const { [name]: _alias, ...aliases } = record.aliases;
  const { [name]: _policy, ...policies } = record.policies;
  const { [name]: url, ...urls } = record.urls;
  functions.put(record.name, { ...record, aliases, policies, urls });
  if (url) await listeners.close(url.urlId);
  return { status: 204 };
};
