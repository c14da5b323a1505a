/** Looks up an API and what is below it: a call's path in, records (or the 404), new ids and pages out. */
import { randomInt } from "node:crypto";
import type { Collection } from "../collection.ts";
import type { Answer, Call } from "../operation.ts";
import { pageOf } from "../page.ts";
import type { ApiRecord, DeploymentRecord, IntegrationRecord, RouteRecord, StageRecord } from "../records.ts";
import type { Region } from "../region.ts";
import { badRequest, notFound } from "./refusals.ts";

export function findApi(call: Call, region: Region): ApiRecord {
  const id = call.path["ApiId"] ?? "";
  const api = region.state.apis.get(id);
  if (!api) throw notFound("API", id);
  return api;
}

/** The children of one API, in the order of their ids. */
export function childrenOf<T extends { readonly apiId: string }>(children: Collection<T>, apiId: string): readonly T[] {
  return children.all().filter((child) => child.apiId === apiId);
}

function find<T>(children: Collection<T>, call: Call, region: Region, kind: "Deployment" | "Stage"): T {
  const { apiId } = findApi(call, region);
  const id = call.path[kind === "Stage" ? "StageName" : `${kind}Id`] ?? "";
  const child = children.get(`${apiId}/${id}`);
  if (!child) throw notFound(kind, id);
  return child;
}

export function findIntegration(call: Call, region: Region): { readonly api: ApiRecord; readonly integration: IntegrationRecord } {
  const api = findApi(call, region);
  const id = call.path["IntegrationId"] ?? "";
  const integration = api.integrations.find(({ integrationId }) => integrationId === id);
  if (!integration) throw notFound("Integration", id);
  return { api, integration };
}

export function findRoute(call: Call, region: Region): { readonly api: ApiRecord; readonly route: RouteRecord } {
  const api = findApi(call, region);
  const id = call.path["RouteId"] ?? "";
  const route = api.routes.find(({ routeId }) => routeId === id);
  if (!route) throw notFound("Route", id);
  return { api, route };
}

export function findDeployment(call: Call, region: Region): DeploymentRecord {
  return find(region.state.deployments, call, region, "Deployment");
}

export function findStage(call: Call, region: Region): StageRecord {
  return find(region.state.stages, call, region, "Stage");
}

/** Lower-case letters and digits, as AWS's ids are. */
export function newId(length: number): string {
  return Array.from({ length }, () => "abcdefghijklmnopqrstuvwxyz0123456789"[randomInt(36)]).join("");
}

/** ISO 8601 to the second. */
export function timestamp(region: Region): string {
  return `${new Date(region.clock.now()).toISOString().slice(0, 19)}Z`;
}

/** `{ items, nextToken }` by `?maxResults` (25, at most 500) and `?nextToken`. */
export function pageAnswer<T>(
  call: Call,
  list: readonly T[],
  keyOf: (item: T) => string,
  describe: (item: T) => Record<string, unknown>,
): Answer {
  const size = Number(call.query.get("maxResults") ?? 25);
  if (!Number.isInteger(size) || size < 1 || size > 500) throw badRequest("Invalid maxResults: it must be between 1 and 500");
  const page = pageOf(list, keyOf, size, call.query.get("nextToken"));
  if (!page) throw badRequest("Invalid nextToken");
  return { status: 200, body: { items: page.items.map(describe), nextToken: page.next } };
}
