/**
 * The triggers of a Worker (workers.dev, custom domains, zone routes): compared, added and removed. None is versioned.
 */
import type { App, WorkersApp } from "../../framework/model/app.ts";
import type { DeployedPart, Part } from "../parts.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { Removed } from "../platform.ts";
import type { Client } from "./client.ts";
import { logsKey, observabilityOf } from "./logs-setting.ts";
import type { Script } from "./worker-reads.ts";

/** `PUT /workers/domains`: a whole host. */
export interface Domain {
  readonly id: string;
  readonly hostname: string;
  readonly service: string;
}

/** `…/zones/{zone}/workers/routes`: a pattern in a zone. */
export interface ZoneRoute {
  readonly id: string;
  readonly zoneId: string;
  readonly zone: string;
  readonly pattern: string;
  readonly script?: string;
}

/** Triggers in the account; domains and routes of all Workers. */
export interface Triggers {
  readonly workersDev: boolean;
  readonly domains: readonly Domain[];
  readonly routes: readonly ZoneRoute[];
}

/** On, unless it is switched off or another address is given. */
export const wantsWorkersDev = ({ workersDev, domains, routes }: WorkersApp): boolean =>
  workersDev ?? domains.length + routes.length === 0;

/** Throws UserError NO_URL if smoke tests have no address. */
export function triggerParts(
  { workers, smoke, traces }: Pick<App, "workers" | "smoke" | "traces">,
  script: string,
): readonly Part[] {
  const isOn = wantsWorkersDev(workers);
  if (!isOn && workers.domains.length + workers.routes.length === 0 && smoke.length)
    throw new UserError(
      "NO_URL",
      "smoke tests have no address to send requests to: workers.dev is off, and the app has no domain and no route",
      'Set "workersDev": true or a domain under "workers" in hosting.json; or, for a Worker that only other ' +
        'Workers call, remove "smoke".',
    );
  return [
    { kind: "url", name: "workers.dev", key: isOn ? "on" : "off" },
    { kind: "logs", name: script, key: logsKey(observabilityOf(traces)) },
    ...workers.domains.map((name) => ({ kind: "domain" as const, name, key: "custom domain" })),
    ...workers.routes.map(({ pattern, zone }) => ({ kind: "domain" as const, name: pattern, key: `route in ${zone}` })),
  ];
}

/** This Worker's own triggers. */
export function deployedTriggers(
  script: string,
  { observability }: Script,
  { workersDev, domains, routes }: Triggers,
): readonly DeployedPart[] {
  return [
    { kind: "url", name: "workers.dev", key: workersDev ? "on" : "off" },
    { kind: "logs", name: script, key: logsKey(observability) },
    ...domains
      .filter(({ service }) => service === script)
      .map(({ hostname: name }) => ({ kind: "domain" as const, name, key: "custom domain" })),
    ...routes
      .filter((route) => route.script === script)
      .map(({ pattern: name, zone }) => ({ kind: "domain" as const, name, key: `route in ${zone}` })),
  ];
}

/** Names that the app wants and another Worker has. */
export function takenTriggers(script: string, workers: WorkersApp, { domains, routes }: Triggers): readonly string[] {
  return [
    ...domains
      .filter(({ hostname, service }) => service !== script && workers.domains.includes(hostname))
      .map(({ hostname }) => hostname),
    ...routes
      .filter((route) => route.script !== script && workers.routes.some(({ pattern }) => pattern === route.pattern))
      .map(({ pattern }) => pattern),
  ];
}

/** Every custom domain of the account. */
export async function listDomains(client: Client): Promise<readonly Domain[]> {
  return (
    (await client.call<readonly Domain[] | null>({
      operation: "listDomains",
      method: "GET",
      path: "/workers/domains",
    })) ?? []
  );
}

/** The routes of a zone. Throws UserError ZONE_UNKNOWN. */
export async function listRoutes(client: Client, zone: string): Promise<readonly ZoneRoute[]> {
  const id = await zoneIdOf(client, zone);
  const routes = await client.call<readonly Omit<ZoneRoute, "zone" | "zoneId">[]>({
    operation: "listRoutes",
    method: "GET",
    path: `~/zones/${id}/workers/routes`,
  });
  return routes.map((route) => ({ ...route, zone, zoneId: id }));
}

