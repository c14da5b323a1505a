/** The platform of AWS Lambda behind an HTTP API: a snapshot is a release, and moving `$default` is the switch. */
import { inParallel } from "../../parallel.ts";
import type {
  AssembledCandidate,
  Deployed,
  Intent,
  Lease,
  ObservedStage,
  Platform,
  Release,
  Removed,
  UploadedRelease,
} from "../../platform.ts";
import type { ReleaseRecord } from "../../record.ts";
import { type ApiHandle, ensureApi, writeWorkingCopy } from "./api.ts";
import type { Clients } from "../clients.ts";
import { collectGarbage } from "../garbage-collection.ts";
import type { Version, Owner } from "../../parts.ts";
import { type ConfiguredValues, type LambdaDesiredState, stageNeeds, toDesiredState } from "../desired-state.ts";
import type { LambdaFunction } from "../lambda-function.ts";
import { singleRouteState } from "./single-route.ts";
import { roleOf, uploadFunction } from "../functions.ts";
import { acquireLease } from "../lease.ts";
import { readReleaseState, observe, type Observation } from "./observation.ts";
import { allowInvoke } from "./invoke-permission.ts";
import { probeVersion } from "../version-probe.ts";
import {
  awaitPropagation,
  knownRoles,
  placeOf,
  prepare,
  removeStageParts,
  settleRelease,
  settleCurrentJobs,
  type SharedRun,
  storedData,
  switchWithJobs,
  unseenPermissionAnswers,
  writeRecord,
} from "../shared-run.ts";
import { presentPermissions } from "../stage-roles.ts";
import {
  calledRoutes,
  requireSameRoutes,
  expose,
  freeze,
  type Snapshot,
  switchTo,
  versionOf,
  withdrawStage,
} from "./snapshots.ts";
import { openStore } from "../store.ts";
import type { Place } from "../names.ts";
import { concurrentChange, type LambdaSource, type LambdaTarget } from "../target.ts";

/** The state of one run, for which the platform was created. */
interface Run extends SharedRun {
  observed?: Observation;
  api?: ApiHandle;
  /** The candidate's stage. */
  candidate?: string;
  /** The snapshot of this run's release, and the same once its routes were found to differ. */
  frozen?: Snapshot;
  spoiled?: Snapshot | undefined;
  inherited: readonly string[];
  /** Functions that had versions before and got new ones. */
  readonly updated: Set<string>;
  records: Map<number, ReleaseRecord>;
}

/** Make one for each run. */
export function createHttpApiPlatform(target: LambdaTarget): Platform<LambdaFunction> {
  const run: Run = {
    ...target,
    store: openStore(target.clients, target.account),
    inherited: [],
    updated: new Set(),
    requireLease: () => undefined,
    records: new Map(),
  };
  const { clients, owner } = run;
  return {
    observe: () => observeStage(run),
    upload: (fn) => upload(run, fn),
    assemble: (release) => makeCandidate(run, release),
    promote: (release) =>
      switchWithJobs(run, release, async () => {
        const api = requireApi(run);
        await switchTo(clients, api, owner, release);
        run.switched = clients.clock.now();
        const { number, hash, ref, record } = release;
        return { number, hash, ref, ...(record && { record }), url: `${api.endpoint}/` };
      }),
    collect: (keep) => collectAll(run, keep),
    records: {
      lock: (intent, observed) => lock(run, intent, observed),
      settle: (live) => settleRelease(run, live),
    },
    operations: {
      withdraw: () => withdrawStage(clients, requireApi(run)),
      storedData: () => storedData(run),
      remove: (withData) => removeStageParts(run, withData),
    },
  };
}

const requireDesired = ({ desired }: Run): LambdaDesiredState => desired ?? fail("a release needs a build");
const requireApi = ({ api }: Run): ApiHandle => api ?? fail("there is no API yet");

async function observeStage(run: Run): Promise<ObservedStage<LambdaFunction>> {
  const { clients, store, owner, keep, lockOwner, source } = run;
  const wanted = source ? source.build.archives.map(({ fn }) => fn.id) : [];
  const place = placeOf(run);
  const needed = source && stageNeeds(source.build, place);
  const [observed, values] = await Promise.all([
    observe({ clients, store, owner, keep, lockOwner, place, wanted, needed }),
    source?.values(),
  ]);
  run.observed = observed;
  run.jobs = observed.jobs;
  run.current = observed.deployed.live;
  run.records = new Map(observed.records);
  if (observed.api) run.api = observed.api;
  const { deployed } = observed;
  if (!source || !values) return deployed;
  run.desired = toDesired(source, values, observed, place);
  const present = presentPermissions(run.desired, deployed.parts, deployed.live);
  return { ...deployed, parts: [...deployed.parts, ...present], desired: run.desired };
}

function toDesired(
  source: LambdaSource,
  values: ConfiguredValues,
  { deployed }: Observation,
  place: Place,
): LambdaDesiredState {
  const desired = toDesiredState(source.build, values, deployed, place);
  if (source.only === undefined) return desired;
  return singleRouteState(desired, source.build.manifest, source.only, deployed.live);
}

async function lock(run: Run, intent: Intent, observed: Deployed): Promise<Lease> {
  const { clients, store, owner, lockOwner, api } = run;
  // The bucket is created before the first lock.
  if (!run.observed?.hasBucket) await store.ensure();
  const { lease, inherited } = await acquireLease({ store, clock: clients.clock, lockOwner, owner }, intent);
  run.inherited = inherited;
  run.requireLease = lease.requireFresh;
  try {
    const { fingerprint } = await readReleaseState({ clients, store, owner, ...(api && { api }) });
    if (fingerprint !== observed.fingerprint) throw concurrentChange(owner);
    return lease;
  } catch (error) {
    await lease.end(false).catch(() => undefined);
    throw error;
  }
}

