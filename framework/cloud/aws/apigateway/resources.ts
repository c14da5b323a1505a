/** API Gateway's resources: lookup by a call's path, new ids, timestamps, and pages of lists. */
import { randomInt } from "node:crypto";
import type { Collection } from "../../collection.ts";
import type { Uses } from "../backends.ts";
import type { RestCall, RestResponse } from "../rest-operation.ts";
import { pageOf } from "../pagination.ts";
import type { ApiRecord, DeploymentRecord, StageRecord } from "../records.ts";
import { badRequest, notFound } from "./errors.ts";

/** The API that the path names. Throws NotFoundException, as the functions below do. */
export function findApi(call: RestCall, apis: Collection<ApiRecord>): ApiRecord {
  const id = call.path["ApiId"] ?? "";
  const api = apis.get(id);
  if (!api) throw notFound("API", id);
  return api;
}

/** The stages or deployments of one API, sorted by id. */
export function childrenOf<T extends { readonly apiId: string }>(children: Collection<T>, apiId: string): readonly T[] {
  return children.all().filter((child) => child.apiId === apiId);
}

function findChild<T>(
  kind: "Deployment" | "Stage",
  call: RestCall,
  children: Collection<T>,
  apis: Collection<ApiRecord>,
): T {
  const { apiId } = findApi(call, apis);
  const id = call.path[kind === "Stage" ? "StageName" : `${kind}Id`] ?? "";
  const child = children.get(`${apiId}/${id}`);
  if (!child) throw notFound(kind, id);
  return child;
}

export function findDeployment(call: RestCall, { apis, deployments }: Uses<"apis" | "deployments">): DeploymentRecord {
  return findChild("Deployment", call, deployments, apis);
}

export function findStage(call: RestCall, { apis, stages }: Uses<"apis" | "stages">): StageRecord {
  return findChild("Stage", call, stages, apis);
}

/** Lower-case letters and digits, as AWS's ids are. */
export function newId(length: number): string {
  return Array.from({ length }, () => "abcdefghijklmnopqrstuvwxyz0123456789"[randomInt(36)]).join("");
}

/** ISO 8601 to the second, of epoch ms. */
export function timestamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}

/** The page `{ items, nextToken }` that `?maxResults` (default 25, at most 500) and `?nextToken` ask for. */
export function listResponse<T>(
  call: RestCall,
  list: readonly T[],
  keyOf: (item: T) => string,
  describe: (item: T) => Record<string, unknown>,
): RestResponse {
  const size = Number(call.query.get("maxResults") ?? 25);
  if (!Number.isInteger(size) || size < 1 || size > 500)
    throw badRequest("Invalid maxResults: it must be between 1 and 500");
  const page = pageOf(list, keyOf, size, call.query.get("nextToken"));
  if (!page) throw badRequest("Invalid nextToken");
  return { status: 200, body: { items: page.items.map(describe), nextToken: page.next } };
}
