/** Operations on zones, which are declared by POST here, and on the routes that send their requests to Workers. */
import { randomUUID } from "node:crypto";
import type { Collection } from "../collection.ts";
import type { StructureReader } from "../structure-reader.ts";
import { accountId } from "./account.ts";
import type { ApiCall } from "./api-call.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import { bodyMembers, jsonBody, membersOf } from "./json-body.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { pageOf } from "./pagination.ts";
import type { RouteRecord, ZoneRecord } from "./records.ts";
import { withScriptLock } from "./script-lock.ts";
import { findScript } from "./script-lookup.ts";
import type { CloudflareState } from "./state.ts";
import { parsePattern } from "./zone-routing.ts";

/** Most routes of a zone (Workers limits page). */
const maxRoutes = 1000;

const newId = (): string => randomUUID().replaceAll("-", "");

const zoneJson = ({ id, name }: ZoneRecord): Readonly<Record<string, unknown>> => ({
  id,
  name,
  status: "active",
  paused: false,
  type: "full",
  account: { id: accountId, name: "Portico's local Cloudflare" },
});

function findZone(call: ApiCall, { zones }: Pick<CloudflareState, "zones">): ZoneRecord {
  const found = zones.get(call.path["zone"] ?? "");
  if (!found)
    throw new CloudflareError(
      7003,
      404,
      `Could not route to /zones/${call.path["zone"]}, perhaps your object identifier is invalid?`,
    );
  return found;
}

/** The zone that a host belongs to: the one with the longest name that the host ends with. */
function zoneOf(host: string, { zones }: Pick<CloudflareState, "zones">): ZoneRecord | undefined {
  const bare = host.replace(/^\*\.?/, "");
  return zones
    .all()
    .filter(({ name }) => bare === name || bare.endsWith(`.${name}`))
    .toSorted((left, right) => right.name.length - left.name.length)[0];
}

/** The zone that `zone_id` or `zone_name` names, else the one that `host` belongs to. Throws CloudflareError. */
export function readZone(members: StructureReader, host: string, state: Pick<CloudflareState, "zones">): ZoneRecord {
  const id = members.text("zone_id");
  const name = members.text("zone_name");
  const zone =
    id !== undefined
      ? state.zones.get(id)
      : name !== undefined
        ? state.zones.all().find((one) => one.name === name)
        : zoneOf(host, state);
  if (!zone)
    throw invalid(
      `Could not find zone for "${host}". Make sure the domain is set up to be proxied by Cloudflare.`,
      10022,
    );
  const owner = zoneOf(host, state);
  if (owner?.id !== zone.id) throw invalid(`"${host}" is not in the zone ${zone.name}.`, 10022);
  return zone;
}

const createZone: Operation<"zones"> = (call, state) => {
  const members = bodyMembers(call, 1001);
  const name = members.requiredText("name", {
    pattern: /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/,
  });
  members.structure("account");
  members.text("type", { oneOf: ["full"] });
  members.end();
  if (state.zones.all().some((zone) => zone.name === name))
    throw new CloudflareError(1061, 400, `${name} already exists.`);
  const id = newId();
  return { result: zoneJson(state.zones.put(id, { id, name })) };
};

const listZones: Operation<"zones"> = ({ query }, state) => {
  const name = query.get("name");
  const { items, info } = pageOf(
    state.zones.all().filter((zone) => name === null || zone.name === name),
    query,
    20,
    50,
  );
  return { result: items.map(zoneJson), info };
};

const routeJson = ({ id, pattern, script }: RouteRecord): Readonly<Record<string, unknown>> => ({
  id,
  pattern,
  ...(script !== null && { script }),
});

const routesOf = (zone: ZoneRecord, { routes }: Pick<CloudflareState, "routes">): readonly RouteRecord[] =>
  routes.all().filter((route) => route.zone === zone.id);

/** Throws CloudflareError unless the pattern can be the zone's, is free, and names a Worker that exists. */
function checkRoute(
  { pattern, script }: Pick<RouteRecord, "pattern" | "script">,
  zone: ZoneRecord,
  state: Pick<CloudflareState, "routes" | "scripts" | "zones">,
  ownId?: string,
): void {
  const parsed = parsePattern(pattern);
  if (!parsed) throw invalid(`"${pattern}" is not a valid route pattern.`, 10022);
  if (zoneOf(parsed.host, state)?.id !== zone.id)
    throw invalid(`The pattern "${pattern}" is not in the zone ${zone.name}.`, 10022);
  if (script !== null && !state.scripts.get(script))
    throw new CloudflareError(10019, 400, `workers.api.error.script_not_found: ${script}`);
  const taken = routesOf(zone, state).find((route) => route.pattern === pattern && route.id !== ownId);
  if (taken) throw new CloudflareError(10020, 409, "A route with the same pattern already exists.");
}

