/** CreateAlias, GetAlias, ListAliases, UpdateAlias and DeleteAlias: names for versions, moved with a RevisionId to be sure of the last move. */
import { randomUUID } from "node:crypto";
import { functionArn } from "../arn.ts";
import type { Members } from "../members.ts";
import type { Call, Operation } from "../operation.ts";
import { spread } from "../propagation.ts";
import type { AliasRecord, FunctionRecord } from "../records.ts";
import type { Region } from "../region.ts";
import { findFunction, refOf, versionOf } from "./find-function.ts";
import { lambdaPage } from "./lambda-page.ts";
import { checkRevision, conflict, invalid, lambdaMembers, notFound, violation } from "./refusals.ts";

function describeAlias(record: FunctionRecord, alias: AliasRecord): Record<string, unknown> {
  return {
    AliasArn: functionArn(record.name, alias.name),
    Name: alias.name,
    FunctionVersion: alias.version,
    Description: alias.description,
    RevisionId: alias.revisionId,
  };
}

function functionOf(call: Call, region: Region): FunctionRecord {
  const ref = refOf(call);
  if (ref.qualifier !== undefined) throw invalid("Function name must not have a qualifier.");
  return findFunction(ref, region).record;
}

/** The alias that the path names. Throws ResourceNotFoundException. */
function aliasOf(call: Call, record: FunctionRecord): AliasRecord {
  const name = call.path["Name"] ?? "";
  const alias = Object.hasOwn(record.aliases, name) ? record.aliases[name] : undefined;
  if (!alias) throw notFound(`Cannot find alias arn: ${functionArn(record.name, name)}`);
  return alias;
}

/** What CreateAlias and UpdateAlias both take. */
function readChange(members: Members, record: FunctionRecord): Partial<Pick<AliasRecord, "version" | "description">> {
  const version = members.text("FunctionVersion", { max: 1024, pattern: /^(\$LATEST|[0-9]+)$/ });
  const description = members.text("Description", { max: 256 });
  const routing = members.structure("RoutingConfig");
  const weights = Object.keys((routing?.value("AdditionalVersionWeights") as object | undefined) ?? {});
  routing?.end();
  if (weights.length > 0)
    throw violation("RoutingConfig", weights, "Portico's local cloud does not speak weights: an alias is one version");
  if (version !== undefined && !versionOf({ ...record, aliases: {} }, version))
    throw notFound(`Function not found: ${functionArn(record.name, version)}`);
  return { ...(version !== undefined && { version }), ...(description !== undefined && { description }) };
}

function put(record: FunctionRecord, alias: AliasRecord, region: Region): void {
  region.state.functions.put(record.name, { ...record, aliases: { ...record.aliases, [alias.name]: alias } });
}

export const createAlias: Operation = (call, region) => {
  const record = functionOf(call, region);
  const members = lambdaMembers(call.members);
  const name = members.requiredText("Name", { min: 1, max: 128, pattern: /^((?!^[0-9]+$)([a-zA-Z0-9-_]+))$/ });
  members.requiredText("FunctionVersion");
  const { version = "", description = "" } = readChange(members, record);
  members.end();
  if (Object.hasOwn(record.aliases, name)) throw conflict(`Alias already exists: ${functionArn(record.name, name)}`);
  const alias = { name, version, description, nodes: [], revisionId: randomUUID() };
  put(record, alias, region);
  return { status: 201, body: describeAlias(record, alias) };
};

export const getAlias: Operation = (call, region) => {
  const record = functionOf(call, region);
  return { status: 200, body: describeAlias(record, aliasOf(call, record)) };
};

export const listAliases: Operation = (call, region) => {
  const record = functionOf(call, region);
  const version = call.query.get("FunctionVersion");
  const all = Object.values(record.aliases)
    .filter((alias) => version === null || alias.version === version)
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
  const { items, next } = lambdaPage(call, all, ({ name }) => name);
  return { status: 200, body: { Aliases: items.map((alias) => describeAlias(record, alias)), NextMarker: next } };
};

export const updateAlias: Operation = (call, region) => {
  const record = functionOf(call, region);
  const before = aliasOf(call, record);
  const members = lambdaMembers(call.members);
  checkRevision(members.text("RevisionId"), before.revisionId);
  const change = readChange(members, record);
  members.end();
  const moves = change.version !== undefined && change.version !== before.version;
  const nodes = moves ? spread(before.nodes, before.version, region.clock.now(), region.pace.propagation) : before.nodes;
  const alias = { ...before, ...change, nodes, revisionId: randomUUID() };
  put(record, alias, region);
  return { status: 200, body: describeAlias(record, alias) };
};

/** What is not there is as good as deleted: the operation has no ResourceNotFoundException. Its policy and its URL go with it. */
export const deleteAlias: Operation = async (call, region) => {
  const record = functionOf(call, region);
  const name = call.path["Name"] ?? "";
  if (!Object.hasOwn(record.aliases, name)) return { status: 204 };
  const { [name]: _alias, ...aliases } = record.aliases;
  const { [name]: _policy, ...policies } = record.policies;
  const { [name]: url, ...urls } = record.urls;
  region.state.functions.put(record.name, { ...record, aliases, policies, urls });
  if (url) await region.fronts.close(url.urlId);
  return { status: 204 };
};
