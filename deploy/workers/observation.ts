/** Reads what an app has at a stage on Cloudflare; the release that the deployment names is live. */
import type { WorkersApp } from "../../framework/model/app.ts";
import { inParallel } from "../parallel.ts";
import type { Canary, Candidate, Deployed, Leftover, Live, Release } from "../platform.ts";
import type { DeployedPart } from "../parts.ts";
import type { ReleaseRecord } from "../record.ts";
import type { StoredSecrets } from "./desired-state.ts";
import { storedSecrets } from "./secrets.ts";
import {
  deployedTriggers,
  type Triggers,
  type Hosts,
  listDomains,
  listRoutes,
  liveUrl,
  takenTriggers,
  workersDevUrl,
} from "./triggers.ts";
import { bindingNames, isOurs, overrideHeaders, recordModule, scriptName, taggedRelease } from "./names.ts";
import { toVersionHeader } from "./version-header.ts";
import {
  type Deployment,
  findVersion,
  readModule,
  type Script,
  type ShownBinding,
  type VersionDetail,
} from "./worker-reads.ts";
import { readSummary, readFullRecord, recordedParts, toReleaseRecord, type FullRecord } from "./version-record.ts";
import { readReleaseState, type ReleaseState } from "./release-state.ts";
import {
  deployedQueues,
  type JobTriggers,
  lookForQueues,
  type ObservedQueues,
  queueLeftovers,
  withOwnDead,
} from "./job-triggers.ts";
import { type DataInput, dataParts, lookForData, type ObservedData, takenData } from "./data-observation.ts";
import { withBoundStore } from "./store-observation.ts";

/** The app's stage, and the addresses of its next release. */
export interface ObservationInput extends DataInput {
  readonly keep: number;
  /** Triggers that the app wants; absent without a build. */
  readonly wanted?: WorkersApp;
  /** How the app's jobs are called, null without any; absent without a build. */
  readonly jobs?: JobTriggers | null;
}

/** The deployed state, with the inputs of later steps. */
export interface Observation extends ObservedData, ObservedQueues {
  readonly deployed: Deployed;
  readonly state: ReleaseState;
  readonly triggers: Triggers;
  readonly stored: StoredSecrets;
  /** Root URL at workers.dev. */
  readonly workersDev: string | undefined;
}

/** Two rounds of calls, or three. */
export async function observe(input: ObservationInput): Promise<Observation> {
  const { client, owner, wanted } = input;
  const name = scriptName(owner);
  const looking = lookForData(input);
  looking.catch(() => undefined);
  const queuesOf = lookForQueues(input);
  const [state, domains] = await Promise.all([
    readReleaseState(input),
    wanted?.domains.length ? listDomains(client) : undefined,
  ]);
  const { script } = state;
  if (script && !isOurs(owner, script.tags)) return nothingOfOurs(name, state);
  const [seen, data] = await Promise.all([readVersions(input, state), looking]);
  const bound = [...seen.details.values()].flatMap(({ bindings }) => bindings);
  const hadJobs = bound.some((binding) => binding.name === bindingNames.jobs);
  const jobs = withOwnDead(await queuesOf(hadJobs), data.store?.state === "ours");
  const triggers = await readTriggers(input, { script, domains: domains ?? ownDomains(name, script) }, seen.liveRecord);
  const workersDev = script && triggers.workersDev ? await workersDevUrl(client, name, script) : undefined;
  const releases = toReleases(state, seen);
  const url = liveUrl(hostsOf(triggers, name), workersDev);
  const { live, canary } = liveOf(state, releases, seen, { script: name, url, workersDev: workersDev ?? url });
  const ours = script ? [...partsOf(name, seen.liveRecord), ...deployedTriggers(name, script, triggers)] : [];
  const parts = [
    ...dataParts(input, data, seen.liveRecord),
    ...deployedQueues(owner, jobs.queues),
    ...withBoundStore(ours, data.store, seen.details.get(seen.liveRecord?.ref ?? "")),
  ];
  const taken: Deployed["taken"] = [
    ...(wanted ? takenTriggers(name, wanted, triggers).map((front) => ({ kind: "domain" as const, name: front })) : []),
    ...takenData(name, data),
    ...(jobs.queues?.state === "taken" ? [{ kind: "queue" as const, name }] : []),
  ];
  const lastNumber = Math.max(
    0,
    ...state.versions.map((version) => taggedRelease(version.annotations?.["workers/tag"])?.number ?? 0),
  );
  return {
    state,
    triggers,
    workersDev,
    stored: storedSecrets(seen.newest?.bindings),
    ...data,
    ...jobs,
    deployed: {
      parts,
      releases,
      ...(live && { live }),
      ...(canary && { canary }),
      leftovers: [...queueLeftovers(owner, jobs, seen.liveRecord?.parts), ...findLeftovers(state, releases)],
      taken,
      fingerprint: state.fingerprint,
      lastNumber,
    },
  };
}

