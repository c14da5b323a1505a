/** What an app has at a stage on Cloudflare: reading calls in, parts, releases and leftovers out. Live is what the deployments say, never what a record says. */
import type { WorkersApp } from "../../framework/model/app.ts";
import { inParallel } from "../parallel.ts";
import type { Canary, Deployed, DeployedPart, Leftover, Live, Release } from "../platform.ts";
import type { Owner } from "../owner.ts";
import type { ReleaseRecord } from "../record.ts";
import type { Client } from "./client.ts";
import { digest, type StoredSecrets } from "./draft.ts";
import { deployedFronts, type Fronts, type Hosts, listDomains, listRoutes, liveUrl, takenFronts, workersDevUrl } from "./fronts.ts";
import { isOurs, own, overrideHeaders, recordModule, scriptName, taggedRelease } from "./names.ts";
import { proofOf } from "./proof.ts";
import {
  type Deployment,
  findScript,
  findVersion,
  jsonBinding,
  type ListedVersion,
  listDeployments,
  listVersions,
  readModule,
  type Script,
  type ShownBinding,
  type VersionDetail,
} from "./script.ts";
import { readSummary, readWhole, recordedParts, recordOf, type WholeRecord } from "./version-record.ts";

/** Whose, and what would be made. */
export interface Observing {
  readonly client: Client;
  readonly owner: Owner;
  readonly keep: number;
  /** What the app wants of addresses; absent where nothing is to be made. */
  readonly wanted?: WorkersApp;
}

/** What is deployed, and what later steps need of it. */
export interface Observed {
  readonly deployed: Deployed;
  readonly glance: Glance;
  readonly fronts: Fronts;
  readonly stored: StoredSecrets;
  /** Root URL at workers.dev. */
  readonly workersDev: string | undefined;
}

/** The part of it that moves when anybody deploys, rolls back or sets a secret: cheap enough to look at twice. */
export interface Glance {
  readonly script: Script | undefined;
  readonly versions: readonly ListedVersion[];
  /** The live one. */
  readonly deployment: Deployment | undefined;
  /** Versions that took traffic lately. */
  readonly served: ReadonlySet<string>;
  readonly fingerprint: string;
}

/** One round of calls. */
export async function glanceAt({ client, owner }: Pick<Observing, "client" | "owner">): Promise<Glance> {
  const name = scriptName(owner);
  const [script, versions, deployments] = await Promise.all([
    findScript(client, name),
    listVersions(client, name),
    listDeployments(client, name),
  ]);
  const [deployment] = deployments;
  const shares = deployments.flatMap((one) => one.versions).filter(({ percentage }) => percentage > 0);
  const fingerprint = digest([script?.id, deployment?.id, versions.map(({ id }) => id)]);
  return { script, versions, deployment, served: new Set(shares.map(({ version_id }) => version_id)), fingerprint };
}

/** Two rounds of calls, or three. */
export async function observe(observing: Observing): Promise<Observed> {
  const { client, owner, wanted } = observing;
  const name = scriptName(owner);
  const [glance, domains] = await Promise.all([glanceAt(observing), wanted?.domains.length ? listDomains(client) : undefined]);
  const { script } = glance;
  if (script && !isOurs(owner, script.tags)) return nothingOfOurs(name, glance);
  const seen = await readVersions(observing, glance);
  const fronts = await toFronts(observing, { script, domains: domains ?? ownDomains(name, script) }, seen.whole);
  const workersDev = script && fronts.workersDev ? await workersDevUrl(client, name, script) : undefined;
  const releases = toReleases(glance, seen);
  const url = liveUrl(hostsOf(fronts, name), workersDev);
  const { live, canary } = liveOf(glance, releases, seen, { script: name, url, workersDev: workersDev ?? url });
  const parts = script ? [...partsOf(name, seen.whole), ...deployedFronts(name, script, fronts)] : [];
  const taken = wanted ? takenFronts(name, wanted, fronts).map((front) => ({ kind: "domain" as const, name: front })) : [];
  const lastNumber = Math.max(0, ...glance.versions.map((version) => taggedRelease(version.annotations?.["workers/tag"])?.number ?? 0));
  const leftovers = findLeftovers(glance, releases);
  const { fingerprint } = glance;
  return {
    ...{ glance, fronts, workersDev, stored: storedSecrets(seen.newest?.bindings) },
    deployed: { parts, releases, ...(live && { live }), ...(canary && { canary }), leftovers, taken, fingerprint, lastNumber },
  };
}

