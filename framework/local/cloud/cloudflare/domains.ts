/** Custom domains: whole hosts of a zone that a Worker answers for. */
import { randomUUID } from "node:crypto";
import { bodyMembers, jsonBody, membersOf } from "./body.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import type { Edge } from "./edge.ts";
import { exclusive } from "./exclusive.ts";
import { findScript } from "./find.ts";
import { type Call, type Operation, type OperationTable, reads, writes } from "./operation.ts";
import type { DomainRecord } from "./records.ts";
import { namedZone } from "./zones.ts";

/** Most custom domains of a zone (Workers limits page). */
const maxDomains = 100;

const hostForm = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/;

function shown({ id, hostname, zone, service }: DomainRecord, edge: Edge): Readonly<Record<string, unknown>> {
  return { id, hostname, service, environment: "production", zone_id: zone, zone_name: edge.state.zones.get(zone)?.name, enabled: true };
}

/** What a domain would be; nothing is kept yet. */
function readDomain(value: unknown, service: string, edge: Edge): DomainRecord {
  const members = membersOf(value, "domain");
  const hostname = members.requiredText("hostname", { pattern: hostForm });
  const zone = namedZone(members, hostname, edge);
  members.text("service");
  members.text("environment", { oneOf: ["production"] });
  for (const name of ["override_scope", "override_existing_origin", "override_existing_dns_record", "enabled", "previews_enabled"])
    members.flag(name);
  members.end();
  const found = edge.state.domains.all().find((domain) => domain.hostname === hostname);
  return { id: found?.id ?? randomUUID().replaceAll("-", ""), hostname, zone: zone.id, service };
}

/** All domains of a call together, each once, none too many for its zone once those of `removed` are gone. Throws CloudflareError. */
function checkDomains(wanted: readonly DomainRecord[], removed: ReadonlySet<string>, edge: Edge): void {
  const twice = wanted.find(({ hostname }, at) => wanted.findIndex((domain) => domain.hostname === hostname) !== at);
  if (twice) throw invalid(`${twice.hostname} is given twice.`);
  for (const zone of new Set(wanted.map((domain) => domain.zone))) {
    const kept = edge.state.domains.all().filter((domain) => domain.zone === zone && !removed.has(domain.id));
    const ids = new Set([...kept, ...wanted.filter((domain) => domain.zone === zone)].map(({ id }) => id));
    if (ids.size > maxDomains)
      throw invalid(`The zone ${edge.state.zones.get(zone)?.name} would have ${ids.size} custom domains; it may have ${maxDomains}.`);
  }
}

const idsOf = (domains: readonly DomainRecord[]): ReadonlySet<string> => new Set(domains.map(({ id }) => id));

const putDomain: Operation = (call, edge) => {
  const body = jsonBody(call);
  const service = membersOf(body, "domain").requiredText("service");
  if (!edge.state.scripts.get(service)) throw new CloudflareError(10007, 404, "This Worker does not exist on your account.");
  const domain = readDomain(body, service, edge);
  checkDomains([domain], new Set(), edge);
  return { result: shown(keep(domain, edge), edge) };
};

function keep(domain: DomainRecord, edge: Edge): DomainRecord {
  edge.state.domains.put(domain.id, domain);
  edge.hostsChanged();
  return domain;
}

const listDomains: Operation = ({ query }, edge) => {
  const [service, hostname] = [query.get("service"), query.get("hostname")];
  const fits = (domain: DomainRecord): boolean =>
    (service === null || domain.service === service) && (hostname === null || domain.hostname === hostname);
  return {
    result: edge.state.domains
      .all()
      .filter(fits)
      .map((domain) => shown(domain, edge)),
  };
};

function findDomain(call: Call, edge: Edge): DomainRecord {
  const found = edge.state.domains.get(call.path["domain"] ?? "");
  if (!found) throw new CloudflareError(10007, 404, "The custom domain does not exist.");
  return found;
}

const deleteDomain: Operation = (call, edge) => {
  edge.state.domains.remove(findDomain(call, edge).id);
  edge.hostsChanged();
  return { result: null };
};

/** What `…/domains/records` would change; conflicts are another Worker's domains. */
const changeset: Operation = (call, edge) => {
  const { name } = findScript(call, edge);
  const list = jsonBody(call);
  if (!Array.isArray(list)) throw invalid("The body must be a list of domains.");
  const wanted = list.map((value) => readDomain(value, name, edge));
  const own = edge.state.domains.all().filter(({ service }) => service === name);
  const taken = (domain: DomainRecord): boolean =>
    edge.state.domains.all().some(({ hostname, service }) => hostname === domain.hostname && service !== name);
  const isNew = (domain: DomainRecord): boolean => !own.some(({ hostname }) => hostname === domain.hostname);
  const removed =
    call.query.get("replace_state") === "true" ? own.filter((domain) => !wanted.some(({ hostname }) => hostname === domain.hostname)) : [];
  checkDomains(wanted, idsOf(removed), edge);
  return {
    result: {
      added: wanted.filter((domain) => isNew(domain) && !taken(domain)).map((domain) => shown(domain, edge)),
      removed: removed.map((domain) => shown(domain, edge)),
      updated: wanted.filter((domain) => !isNew(domain)).map((domain) => ({ ...shown(domain, edge), modified: false })),
      conflicting: wanted.filter(taken).map((domain) => shown(domain, edge)),
    },
  };
};

/** All domains of a script at once: what is not given goes. */
const putRecords: Operation = (call, edge) => {
  const { name } = findScript(call, edge);
  const members = bodyMembers(call);
  for (const flag of ["override_scope", "override_existing_dns_record"]) members.flag(flag);
  const override = members.flag("override_existing_origin") ?? false;
  const wanted = (members.list("origins") ?? []).map((value) => readDomain(value, name, edge));
  members.end();
  const taken = wanted.find(({ hostname }) =>
    edge.state.domains.all().some((domain) => domain.hostname === hostname && domain.service !== name),
  );
  if (taken && !override) throw new CloudflareError(100116, 409, `${taken.hostname} is another Worker's custom domain.`);
  const removed = edge.state.domains.all().filter(({ id, service }) => service === name && !wanted.some((domain) => domain.id === id));
  checkDomains(wanted, idsOf(removed), edge);
  for (const { id } of removed) edge.state.domains.remove(id);
  for (const domain of wanted) edge.state.domains.put(domain.id, domain);
  edge.hostsChanged();
  return { result: wanted.map((domain) => shown(domain, edge)) };
};

const domains = "/accounts/{account}/workers/domains";
const own = "/accounts/{account}/workers/scripts/{script}/domains";

export const domainTable: OperationTable = {
  putDomain: writes(`PUT ${domains}`, putDomain),
  listDomains: reads(`GET ${domains}`, listDomains),
  getDomain: reads(`GET ${domains}/{domain}`, (call, edge) => ({ result: shown(findDomain(call, edge), edge) })),
  deleteDomain: writes(`DELETE ${domains}/{domain}`, deleteDomain),
  changesetDomains: { ...reads(`POST ${own}/changeset`, changeset) },
  putDomainRecords: writes(`PUT ${own}/records`, exclusive(putRecords)),
};