function nothingOfOurs(name: string, state: ReleaseState): Observation {
  const taken = [{ kind: "worker" as const, name }];
  return {
    state,
    triggers: { workersDev: false, domains: [], routes: [] },
    workersDev: undefined,
    stored: { names: [] },
    store: undefined,
    files: undefined,
    queues: undefined,
    deployed: { parts: [], releases: [], leftovers: [], taken, fingerprint: state.fingerprint, lastNumber: 0 },
  };
}

/** Versions that were read in full. */
interface ReadVersions {
  readonly details: ReadonlyMap<string, VersionDetail>;
  /** The newest version: the next one inherits its secrets. */
  readonly newest: VersionDetail | undefined;
  /** The live one's whole record. */
  readonly liveRecord: FullRecord | undefined;
  /** Static files of the versions that have traffic, by the version's id. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** Numbers of releases that took traffic, as records made later say. */
  readonly before: ReadonlySet<number>;
}

/** More than are kept, since some never took traffic. */
const extraVersions = 5;

async function readVersions(
  { client, owner, keep }: ObservationInput,
  { versions, deployment }: ReleaseState,
): Promise<ReadVersions> {
  const name = scriptName(owner);
  const tagged = versions.filter(({ annotations }) => taggedRelease(annotations?.["workers/tag"]));
  const shares = deployment?.versions ?? [];
  const main = mainShare(deployment)?.version_id;
  const other = shares.find(({ version_id, percentage }) => version_id !== main && percentage > 0)?.version_id;
  const first = new Set([...tagged.slice(0, keep + extraVersions), ...versions.slice(0, 1)].map(({ id }) => id));
  for (const { version_id } of shares) first.add(version_id);
  for (const id of [main, other]) if (id !== undefined) first.delete(id);
  const details = new Map<string, VersionDetail>();
  const read = async (ids: Iterable<string>): Promise<unknown> =>
    inParallel([...ids], 8, async (id) => {
      const found = await findVersion(client, name, id);
      if (found) details.set(id, found);
    });
  const readRecord = async (id: string | undefined): Promise<FullRecord | undefined> => {
    const found = id === undefined ? undefined : await readModule(client, name, id, recordModule);
    if (found && id !== undefined) details.set(id, found.version);
    return found?.text === undefined ? undefined : readFullRecord(found.text, id ?? "");
  };
  const [liveRecord, beside] = await Promise.all([readRecord(main), readRecord(other), read(first)]);
  const before = (): ReadonlySet<number> =>
    new Set([...details.values()].flatMap((detail) => readSummary(detail)?.before ?? []));
  const wanted = new Set([...before()].toSorted((one, other) => other - one).slice(0, keep));
  const older = tagged.filter(({ id, annotations }) => {
    const number = taggedRelease(annotations?.["workers/tag"])?.number;
    return !details.has(id) && number !== undefined && wanted.has(number);
  });
  if (older.length) await read(older.map(({ id }) => id));
  const newest = details.get(versions[0]?.id ?? "");
  return {
    details,
    newest,
    before: before(),
    liveRecord,
    files: new Map(
      [liveRecord, beside].flatMap((record) =>
        record?.ref === undefined ? [] : [[record.ref, record.files] as const],
      ),
    ),
  };
}

