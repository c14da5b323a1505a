/** Routes of an HTTP API: the rules for route keys, conflicts between two routes, and GetRoutes. */
import type { RouteRecord } from "../records.ts";
import type { RestOperation } from "../rest-operation.ts";
import { conflict } from "./errors.ts";
import { findApi, listResponse } from "./resources.ts";

const methods = new Set(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "ANY"]);
const variable = /^\{[a-zA-Z0-9._$:-]+\+?\}$/;

/**
 * Whether HTTP APIs accept the key: `$default`, or `METHOD /path` without an empty segment or a slash at the end.
 * `{name}` takes a complete segment, `{name+}` the last one only.
 */
export function isRouteKey(key: string): boolean {
  if (key === "$default") return true;
  const space = key.indexOf(" ");
  const path = key.slice(space + 1);
  if (space < 0 || !methods.has(key.slice(0, space)) || !path.startsWith("/")) return false;
  if (path === "/") return true;
  const segments = path.slice(1).split("/");
  const names = segments.filter((segment) => segment.startsWith("{")).map((segment) => segment.replace(/[{}+]/g, ""));
  return (
    segments.every((segment, index) => isSegment(segment, index === segments.length - 1)) &&
    new Set(names).size === names.length
  );
}

function isSegment(segment: string, isLast: boolean): boolean {
  if (segment === "") return false;
  if (!/[{}]/.test(segment)) return true;
  return variable.test(segment) && (isLast || !segment.endsWith("+}"));
}

/** Equal for two keys that differ in the names of their variables only; AWS refuses the second. */
function routeShape(key: string): string {
  return key.replace(/\{[^}+]+(\+?)\}/g, "{$1}");
}

/** Routes of one API (quotas page). */
export const maxRoutes = 300;

function describeRoute(route: RouteRecord): Record<string, unknown> {
  return {
    apiKeyRequired: false,
    authorizationType: "NONE",
    operationName: route.operationName,
    routeId: route.routeId,
    routeKey: route.routeKey,
    target: route.integrationId === undefined ? undefined : `integrations/${route.integrationId}`,
  };
}

/** Throws ConflictException when another route matches the same requests. */
export function checkUnique(routeKey: string, others: readonly RouteRecord[]): void {
  if (others.some((other) => other.routeKey === routeKey))
    throw conflict(`Route with key ${routeKey} already exists for this API`);
  const conflicting = others.find((other) => routeShape(other.routeKey) === routeShape(routeKey));
  if (conflicting)
    throw conflict(
      `The provided route key "${routeKey}" has a conflicting variable on the same hierarchical level ` +
        `as "${conflicting.routeKey}"`,
    );
}

export const getRoutes: RestOperation<"apis"> = (call, { apis }) =>
  listResponse(call, findApi(call, apis).routes, ({ routeId }) => routeId, describeRoute);