function readRoute(call: ApiCall): { readonly pattern: string; readonly script: string | null } {
  const members = bodyMembers(call);
  const [pattern, script = null] = [members.requiredText("pattern"), members.text("script")];
  members.end();
  return { pattern, script };
}

const createRoute: Operation<"routes" | "scripts" | "zones", "refreshHosts"> = (call, state, { refreshHosts }) => {
  const zone = findZone(call, state);
  const { pattern, script } = readRoute(call);
  checkRoute({ pattern, script }, zone, state);
  if (routesOf(zone, state).length >= maxRoutes) throw tooManyRoutes();
  const id = newId();
  const route = state.routes.put(id, { id, zone: zone.id, pattern, script });
  refreshHosts();
  return { result: routeJson(route) };
};

function findRoute(call: ApiCall, state: Pick<CloudflareState, "routes" | "zones">): RouteRecord {
  const zone = findZone(call, state);
  const route = state.routes.get(call.path["route"] ?? "");
  if (route?.zone !== zone.id) throw new CloudflareError(10007, 404, "The route does not exist.");
  return route;
}

const deleteRoute: Operation<"routes" | "zones", "refreshHosts"> = (call, state, { refreshHosts }) => {
  const { id } = findRoute(call, state);
  state.routes.remove(id);
  refreshHosts();
  return { result: { id } };
};

/** Throws CloudflareError for a pattern that is given twice and for more routes than a zone may have. */
function checkCount(
  wanted: readonly RouteRecord[],
  removed: readonly RouteRecord[],
  routes: Collection<RouteRecord>,
): void {
  const duplicate = wanted.find(
    ({ pattern }, index) => wanted.findIndex((route) => route.pattern === pattern) !== index,
  );
  if (duplicate) throw new CloudflareError(10020, 409, `The route ${duplicate.pattern} is given twice.`);
  const removedIds = new Set(removed.map(({ id }) => id));
  for (const zone of new Set(wanted.map((route) => route.zone))) {
    const kept = routes.all().filter((route) => route.zone === zone && !removedIds.has(route.id));
    const ids = new Set([...kept, ...wanted.filter((route) => route.zone === zone)].map(({ id }) => id));
    if (ids.size > maxRoutes) throw tooManyRoutes();
  }
}

const tooManyRoutes = (): CloudflareError => new CloudflareError(10073, 400, "A zone may have 1,000 routes.");

/** Sets all routes of a script, as wrangler does: routes that are not given are removed. */
const putScriptRoutes: Operation<"routes" | "scripts" | "zones", "refreshHosts"> = (call, state, { refreshHosts }) => {
  const { name } = findScript(call, state);
  const list = jsonBody(call);
  if (!Array.isArray(list)) throw invalid("The body must be a list of routes.");
  const wanted = list.map((value) => {
    const members = membersOf(value, "route");
    const pattern = members.requiredText("pattern");
    const zone = readZone(members, parsePattern(pattern)?.host ?? pattern, state);
    members.flag("custom_domain");
    members.end();
    const own = routesOf(zone, state).find((route) => route.pattern === pattern && route.script === name);
    checkRoute({ pattern, script: name }, zone, state, own?.id);
    return own ?? { id: newId(), zone: zone.id, pattern, script: name };
  });
  const removed = state.routes
    .all()
    .filter(({ id, script }) => script === name && !wanted.some((route) => route.id === id));
  checkCount(wanted, removed, state.routes);
  for (const { id } of removed) state.routes.remove(id);
  for (const route of wanted) state.routes.put(route.id, route);
  refreshHosts();
  return { result: wanted.map(routeJson) };
};

const path = "/zones/{zone}/workers/routes";

export const zoneOperations: OperationTable = {
  createZone: writes("POST /zones", createZone),
  listZones: reads("GET /zones", listZones),
  getZone: reads("GET /zones/{zone}", (call, state) => ({ result: zoneJson(findZone(call, state)) })),
  createRoute: writes(`POST ${path}`, createRoute),
  listRoutes: reads(`GET ${path}`, (call, state) => ({
    result: routesOf(findZone(call, state), state).map(routeJson),
  })),
  deleteRoute: writes(`DELETE ${path}/{route}`, deleteRoute),
  putScriptRoutes: writes("PUT /accounts/{account}/workers/scripts/{script}/routes", withScriptLock(putScriptRoutes)),
};
