/** Zones, declared here by POST, and the routes that send their requests to Workers. */
import { randomUUID } from "node:crypto";
import type { Members } from "../members.ts";
import { bodyMembers, jsonBody, membersOf } from "./body.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import { accountId } from "./account.ts";
import type { Edge } from "./edge.ts";
import { exclusive } from "./exclusive.ts";
import { findScript } from "./find.ts";
import { type Call, type Operation, type OperationTable, reads, writes } from "./operation.ts";
import { pageOf } from "./page.ts";
import type { RouteRecord, ZoneRecord } from "./records.ts";
import { parsePattern } from "./zone-routing.ts";

/** Most routes of a zone (Workers limits page). */
const maxRoutes = 1000;

const newId = (): string => randomUUID().replaceAll("-", "");

const shownZone = ({ id, name }: ZoneRecord): Readonly<Record<string, unknown>> => ({
  ...{ id, name, status: "active", paused: false, type: "full", account: { id: accountId, name: "Portico's local Cloudflare" } },
});

function findZone(call: Call, edge: Edge): ZoneRecord {
  const found = edge.state.zones.get(call.path["zone"] ?? "");
  if (!found)
    throw new CloudflareError(7003, 404, `Could not route to /zones/${call.path["zone"]}, perhaps your object identifier is invalid?`);
  return found;
}

/** The zone that a host belongs to: the longest name that ends it. */
export function zoneOf(host: string, edge: Edge): ZoneRecord | undefined {
  const bare = host.replace(/^\*\.?/, "");
  return edge.state.zones
    .all()
    .filter(({ name }) => bare === name || bare.endsWith(`.${name}`))
    .toSorted((left, right) => right.name.length - left.name.length)[0];
}

/** The zone that members name by `zone_id` or `zone_name`, or else the one that `host` belongs to. Throws CloudflareError. */
export function namedZone(members: Members, host: string, edge: Edge): ZoneRecord {
  const id = members.text("zone_id");
  const name = members.text("zone_name");
  const zone =
    id !== undefined
      ? edge.state.zones.get(id)
      : name !== undefined
        ? edge.state.zones.all().find((one) => one.name === name)
        : zoneOf(host, edge);
  if (!zone) throw invalid(`Could not find zone for "${host}". Make sure the domain is set up to be proxied by Cloudflare.`, 10022);
  const owner = zoneOf(host, edge);
  if (owner?.id !== zone.id) throw invalid(`"${host}" is not in the zone ${zone.name}.`, 10022);
  return zone;
}

const createZone: Operation = (call, edge) => {
  const members = bodyMembers(call, 1001);
  const name = members.requiredText("name", { pattern: /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/ });
  members.structure("account");
  members.text("type", { oneOf: ["full"] });
  members.end();
  if (edge.state.zones.all().some((zone) => zone.name === name)) throw new CloudflareError(1061, 400, `${name} already exists.`);
  const id = newId();
  return { result: shownZone(edge.state.zones.put(id, { id, name })) };
};

const listZones: Operation = ({ query }, edge) => {
  const name = query.get("name");
  const { items, info } = pageOf(
    edge.state.zones.all().filter((zone) => name === null || zone.name === name),
    query,
    20,
    50,
  );
  return { result: items.map(shownZone), info };
};

const shownRoute = ({ id, pattern, script }: RouteRecord): Readonly<Record<string, unknown>> => ({
  id,
  pattern,
  ...(script !== null && { script }),
});

const routesOf = (zone: ZoneRecord, edge: Edge): readonly RouteRecord[] =>
  edge.state.routes.all().filter((route) => route.zone === zone.id);

/** Throws CloudflareError unless the pattern can be the zone's, is free, and names a Worker that exists. */
function checkRoute(zone: ZoneRecord, pattern: string, script: string | null, edge: Edge, own?: string): void {
  const parsed = parsePattern(pattern);
  if (!parsed) throw invalid(`"${pattern}" is not a valid route pattern.`, 10022);
  if (zoneOf(parsed.host, edge)?.id !== zone.id) throw invalid(`The pattern "${pattern}" is not in the zone ${zone.name}.`, 10022);
  if (script !== null && !edge.state.scripts.get(script))
    throw new CloudflareError(10019, 400, `workers.api.error.script_not_found: ${script}`);
  const taken = routesOf(zone, edge).find((route) => route.pattern === pattern && route.id !== own);
  if (taken) throw new CloudflareError(10020, 409, "A route with the same pattern already exists.");
}

