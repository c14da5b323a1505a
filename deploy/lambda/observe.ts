/** What an app has at a stage on AWS: reading calls in, parts, releases and leftovers out. */
import type { Integration } from "@aws-sdk/client-apigatewayv2";
import { type FunctionConfiguration, ListTagsCommand, paginateListFunctions } from "@aws-sdk/client-lambda";
import { inParallel } from "../parallel.ts";
import type { Deployed, DeployedPart, Live, Version } from "../platform.ts";
import { type ApiHandle, calledFunction, findApi, readWorkingCopy, type WorkingCopy } from "./api.ts";
import type { Clients } from "./clients.ts";
import { functionFacts, invokePart } from "./draft.ts";
import { toVersion } from "./functions.ts";
import { candidatePrefix, functionPrefix, isOurs, type Owner, stageName, versionKey } from "./names.ts";
import { readSnapshots, toReleases } from "./promote.ts";
import { deployedRole, findRole } from "./role.ts";

/** Reads only. `secrets` are the names whose values are not looked at. */
export async function observe(clients: Clients, owner: Owner, secrets: readonly string[]): Promise<Deployed> {
  const [role, functions, api] = await Promise.all([findRole(clients, owner), readFunctions(clients, owner), observeApi(clients, owner)]);
  const ids = new Map(functions.ours.map(({ name, id }) => [name, id]));
  const parts = [
    ...(role && role !== "taken" ? deployedRole(owner, role) : []),
    ...apiParts(owner, api, ids),
    ...functions.ours.map((fn) => functionPart(fn, api.copy.integrations, secrets)),
  ];
  const taken = [
    ...(role === "taken" ? [{ kind: "role" as const, name: stageName(owner) }] : []),
    ...functions.others.map((name) => ({ kind: "function" as const, name })),
    ...api.lookalikes.map((id) => ({ kind: "api" as const, name: `${stageName(owner)} (${id})` })),
  ];
  const { releases, live, leftovers } = api;
  return { parts, releases, ...(live && { live }), leftovers, taken };
}

interface ObservedApi extends Pick<Deployed, "releases" | "live" | "leftovers"> {
  readonly api?: ApiHandle;
  readonly copy: WorkingCopy;
  readonly lookalikes: readonly string[];
}

async function observeApi(clients: Clients, owner: Owner): Promise<ObservedApi> {
  const { found, lookalikes } = await findApi(clients, owner);
  if (!found) return { releases: [], leftovers: [], copy: { integrations: [], routes: [] }, lookalikes };
  const [{ deployments, stages }, copy] = await Promise.all([readSnapshots(clients, found.id), readWorkingCopy(clients, found.id)]);
  const releases = toReleases(deployments);
  const serving = stages.find(({ StageName }) => StageName === "$default")?.DeploymentId;
  const release = releases.find(({ ref }) => ref === serving);
  const live: Live | undefined = release && { ...release, url: `${found.endpoint}/` };
  const leftovers = stages.flatMap(({ StageName = "" }) => (StageName.startsWith(candidatePrefix) ? [StageName] : []));
  return { api: found, releases, ...(live && { live }), leftovers, copy, lookalikes };
}

function apiParts(owner: Owner, { api, copy }: ObservedApi, ids: ReadonlyMap<string, string>): readonly DeployedPart[] {
  if (!api) return [];
  const called = new Map(copy.integrations.map((one) => [`integrations/${one.IntegrationId}`, idOf(one, ids)]));
  return [
    { kind: "api", name: stageName(owner), key: "http-api" },
    ...(called.size > 0 ? [invokePart(owner, [...called.values()])] : []),
    ...copy.routes.map(({ RouteKey = "", Target = "" }) => ({
      kind: "route" as const,
      name: RouteKey,
      key: called.get(Target) ?? "nothing",
    })),
  ];
}

function idOf(integration: Integration, ids: ReadonlyMap<string, string>): string {
  const { name } = calledFunction(integration);
  return ids.get(name) ?? name;
}

interface ObservedFunction {
  readonly name: string;
  readonly id: string;
  /** `$LATEST` and every published version, oldest first. */
  readonly states: readonly FunctionConfiguration[];
}

async function readFunctions(
  { lambda }: Clients,
  owner: Owner,
): Promise<{ readonly ours: readonly ObservedFunction[]; readonly others: readonly string[] }> {
  const states: FunctionConfiguration[] = [];
  for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, { FunctionVersion: "ALL" })) {
    states.push(...Functions.filter(({ FunctionName }) => FunctionName?.startsWith(functionPrefix(owner))));
  }
  const byName = [...Map.groupBy(states, ({ FunctionName = "" }) => FunctionName)];
  const tagged = await inParallel(byName, 8, async ([name, all]) => {
    const Resource = all[0]?.FunctionArn?.split(":").slice(0, 7).join(":");
    const { Tags } = await lambda.send(new ListTagsCommand({ Resource }));
    return { name, tags: Tags, states: all.toSorted((left, right) => versionNumber(left) - versionNumber(right)) };
  });
  const [ours, others] = [true, false].map((wanted) => tagged.filter(({ tags }) => isOurs(owner, tags) === wanted));
  return {
    ours: (ours ?? []).map(({ name, tags, states: all }) => ({ name, id: tags?.["portico:function"] ?? name, states: all })),
    others: (others ?? []).map(({ name }) => name),
  };
}

const versionNumber = ({ Version }: FunctionConfiguration): number => (Version === "$LATEST" ? 0 : Number(Version));

/** A function as the version that the working copy calls, else the newest one. */
function functionPart(
  { name, id, states }: ObservedFunction,
  integrations: readonly Integration[],
  secrets: readonly string[],
): DeployedPart {
  const published = states.filter(({ Version }) => Version !== "$LATEST");
  const called = integrations.map(calledFunction).find((one) => one.name === name)?.number;
  const current = published.find(({ Version }) => Version === called) ?? published.at(-1) ?? states[0] ?? {};
  const versions = published.flatMap((one): readonly Version[] => {
    const key = versionKey(one.Description);
    return key ? [toVersion(id, one, key)] : [];
  });
  const version = versions.find(({ number }) => number === current.Version);
  return { kind: "function", name: id, key: version?.key ?? "", facts: factsOf(current, secrets), ...(version && { version }), versions };
}

function factsOf(
  { CodeSha256 = "", Runtime, MemorySize = 0, Timeout = 0, Architectures, Environment, LoggingConfig }: FunctionConfiguration,
  secrets: readonly string[],
) {
  const settings = {
    runtime: Runtime ?? "",
    architecture: Architectures?.[0] ?? "",
    memory: MemorySize,
    timeout: Timeout,
    env: Environment?.Variables ?? {},
    logGroup: LoggingConfig?.LogGroup ?? "",
  };
  return functionFacts(CodeSha256, settings, secrets);
}