/** Adds missing triggers, before the candidate is tested. */
export async function addTriggers(
  client: Client,
  script: string,
  workers: WorkersApp,
  triggers: Triggers,
): Promise<void> {
  if (wantsWorkersDev(workers) && !triggers.workersDev) await setWorkersDev(client, script, true);
  for (const hostname of workers.domains) {
    if (triggers.domains.some((domain) => domain.hostname === hostname)) continue;
    const json = { hostname, service: script, environment: "production" };
    await client.call({ operation: "putDomain", method: "PUT", path: "/workers/domains", json });
  }
  for (const { pattern, zone } of workers.routes) {
    if (triggers.routes.some((route) => route.pattern === pattern && route.zone === zone)) continue;
    const zoneId = triggers.routes.find((route) => route.zone === zone)?.zoneId ?? (await zoneIdOf(client, zone));
    await client.call({
      operation: "createRoute",
      method: "POST",
      path: `~/zones/${zoneId}/workers/routes`,
      json: { pattern, script },
    });
  }
}

/** Removes this Worker's unwanted triggers, once the release is live. */
export async function removeTriggers(
  client: Client,
  script: string,
  workers: WorkersApp,
  triggers: Triggers,
): Promise<readonly Removed[]> {
  const removed: Removed[] = [];
  if (!wantsWorkersDev(workers) && triggers.workersDev) await setWorkersDev(client, script, false);
  for (const { id, hostname, service } of triggers.domains) {
    if (service !== script || workers.domains.includes(hostname)) continue;
    await client.call({ operation: "deleteDomain", method: "DELETE", path: `/workers/domains/${id}` });
    removed.push({ kind: "domain", name: hostname });
  }
  for (const { id, zoneId, zone, pattern, script: owner } of triggers.routes) {
    if (owner !== script || workers.routes.some((route) => route.pattern === pattern && route.zone === zone)) continue;
    await client.call({ operation: "deleteRoute", method: "DELETE", path: `~/zones/${zoneId}/workers/routes/${id}` });
    removed.push({ kind: "domain", name: pattern });
  }
  return removed;
}

/**
 * No preview URLs: a candidate is nobody's to find (docs: previews; the older date of the header answers without them).
 */
export async function setWorkersDev(client: Client, script: string, enabled: boolean): Promise<void> {
  const path = `/workers/scripts/${script}/subdomain`;
  await client.call({
    operation: "postScriptSubdomain",
    method: "POST",
    path,
    json: { enabled, previews_enabled: false },
  });
}

async function zoneIdOf(client: Client, zone: string): Promise<string> {
  const path = `~/zones?name=${encodeURIComponent(zone)}`;
  const [found] = await client.call<readonly { readonly id: string }[]>({
    operation: "listZones",
    method: "GET",
    path,
  });
  if (found) return found.id;
  throw new UserError(
    "ZONE_UNKNOWN",
    `the token sees no zone ${zone}`,
    'Correct "zone" under "workers": { "routes" } in hosting.json, or give the token Zone: Workers Routes: Edit.',
  );
}

/** Its address on workers.dev, with a slash at its end; undefined when the account has no subdomain yet. */
export async function workersDevUrl(
  client: Client,
  script: string,
  { subdomain }: Script,
): Promise<string | undefined> {
  if (subdomain?.url) return new URL(subdomain.url).href;
  const own = await client.call<{ readonly subdomain?: string } | null>({
    operation: "getSubdomain",
    method: "GET",
    path: "/workers/subdomain",
  });
  return own?.subdomain ? `https://${script}.${own.subdomain}.workers.dev/` : undefined;
}

/** Addresses that are no workers.dev. */
export interface Hosts {
  readonly domains: readonly string[];
  readonly routes: readonly { readonly pattern: string }[];
}

/** For people: the app's own host before workers.dev. Empty when it has no address. */
export function liveUrl({ domains, routes }: Hosts, workersDev: string | undefined): string {
  const [host] = [
    ...domains,
    ...routes.map(({ pattern }) => pattern.replace(/^\w+:\/\//, "").replace(/\/.*/, "")),
  ].filter((name) => !name.includes("*"));
  return host === undefined ? (workersDev ?? "") : `https://${host}/`;
}