async function upload(run: Run, fn: LambdaFunction): Promise<Version> {
  const host = await prepare(run, requireDesired(run));
  const { version, isFirst } = await uploadFunction(host, fn);
  if (!isFirst) run.updated.add(fn.id);
  return version;
}

async function makeCandidate(run: Run, release: UploadedRelease<LambdaFunction>): Promise<AssembledCandidate> {
  const { clients, owner, observed } = run;
  await prepare(run, requireDesired(run));
  const api = (run.api ??= await ensureApi(clients, owner));
  const allowed = allowedVersions(observed?.deployed.releases ?? []);
  run.requireLease();
  const fresh = calledVersions(release).filter(({ ref }) => !allowed.has(ref));
  const snapshot =
    release.assembled ?? (await assemble({ clients, owner, api, release, fresh, requireLease: run.requireLease }));
  const record = { ...release.record, ref: snapshot.ref };
  run.requireLease();
  const [stage] = await Promise.all([expose(clients, api, owner, snapshot), writeRecord(run, record)]);
  run.candidate = stage;
  run.frozen = snapshot;
  run.records.set(release.number, record);
  // A node may not know the stage or a new grant yet. Versions that do not start were found by their probe.
  const notReadyAnswers = [
    gatewayAnswer(404, "Not Found"),
    ...(fresh.length ? [gatewayAnswer(500, "Internal Server Error")] : []),
    ...(await unseenPermissionAnswers(run, requireDesired(run))),
  ];
  const verify = (changed: readonly Version[]): Promise<void> => verifyCandidate(run, release, changed);
  return { ...snapshot, record, url: `${api.endpoint}/${stage}`, notReadyAnswers, verify };
}

async function verifyCandidate(
  run: Run,
  release: UploadedRelease<LambdaFunction>,
  changed: readonly Version[],
): Promise<void> {
  const desired = requireDesired(run);
  const host = await prepare(run, desired);
  const functions = new Map(desired.functions.map((fn) => [fn.id, fn]));
  await Promise.all([
    requireSameRoutes(run.clients, requireApi(run), run.candidate ?? "", release).catch((error: unknown) => {
      // Its description names this release, so it must not be used by a later deploy.
      run.spoiled = run.frozen;
      throw error;
    }),
    inParallel(changed, 16, (version) => {
      const fn = functions.get(version.function) ?? fail(`the release has no function ${version.function}`);
      return probeVersion(run.clients, roleOf(host, fn), version, {
        build: fn.build,
        files: fn.files,
        stage: run.owner.stage,
      });
    }),
  ]);
}

async function collectAll(run: Run, kept: readonly Release[]): Promise<readonly Removed[]> {
  const { clients, store, owner, api, candidate, requireLease, records, observed, spoiled } = run;
  if (!observed) return fail("nothing was looked at");
  const { snapshots } = observed;
  const keep = kept.filter(({ ref }) => ref !== spoiled?.ref);
  const strays = [...observed.strays, ...(spoiled ? [spoiled] : [])];
  const { releases, live } = observed.deployed;
  await settleCurrentJobs(run, keep);
  if (live && !keep.some(({ ref }) => ref === live.ref)) await awaitPropagation(run);
  const inherited = [...new Set([...run.inherited, ...run.updated])];
  return collectGarbage({
    clients,
    store,
    owner,
    api,
    snapshots,
    releases,
    strays,
    records,
    candidate,
    keep,
    inherited,
    roles: knownRoles(run),
    requireLease,
  });
}

/** Those that a snapshot of this API calls: none is frozen before its grants are there. */
function allowedVersions(releases: readonly Release[]): ReadonlySet<string> {
  const refs = releases.flatMap(({ record }) => {
    const called = new Set(record?.routes.map((route) => route.function));
    return record?.functions.filter((fn) => called.has(fn.function)).map(({ ref }) => ref) ?? [];
  });
  return new Set(refs);
}

const calledVersions = (release: UploadedRelease<LambdaFunction>): readonly Version[] =>
  [...new Set(release.desired.routes.map((route) => route.function))].map((id) => versionOf(release, id));

/** API Gateway's own answer has this body alone; an app's 404 and 500 have more. */
const gatewayAnswer = (status: number, message: string) => ({ status, body: JSON.stringify({ message }) });

interface Assembling {
  readonly clients: Clients;
  readonly owner: Owner;
  readonly api: ApiHandle;
  readonly release: UploadedRelease<LambdaFunction>;
  /** Versions that this API may not call yet. */
  readonly fresh: readonly Version[];
  readonly requireLease: () => void;
}

/**
 * A version's grant and the working copy that names it do not wait for each other: nothing calls it before it is
 * frozen.
 */
async function assemble({ clients, owner, api, release, fresh, requireLease }: Assembling): Promise<Snapshot> {
  await Promise.all([
    inParallel(fresh, 8, (version) => allowInvoke(clients, version, api.id)),
    writeWorkingCopy(clients, api.id, owner, calledRoutes(release)),
  ]);
  requireLease();
  return freeze(clients, api, release.number, release.desired.hash);
}

function fail(message: string): never {
  throw new Error(message);
}