function nothingOfOurs(name: string, glance: Glance): Observed {
  const { fingerprint } = glance;
  const taken = [{ kind: "worker" as const, name }];
  return {
    ...{ glance, fronts: { workersDev: false, domains: [], routes: [] }, workersDev: undefined, stored: { names: [] } },
    deployed: { parts: [], releases: [], leftovers: [], taken, fingerprint, lastNumber: 0 },
  };
}

/** Versions that were asked for. */
interface Seen {
  readonly details: ReadonlyMap<string, VersionDetail>;
  /** The newest of all, whose secrets the next one inherits. */
  readonly newest: VersionDetail | undefined;
  /** The live one's whole record. */
  readonly whole: WholeRecord | undefined;
  /** Static files of the versions that have traffic, by the version's id. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** Numbers of releases that took traffic, as records made later say. */
  readonly before: ReadonlySet<number>;
}

/** More than are kept, since some never took traffic. */
const spare = 5;

async function readVersions({ client, owner, keep }: Observing, { versions, deployment }: Glance): Promise<Seen> {
  const name = scriptName(owner);
  const tagged = versions.filter(({ annotations }) => taggedRelease(annotations?.["workers/tag"]));
  const shares = deployment?.versions ?? [];
  const main = mainShare(deployment)?.version_id;
  const other = shares.find(({ version_id, percentage }) => version_id !== main && percentage > 0)?.version_id;
  const first = new Set([...tagged.slice(0, keep + spare), ...versions.slice(0, 1)].map(({ id }) => id));
  for (const { version_id } of shares) first.add(version_id);
  for (const id of [main, other]) if (id !== undefined) first.delete(id);
  const details = new Map<string, VersionDetail>();
  const read = async (ids: Iterable<string>): Promise<unknown> =>
    inParallel([...ids], 8, async (id) => {
      const found = await findVersion(client, name, id);
      if (found) details.set(id, found);
    });
  const readRecord = async (id: string | undefined): Promise<WholeRecord | undefined> => {
    const found = id === undefined ? undefined : await readModule(client, name, id, recordModule);
    if (found && id !== undefined) details.set(id, found.version);
    return found?.text === undefined ? undefined : readWhole(found.text, id ?? "");
  };
  const [whole, beside] = await Promise.all([readRecord(main), readRecord(other), read(first)]);
  const before = (): ReadonlySet<number> => new Set([...details.values()].flatMap((detail) => readSummary(detail)?.before ?? []));
  const wanted = new Set([...before()].toSorted((one, other) => other - one).slice(0, keep));
  const older = tagged.filter(({ id, annotations }) => {
    const number = taggedRelease(annotations?.["workers/tag"])?.number;
    return !details.has(id) && number !== undefined && wanted.has(number);
  });
  if (older.length) await read(older.map(({ id }) => id));
  const newest = details.get(versions[0]?.id ?? "");
  return {
    ...{ details, newest, before: before(), whole },
    files: new Map([whole, beside].flatMap((record) => (record?.ref === undefined ? [] : [[record.ref, record.files] as const]))),
  };
}

/** Of a canary the greater part; of a candidate that takes no traffic the other. */
function mainShare(deployment: Deployment | undefined) {
  return deployment?.versions.toSorted((one, other) => other.percentage - one.percentage)[0];
}

/** What refers to a Worker comes with it; only whether another one has a host that is wanted takes a call. */
const ownDomains = (name: string, script: Script | undefined): Fronts["domains"] =>
  (script?.references?.domains ?? []).map(({ id, hostname }) => ({ id, hostname, service: name }));

async function toFronts(
  { client, wanted }: Observing,
  { script, domains }: Pick<Glance, "script"> & Pick<Fronts, "domains">,
  whole: WholeRecord | undefined,
): Promise<Fronts> {
  const recorded = Object.values(whole?.parts ?? {}).flatMap((key) => /^route in (.+)$/.exec(key)?.[1] ?? []);
  const zones = new Set([...(wanted?.routes ?? []).map(({ zone }) => zone), ...(script ? recorded : [])]);
  const routes = await inParallel([...zones], 4, (zone) => listRoutes(client, zone));
  return { workersDev: script?.subdomain?.enabled ?? false, domains, routes: routes.flat() };
}