/** Of a canary the greater part; of a candidate that takes no traffic the other. */
function mainShare(deployment: Deployment | undefined) {
  return deployment?.versions.toSorted((one, other) => other.percentage - one.percentage)[0];
}

/** Cloudflare lists a Worker's triggers with it; only hosts of other Workers take a call. */
const ownDomains = (name: string, script: Script | undefined): Triggers["domains"] =>
  (script?.references?.domains ?? []).map(({ id, hostname }) => ({ id, hostname, service: name }));

async function readTriggers(
  { client, wanted }: ObservationInput,
  { script, domains }: Pick<ReleaseState, "script"> & Pick<Triggers, "domains">,
  liveRecord: FullRecord | undefined,
): Promise<Triggers> {
  const recorded = Object.values(liveRecord?.parts ?? {}).flatMap((key) => /^route in (.+)$/.exec(key)?.[1] ?? []);
  const zones = new Set([...(wanted?.routes ?? []).map(({ zone }) => zone), ...(script ? recorded : [])]);
  const routes = await inParallel([...zones], 4, (zone) => listRoutes(client, zone));
  return { workersDev: script?.subdomain?.enabled ?? false, domains, routes: routes.flat() };
}

/** Hosts as the account has them. */
const hostsOf = ({ domains, routes }: Triggers, script: string): Hosts => ({
  domains: domains.filter(({ service }) => service === script).map(({ hostname }) => hostname),
  routes: routes.filter((route) => route.script === script),
});

const partsOf = (name: string, liveRecord: FullRecord | undefined): readonly DeployedPart[] =>
  liveRecord ? recordedParts(liveRecord) : [{ kind: "worker", name, key: "placeholder" }];

/**
 * The complete releases, by number. A version with other secrets than its record was overtaken by `secret set` during
 * its upload and does not count. Of two with one number the one that took traffic counts, else the newer.
 */
function toReleases(
  { versions, served }: ReleaseState,
  { details, before, liveRecord }: ReadVersions,
): readonly Release[] {
  const found = versions.flatMap(({ id, annotations }): Release[] => {
    const tagged = taggedRelease(annotations?.["workers/tag"]);
    const detail = details.get(id);
    const summary = detail && readSummary(detail);
    if (!tagged || !summary || !hasItsSecrets(summary.record, detail.bindings)) return [];
    const state = served.has(id) || before.has(tagged.number) ? ("live" as const) : ("candidate" as const);
    const record = liveRecord?.ref === id ? toReleaseRecord(liveRecord) : summary.record;
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

/**
 * A version of ours that somebody changed over the dashboard or wrangler keeps our record and has no tag: it is live,
 * and unlike any release. Of a split the lower number is live and the other its canary.
 */
function liveOf(
  { deployment }: ReleaseState,
  releases: readonly Release[],
  { details, files }: ReadVersions,
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
  const candidate: Candidate = {
    ...release,
    url,
    headers: overrideHeaders(at.script, release.ref),
    versionHeader: toVersionHeader(release.ref, files.get(release.ref) ?? []),
  };
  return { live, canary: { release: candidate, percentage } };
}

function changedRelease(detail: VersionDetail | undefined): Release | undefined {
  const summary = detail && readSummary(detail);
  if (!detail || !summary) return undefined;
  const { number, hash } = summary.record;
  return { number, hash: `${hash} changed`, ref: detail.id, record: { ...summary.record, state: "live" } };
}

/** A candidate that a run which ended early left beside the live version. */
function findLeftovers({ deployment, versions }: ReleaseState, releases: readonly Release[]): readonly Leftover[] {
  const left = (deployment?.versions ?? []).filter(({ percentage }) => percentage === 0);
  return left.map(({ version_id }): Leftover => {
    const number = releases.find(({ ref }) => ref === version_id)?.number;
    const version = versions.find(({ id }) => id === version_id)?.number;
    const name = number === undefined ? `version ${version ?? version_id}` : `candidate ${number}`;
    return { kind: "stage", name, reason: "a candidate's place beside the live version" };
  });
}
