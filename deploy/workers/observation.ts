/** Reads what an app has at a stage on Cloudflare; the release that the deployment names is live. */
import type { WorkersApp } from "../../framework/model/app.ts";
import { inParallel } from "../parallel.ts";
import type { Canary, Candidate, Deployed, Leftover, Live, Release } from "../platform.ts";
import type { DeployedPart } from "../parts.ts";
import type { ReleaseRecord } from "../record.ts";
import type { StoredSecrets } from "./desired-state.ts";
import {
  type BoundConfigs,
  configLeftovers,
  type ConfigInput,
  lookForBoundConfigs,
  withBoundConfigs,
  withConfigs,
} from "./config-observation.ts";
import { readVersions, type ReadVersions } from "./read-versions.ts";
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
import { bindingNames, isOurs, overrideHeaders, scriptName, taggedRelease } from "./names.ts";
import { toVersionHeader } from "./version-header.ts";
import { type Script, type ShownBinding, type VersionDetail } from "./worker-reads.ts";
import { readSummary, recordedParts, toReleaseRecord, type FullRecord } from "./version-record.ts";
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
export interface ObservationInput extends DataInput, ConfigInput {
  readonly keep: number;
  /** Triggers that the app wants; absent without a build. */
  readonly wanted?: WorkersApp;
  /** How the app's jobs are called, null without any; absent without a build. */
  readonly jobs?: JobTriggers | null;
}

/** The deployed state, with the inputs of later steps. */
export interface Observation extends ObservedData, ObservedQueues, BoundConfigs {
  readonly deployed: Deployed;
  readonly state: ReleaseState;
  readonly triggers: Triggers;
  readonly stored: StoredSecrets;
  /** Root URL at workers.dev. */
  readonly workersDev: string | undefined;
}

/** Two rounds of calls, three, or with configurations of Hyperdrive and no build four. */
export async function observe(input: ObservationInput): Promise<Observation> {
  const { client, owner, wanted } = input;
  const name = scriptName(owner);
  const looking = lookForData(input);
  looking.catch(() => undefined);
  const queuesOf = lookForQueues(input);
  const configsOf = lookForBoundConfigs(input);
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
  const stored = storedSecrets(seen.newest?.bindings);
  const observedConfigs = await configsOf(state, seen, stored);
  const triggers = await readTriggers(input, { script, domains: domains ?? ownDomains(name, script) }, seen.liveRecord);
  const workersDev = script && triggers.workersDev ? await workersDevUrl(client, name, script) : undefined;
  const all = toReleases(state, seen);
  const releases = withConfigs(all, observedConfigs.configs, seen.details);
  const url = liveUrl(hostsOf(triggers, name), workersDev);
  const { live, canary } = liveOf(state, all, seen, { script: name, url, workersDev: workersDev ?? url });
  const ours = script ? [...partsOf(name, seen.liveRecord), ...deployedTriggers(name, script, triggers)] : [];
  const liveDetail = seen.details.get(seen.liveRecord?.ref ?? "");
  const parts = [
    ...dataParts(input, data, seen.liveRecord),
    ...deployedQueues(owner, jobs.queues),
    ...withBoundConfigs(withBoundStore(ours, data.store, liveDetail), observedConfigs, liveDetail),
  ];
  return {
    state,
    triggers,
    workersDev,
    stored,
    ...observedConfigs,
    ...data,
    ...jobs,
    deployed: {
      parts,
      releases,
      ...(live && { live }),
      ...(canary && { canary }),
      leftovers: [
        ...queueLeftovers(owner, jobs, seen.liveRecord?.parts),
        ...configLeftovers(input, state, { ...observedConfigs, live, releases, stored }),
        ...findLeftovers(state, releases),
      ],
      taken: takenNames(input, triggers, { ...data, ...jobs }),
      fingerprint: state.fingerprint,
      lastNumber: lastNumber(state),
    },
  };
}

/** What has a name that the app wants, and is somebody else's. */
function takenNames(
  { owner, wanted }: Pick<ObservationInput, "owner" | "wanted">,
  triggers: Triggers,
  found: ObservedData & ObservedQueues,
): Deployed["taken"] {
  const name = scriptName(owner);
  return [
    ...(wanted ? takenTriggers(name, wanted, triggers).map((front) => ({ kind: "domain" as const, name: front })) : []),
    ...takenData(name, found),
    ...(found.queues?.state === "taken" ? [{ kind: "queue" as const, name }] : []),
  ];
}

const lastNumber = ({ versions }: ReleaseState): number =>
  Math.max(0, ...versions.map(({ annotations }) => taggedRelease(annotations?.["workers/tag"])?.number ?? 0));

function nothingOfOurs(name: string, state: ReleaseState): Observation {
  const taken = [{ kind: "worker" as const, name }];
  return {
    state,
    triggers: { workersDev: false, domains: [], routes: [] },
    workersDev: undefined,
    stored: { names: [] },
    configs: undefined,
    boundConfigs: new Map(),
    store: undefined,
    files: undefined,
    queues: undefined,
    deployed: { parts: [], releases: [], leftovers: [], taken, fingerprint: state.fingerprint, lastNumber: 0 },
  };
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