function readRoute(call: Call): { readonly pattern: string; readonly script: string | null } {
  const members = bodyMembers(call);
  const [pattern, script = null] = [members.requiredText("pattern"), members.text("script")];
  members.end();
  return { pattern, script };
}

const createRoute: Operation = (call, edge) => {
  const zone = findZone(call, edge);
  const { pattern, script } = readRoute(call);
  checkRoute(zone, pattern, script, edge);
  if (routesOf(zone, edge).length >= maxRoutes) throw tooManyRoutes();
  const route = keepRoute({ id: newId(), zone: zone.id, pattern, script }, edge);
  return { result: shownRoute(route) };
};

function keepRoute(route: RouteRecord, edge: Edge): RouteRecord {
  edge.state.routes.put(route.id, route);
  edge.hostsChanged();
  return route;
}

function findRoute(call: Call, edge: Edge): RouteRecord {
  const zone = findZone(call, edge);
  const route = edge.state.routes.get(call.path["route"] ?? "");
  if (route?.zone !== zone.id) throw new CloudflareError(10007, 404, "The route does not exist.");
  return route;
}

const putRoute: Operation = (call, edge) => {
  const found = findRoute(call, edge);
  const { pattern, script } = readRoute(call);
  checkRoute(findZone(call, edge), pattern, script, edge, found.id);
  return { result: shownRoute(keepRoute({ ...found, pattern, script }, edge)) };
};

const deleteRoute: Operation = (call, edge) => {
  const { id } = findRoute(call, edge);
  edge.state.routes.remove(id);
  edge.hostsChanged();
  return { result: { id } };
};

/** Throws CloudflareError for a pattern that is given twice and for more routes than a zone may have. */
function checkCount(wanted: readonly RouteRecord[], removed: readonly RouteRecord[], edge: Edge): void {
  const twice = wanted.find(({ pattern }, at) => wanted.findIndex((route) => route.pattern === pattern) !== at);
  if (twice) throw new CloudflareError(10020, 409, `The route ${twice.pattern} is given twice.`);
  const gone = new Set(removed.map(({ id }) => id));
  for (const zone of new Set(wanted.map((route) => route.zone))) {
    const kept = edge.state.routes.all().filter((route) => route.zone === zone && !gone.has(route.id));
    const ids = new Set([...kept, ...wanted.filter((route) => route.zone === zone)].map(({ id }) => id));
    if (ids.size > maxRoutes) throw tooManyRoutes();
  }
}

const tooManyRoutes = (): CloudflareError => new CloudflareError(10073, 400, "A zone may have 1,000 routes.");

/** All routes of a script at once, as wrangler sets them: what is not given goes. */
const putScriptRoutes: Operation = (call, edge) => {
  const { name } = findScript(call, edge);
  const list = jsonBody(call);
  if (!Array.isArray(list)) throw invalid("The body must be a list of routes.");
  const wanted = list.map((value) => {
    const members = membersOf(value, "route");
    const pattern = members.requiredText("pattern");
    const zone = namedZone(members, parsePattern(pattern)?.host ?? pattern, edge);
    members.flag("custom_domain");
    members.end();
    const own = routesOf(zone, edge).find((route) => route.pattern === pattern && route.script === name);
    checkRoute(zone, pattern, name, edge, own?.id);
    return own ?? { id: newId(), zone: zone.id, pattern, script: name };
  });
  const removed = edge.state.routes.all().filter(({ id, script }) => script === name && !wanted.some((route) => route.id === id));
  checkCount(wanted, removed, edge);
  for (const { id } of removed) edge.state.routes.remove(id);
  for (const route of wanted) edge.state.routes.put(route.id, route);
  edge.hostsChanged();
  return { result: wanted.map(shownRoute) };
};

const routes = "/zones/{zone}/workers/routes";

export const zoneTable: OperationTable = {
  createZone: writes("POST /zones", createZone),
  listZones: reads("GET /zones", listZones),
  getZone: reads("GET /zones/{zone}", (call, edge) => ({ result: shownZone(findZone(call, edge)) })),
  createRoute: writes(`POST ${routes}`, createRoute),
  listRoutes: reads(`GET ${routes}`, (call, edge) => ({ result: routesOf(findZone(call, edge), edge).map(shownRoute) })),
  getRoute: reads(`GET ${routes}/{route}`, (call, edge) => ({ result: shownRoute(findRoute(call, edge)) })),
  putRoute: writes(`PUT ${routes}/{route}`, putRoute),
  deleteRoute: writes(`DELETE ${routes}/{route}`, deleteRoute),
  putScriptRoutes: writes("PUT /accounts/{account}/workers/scripts/{script}/routes", exclusive(putScriptRoutes)),
};