/** As the account has them, whatever hosting.json says. */
const hostsOf = ({ domains, routes }: Fronts, script: string): Hosts => ({
  domains: domains.filter(({ service }) => service === script).map(({ hostname }) => hostname),
  routes: routes.filter((route) => route.script === script),
});

const partsOf = (name: string, whole: WholeRecord | undefined): readonly DeployedPart[] =>
  whole ? recordedParts(whole) : [{ kind: "worker", name, key: "placeholder" }];

/**
 * The whole releases, by number. One whose secrets are not those that its record names was overtaken by `secret set` while it was
 * uploaded: it is none. Of two with one number the one that took traffic counts, else the newer.
 */
function toReleases({ versions, served }: Glance, { details, before, whole }: Seen): readonly Release[] {
  const found = versions.flatMap(({ id, annotations }): Release[] => {
    const tagged = taggedRelease(annotations?.["workers/tag"]);
    const detail = details.get(id);
    const summary = detail && readSummary(detail);
    if (!tagged || !summary || !hasItsSecrets(summary.record, detail.bindings)) return [];
    const state = served.has(id) || before.has(tagged.number) ? ("live" as const) : ("candidate" as const);
    const record = whole?.ref === id ? recordOf(whole) : summary.record;
    return [{ ...tagged, ref: id, record: { ...record, state } }];
  });
  const byNumber = new Map<number, Release>();
  for (const release of found) {
    const other = byNumber.get(release.number);
    if (!other || (served.has(release.ref) && !served.has(other.ref))) byNumber.set(release.number, release);
  }
  return [...byNumber.values()].toSorted((one, other) => one.number - other.number);
}

function hasItsSecrets({ secrets }: ReleaseRecord, bindings: readonly ShownBinding[]): boolean {
  const { numbers = {} } = storedSecrets(bindings);
  return Object.entries(secrets).every(([name, number]) => (numbers[name] ?? 0) === number);
}

function storedSecrets(bindings: readonly ShownBinding[] = []): StoredSecrets {
  const numbers = jsonBinding(bindings, own.secrets);
  const names = bindings.filter(({ type }) => type === "secret_text" || type === "secret_key").map(({ name }) => name);
  const isNumbers = typeof numbers === "object" && numbers !== null;
  return { names, ...(isNumbers && { numbers: numbers as Readonly<Record<string, number>> }) };
}

/**
 * A version of ours that somebody changed over the dashboard or wrangler keeps our record and has no tag: it is live, and unlike any
 * release. Of a split the lower number is live and the other its canary.
 */
function liveOf(
  { deployment }: Glance,
  releases: readonly Release[],
  { details, files }: Seen,
  at: { readonly script: string; readonly url: string; readonly workersDev: string },
): { readonly live?: Live; readonly canary?: Canary } {
  const shares = (deployment?.versions ?? []).filter(({ percentage }) => percentage > 0);
  const found = shares.flatMap(({ version_id, percentage }) => {
    const release = releases.find(({ ref }) => ref === version_id) ?? changedRelease(details.get(version_id));
    return release ? [{ release, percentage }] : [];
  });
  const [main, other] = found.toSorted((one, another) => one.release.number - another.release.number);
  if (!main) return {};
  const live = { ...main.release, url: at.url };
  if (!other) return { live };
  const { release, percentage } = other;
  const url = at.workersDev.replace(/\/$/, "");
  const reach = { url, headers: overrideHeaders(at.script, release.ref), proof: proofOf(release.ref, files.get(release.ref) ?? []) };
  return { live, canary: { release: { ...release, ...reach }, percentage } };
}

function changedRelease(detail: VersionDetail | undefined): Release | undefined {
  const summary = detail && readSummary(detail);
  if (!detail || !summary) return undefined;
  const { number, hash } = summary.record;
  return { number, hash: `${hash} changed`, ref: detail.id, record: { ...summary.record, state: "live" } };
}

/** A candidate that a run which ended early left beside the live version. */
function findLeftovers({ deployment, versions }: Glance, releases: readonly Release[]): readonly Leftover[] {
  const left = (deployment?.versions ?? []).filter(({ percentage }) => percentage === 0);
  return left.map(({ version_id }): Leftover => {
    const number = releases.find(({ ref }) => ref === version_id)?.number;
    const version = versions.find(({ id }) => id === version_id)?.number;
    const name = number === undefined ? `version ${version ?? version_id}` : `candidate ${number}`;
    return { kind: "stage", name, reason: "a candidate's place beside the live version" };
  });
}
