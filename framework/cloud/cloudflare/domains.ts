/** Operations on custom domains: hosts of a zone whose requests all go to one Worker. */
import { randomUUID } from "node:crypto";
import type { ApiCall } from "./api-call.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import { bodyMembers, jsonBody, membersOf } from "./json-body.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import type { DomainRecord } from "./records.ts";
import { withScriptLock } from "./script-lock.ts";
import { findScript, scriptNotFound } from "./script-lookup.ts";
import type { CloudflareState } from "./state.ts";
import { readZone } from "./zones.ts";

/** Most custom domains of a zone (Workers limits page). */
const maxDomains = 100;

const hostForm = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/;

function domainJson(
  { id, hostname, zone, service }: DomainRecord,
  { zones }: Pick<CloudflareState, "zones">,
): Readonly<Record<string, unknown>> {
  return {
    id,
    hostname,
    service,
    environment: "production",
    zone_id: zone,
    zone_name: zones.get(zone)?.name,
    enabled: true,
  };
}

/** Reads a domain of a call without storing it. */
function readDomain(value: unknown, service: string, state: Pick<CloudflareState, "domains" | "zones">): DomainRecord {
  const members = membersOf(value, "domain");
  const hostname = members.requiredText("hostname", { pattern: hostForm });
  const zone = readZone(members, hostname, state);
  members.text("service");
  members.text("environment", { oneOf: ["production"] });
  for (const name of [
    "override_scope",
    "override_existing_origin",
    "override_existing_dns_record",
    "enabled",
    "previews_enabled",
  ])
    members.flag(name);
  members.end();
  const found = state.domains.all().find((domain) => domain.hostname === hostname);
  return { id: found?.id ?? randomUUID().replaceAll("-", ""), hostname, zone: zone.id, service };
}

/**
 * Throws CloudflareError for a domain that is given twice and for more domains than a zone may have once those with the
 * ids of `removed` are deleted.
 */
function checkDomains(
  wanted: readonly DomainRecord[],
  removed: ReadonlySet<string>,
  { domains, zones }: Pick<CloudflareState, "domains" | "zones">,
): void {
  const duplicate = wanted.find(
    ({ hostname }, index) => wanted.findIndex((domain) => domain.hostname === hostname) !== index,
  );
  if (duplicate) throw invalid(`${duplicate.hostname} is given twice.`);
  for (const zone of new Set(wanted.map((domain) => domain.zone))) {
    const kept = domains.all().filter((domain) => domain.zone === zone && !removed.has(domain.id));
    const ids = new Set([...kept, ...wanted.filter((domain) => domain.zone === zone)].map(({ id }) => id));
    if (ids.size > maxDomains)
      throw invalid(
        `The zone ${zones.get(zone)?.name} would have ${ids.size} custom domains; ` + `it may have ${maxDomains}.`,
      );
  }
}

const idsOf = (domains: readonly DomainRecord[]): ReadonlySet<string> => new Set(domains.map(({ id }) => id));

const putDomain: Operation<"domains" | "scripts" | "zones", "refreshHosts"> = (call, state, { refreshHosts }) => {
  const body = jsonBody(call);
  const service = membersOf(body, "domain").requiredText("service");
  if (!state.scripts.get(service)) throw scriptNotFound();
  const domain = readDomain(body, service, state);
  checkDomains([domain], new Set(), state);
  state.domains.put(domain.id, domain);
  refreshHosts();
  return { result: domainJson(domain, state) };
};

const listDomains: Operation<"domains" | "zones"> = ({ query }, state) => {
  const [service, hostname] = [query.get("service"), query.get("hostname")];
  const matches = (domain: DomainRecord): boolean =>
    (service === null || domain.service === service) && (hostname === null || domain.hostname === hostname);
  return {
    result: state.domains
      .all()
      .filter(matches)
      .map((domain) => domainJson(domain, state)),
  };
};

function findDomain(call: ApiCall, { domains }: Pick<CloudflareState, "domains">): DomainRecord {
  const found = domains.get(call.path["domain"] ?? "");
  if (!found) throw new CloudflareError(10007, 404, "The custom domain does not exist.");
  return found;
}

const deleteDomain: Operation<"domains", "refreshHosts"> = (call, state, { refreshHosts }) => {
  state.domains.remove(findDomain(call, state).id);
  refreshHosts();
  return { result: null };
};

/** Lists what `…/domains/records` would change; domains of other Workers are conflicts. */
const listChanges: Operation<"domains" | "scripts" | "zones"> = (call, state) => {
  const { name } = findScript(call, state);
  const list = jsonBody(call);
  if (!Array.isArray(list)) throw invalid("The body must be a list of domains.");
  const wanted = list.map((value) => readDomain(value, name, state));
  const own = state.domains.all().filter(({ service }) => service === name);
  const taken = (domain: DomainRecord): boolean =>
    state.domains.all().some(({ hostname, service }) => hostname === domain.hostname && service !== name);
  const isNew = (domain: DomainRecord): boolean => !own.some(({ hostname }) => hostname === domain.hostname);
  const removed =
    call.query.get("replace_state") === "true"
      ? own.filter((domain) => !wanted.some(({ hostname }) => hostname === domain.hostname))
      : [];
  checkDomains(wanted, idsOf(removed), state);
  return {
    result: {
      added: wanted.filter((domain) => isNew(domain) && !taken(domain)).map((domain) => domainJson(domain, state)),
      removed: removed.map((domain) => domainJson(domain, state)),
      updated: wanted
        .filter((domain) => !isNew(domain))
        .map((domain) => ({ ...domainJson(domain, state), modified: false })),
      conflicting: wanted.filter(taken).map((domain) => domainJson(domain, state)),
    },
  };
};

/** Sets all domains of a script: domains that are not given are removed. */
const putRecords: Operation<"domains" | "scripts" | "zones", "refreshHosts"> = (call, state, { refreshHosts }) => {
  const { name } = findScript(call, state);
  const members = bodyMembers(call);
  for (const flag of ["override_scope", "override_existing_dns_record"]) members.flag(flag);
  const override = members.flag("override_existing_origin") ?? false;
  const wanted = (members.list("origins") ?? []).map((value) => readDomain(value, name, state));
  members.end();
  const taken = wanted.find(({ hostname }) =>
    state.domains.all().some((domain) => domain.hostname === hostname && domain.service !== name),
  );
  if (taken && !override)
    throw new CloudflareError(100116, 409, `${taken.hostname} is another Worker's custom domain.`);
  const removed = state.domains
    .all()
    .filter(({ id, service }) => service === name && !wanted.some((domain) => domain.id === id));
  checkDomains(wanted, idsOf(removed), state);
  for (const { id } of removed) state.domains.remove(id);
  for (const domain of wanted) state.domains.put(domain.id, domain);
  refreshHosts();
  return { result: wanted.map((domain) => domainJson(domain, state)) };
};

const path = "/accounts/{account}/workers/domains";
const scriptPath = "/accounts/{account}/workers/scripts/{script}/domains";

export const domainOperations: OperationTable = {
  putDomain: writes(`PUT ${path}`, putDomain),
  listDomains: reads(`GET ${path}`, listDomains),
  deleteDomain: writes(`DELETE ${path}/{domain}`, deleteDomain),
  changesetDomains: reads(`POST ${scriptPath}/changeset`, listChanges),
  putDomainRecords: writes(`PUT ${scriptPath}/records`, withScriptLock(putRecords)),
};
