/** The platform of Cloudflare Workers: a version is a release, and a deployment moves the traffic. */
import type { WorkersApp } from "../../framework/model/app.ts";
import { hasDatabases } from "../../framework/model/database.ts";
import type { Manifest } from "../../framework/model/manifest.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { keptReleases } from "../retention.ts";
import type {
  AssembledCandidate,
  Candidate,
  Deployed,
  DesiredFunction,
  Lease,
  Live,
  ObservedStage,
  Platform,
  Release,
  StoredData,
  UploadedRelease,
} from "../platform.ts";
import { hasShares, concurrentChange, requireDeployment } from "./deployments.ts";
import { needs, toDesiredState } from "./desired-state.ts";
import { settleLogs } from "./logs-setting.ts";
import { addTriggers, liveUrl, removeTriggers, setWorkersDev, wantsWorkersDev, workersDevUrl } from "./triggers.ts";
import { overrideHeaders, placeholderTag, scriptName } from "./names.ts";
import { observe, type Observation } from "./observation.ts";
import { putPlaceholder } from "./placeholder.ts";
import { probe, unprobedFunctions } from "./probe.ts";
import { removeAll } from "./removal.ts";
import { findScript } from "./worker-reads.ts";
import { toVersionHeader } from "./version-header.ts";
import { readFullRecord, toReleaseRecord, toRecordModule } from "./version-record.ts";
import { prepareVersion, uploadVersion } from "./version-upload.ts";
import { readReleaseState } from "./release-state.ts";
import { besides, note, type Run, share, type WorkersTarget } from "./run.ts";
import { collect } from "./collection.ts";
import { prepareDatabases } from "./hyperdrive-bindings.ts";
import { ensureQueues } from "./job-queues.ts";
import { jobTriggers, recordedTriggers, settleTriggers } from "./job-triggers.ts";
import { countFiles, ensureBucket } from "./files-bucket.ts";
import { countEntries, ensureStore } from "./store-database.ts";

/** Make one for each run. Throws UserError NAME_TOO_LONG. */
export function createWorkersPlatform(target: WorkersTarget): Platform<DesiredFunction> {
  const run: Run = { ...target, script: scriptName(target.owner), queue: Promise.resolve() };
  return {
    observe: () => observeStage(run),
    upload: () => fail("the functions of a Worker are uploaded with it"),
    assemble: (release) => inTurn(run, () => assemble(run, release)),
    promote: (release, percentage) => inTurn(run, () => promote(run, release, percentage)),
    collect: (keep) => inTurn(run, () => collect(run, requireObserved(run), keep)),
    records: {
      lock: (_intent, observed) => lock(run, observed),
      settle: (live) => inTurn(run, () => settle(run, live)),
    },
    operations: {
      withdraw: () => inTurn(run, () => withdraw(run)),
      storedData: () => storedData(run),
      remove: (withData) => inTurn(run, () => removeAll(run.client, run.owner, withData)),
    },
  };
}

function inTurn<T>(run: Run, work: () => Promise<T>): Promise<T> {
  const turn = run.queue.then(work);
  run.queue = turn.catch(() => undefined);
  return turn;
}

const requireObserved = ({ observed }: Run): Observation => observed ?? fail("nothing was looked at");
const wantedOf = ({ source }: Pick<Run, "source">): WorkersApp | undefined => source?.build.manifest.app.workers;

async function observeStage(run: Run): Promise<ObservedStage> {
  const { client, owner, keep, source } = run;
  const wanted = wantedOf(run);
  const [observed, values] = await Promise.all([
    observe({
      client,
      owner,
      keep,
      ...(wanted && source && { wanted, ...needsOf(source.build.manifest) }),
    }),
    source?.values(),
  ]);
  note(run, observed.state.deployment);
  run.observed = observed;
  const deployed = { ...observed.deployed, splitsTraffic: true } as const;
  if (!source || !values) return deployed;
  run.desired = toDesiredState(source.build, values, observed.stored, deployed, {
    databaseNote: observed.databaseNote,
    cronNote: observed.cronNote,
    configs: observed.configs,
  });
  return { ...deployed, desired: run.desired };
}

const needsOf = (manifest: Manifest) => ({
  needsStore: needs(manifest, "store"),
  needsFiles: needs(manifest, "files"),
  jobs: jobTriggers(manifest) ?? null,
  hasDatabases: hasDatabases(manifest.app),
});

/** Workers have no lock: the live deployment is read again, here and just before the switch. */
async function lock(run: Run, observed: Deployed): Promise<Lease> {
  const { client, owner, script } = run;
  const { fingerprint, deployment } = await readReleaseState({ client, owner });
  if (fingerprint !== observed.fingerprint) throw concurrentChange(script);
  note(run, deployment);
  return {
    isExclusive: false,
    confirm: () => requireDeployment(client, script, run.deployment?.id),
    end: () => Promise.resolve(),
  };
}

async function assemble(run: Run, release: UploadedRelease): Promise<AssembledCandidate> {
  const { client, script, source, desired } = run;
  const observed = requireObserved(run);
  if (!source || !desired) return fail("a release needs a build");
  const { workers } = source.build.manifest.app;
  if (!release.assembled) await source.checkStartup?.();
  const { live, releases } = observed.deployed;
  const before = live ? keptReleases(live, releases, run.keep).map(({ number }) => number) : [];
  if (desired.needsFiles && !release.assembled) await ensureBucket(client, run.owner, workers.location);
  const database = release.assembled || !desired.needsStore ? undefined : await prepareStore(run, workers);
  const hyperdrives = release.assembled ? [] : await prepareDatabases(client, desired.databases);
  run.configs = hyperdrives.map(({ id }) => String(id));
  if (desired.jobs && !release.assembled) await ensureQueues(client, run.owner, observed.queues);
  const upload = {
    client,
    script,
    build: source.build,
    desired,
    release,
    stored: observed.stored,
    database,
    hyperdrives,
    before,
    liveUrl: live?.url,
  };
  const prepared = release.assembled ? undefined : await prepareVersion(upload);
  const isNew = !observed.state.script;
  if (isNew) await makeScript(run, workers);
  await addTriggers(
    client,
    script,
    workers,
    isNew ? { ...observed.triggers, workersDev: wantsWorkersDev(workers) } : observed.triggers,
  );
  const ref = release.assembled?.ref ?? (await uploadVersion(upload, prepared!)).id;
  const url = await candidateUrl(run, workers);
  // If the live version changed during the upload, this deployment would move the traffic back to the old one.
  await requireDeployment(client, script, run.deployment?.id);
  await share(run, besides(run, ref, 0), `candidate of release ${release.number}`);
  const record = toReleaseRecord(readFullRecord(toRecordModule(release.record, desired), ref));
  const candidate: Candidate = {
    number: release.number,
    hash: desired.hash,
    ref,
    record,
    url,
    headers: overrideHeaders(script, ref),
    versionHeader: toVersionHeader(ref, desired.files),
  };
  return { ...candidate, verify: () => verify(run, candidate) };
}

/** Made before anything else is: where an account has no room for it, nothing was changed. */
const prepareStore = ({ client, owner }: Run, { location }: WorkersApp): Promise<string> =>
  ensureStore(client, owner, location);

/**
 * A first release shares the deployment with a placeholder that answers 503. Throws where somebody else has released
 * since.
 */
async function makeScript(run: Run, workers: WorkersApp): Promise<void> {
  const { client, owner, script } = run;
  // The upload of files took time since the last look.
  if (await findScript(client, script)) throw concurrentChange(script);
  await putPlaceholder(client, owner, workers.compatibilityDate, run.source?.build.manifest.app.traces);
  await setWorkersDev(client, script, wantsWorkersDev(workers));
  const { deployment, versions } = await readReleaseState({ client, owner });
  note(run, deployment);
  const base = versions.find(({ id }) => id === run.base);
  if (base?.annotations?.["workers/tag"] !== placeholderTag) throw concurrentChange(script);
}

/**
 * workers.dev where it is on: no zone's rules stand before it. Without a slash at its end; empty when there is no
 * address at all.
 */
async function candidateUrl(run: Run, workers: WorkersApp): Promise<string> {
  const { client, script } = run;
  const { domains, routes } = workers;
  if (!wantsWorkersDev(workers)) return liveUrl({ domains, routes }, undefined).replace(/\/$/, "");
  run.workersDev ??= run.observed?.workersDev;
  if (run.workersDev === undefined) {
    const found = await findScript(client, script);
    const url = found && (await workersDevUrl(client, script, found));
    if (url !== undefined) run.workersDev = url;
  }
  return (run.workersDev ?? "").replace(/\/$/, "");
}

/** Probes the candidate, if it has an address. */
async function verify(run: Run, candidate: Candidate): Promise<void> {
  const { client, source, desired } = run;
  if (candidate.url === "" || !source || !desired) return;
  const names = new Set(unprobedFunctions(requireObserved(run).deployed.parts, desired.parts));
  const functions = source.build.manifest.routes.filter((route) => names.has(route.function));
  await probe(
    client.clock,
    candidate,
    functions.map(({ function: id, pattern, file }) => ({ id, pattern, file })),
  );
}

async function promote(run: Run, release: Release, percentage = 100): Promise<Live> {
  const { ref, number, hash, record } = release;
  const shares = percentage === 100 ? [{ version_id: ref, percentage: 100 }] : besides(run, ref, percentage);
  await share(run, shares, percentage === 100 ? `release ${number}` : `canary of release ${number}`);
  if (run.deployment && !hasShares(run.deployment, shares)) throw overtaken(release, run.owner);
  return { number, hash, ref, ...(record && { record }), url: rootUrl(run) };
}

/** The app's address as people know it. */
function rootUrl({ workersDev, observed, ...run }: Run): string {
  const workers = wantedOf(run);
  const known = workersDev ?? observed?.workersDev;
  return workers
    ? liveUrl(workers, wantsWorkersDev(workers) ? known : undefined)
    : (observed?.deployed.live?.url ?? known ?? "");
}

function overtaken({ number }: Release, { stage }: Run["owner"]): UserError {
  return new UserError(
    "SWITCH_OVERTAKEN",
    `the traffic moved to release ${number}, and another deployer moved it elsewhere in the same moment`,
    `Run portico releases --stage ${stage}, then portico promote NUMBER --stage ${stage} --target workers`,
  );
}

async function storedData(run: Run): Promise<readonly StoredData[]> {
  const { store, files } = requireObserved(run);
  const { client, script: name, owner } = run;
  const [entries, bucket] = await Promise.all([
    store?.state === "ours" ? countEntries(client, store.id) : undefined,
    // An empty one of this name was left by a run that died.
    files === "ours" || files === "empty" ? countFiles(client, owner) : undefined,
  ]);
  const table = entries === undefined ? [] : [{ kind: "table" as const, name, entries, isMore: false }];
  return [...table, ...(bucket ? [bucket] : [])];
}

async function withdraw(run: Run): Promise<void> {
  if (run.base !== undefined) await share(run, [{ version_id: run.base, percentage: 100 }], "withdrawn");
}

/** Sets triggers and script settings exactly to the live release's state. */
async function settle(run: Run, live: Live): Promise<Live> {
  const { client, script, desired, observed } = run;
  const workers = wantedOf(run);
  if (desired && observed && workers && live.hash === desired.hash) {
    await removeTriggers(client, script, workers, observed.triggers);
    // Somebody emptied the database of a release that stays.
    if (desired.needsStore && live.ref === observed.deployed.live?.ref && observed.store?.state !== "ours")
      await prepareStore(run, workers);
    if (desired.needsFiles && live.ref === observed.deployed.live?.ref && observed.files !== "ours")
      await ensureBucket(client, run.owner, workers.location);
    await settleLogs(client, run.owner, observed.state.script, run.source?.build.manifest.app.traces);
  }
  await settleJobs(run, live);
  return live.record ? { ...live, record: { ...live.record, state: "live" } } : live;
}

/** By its record, since a rollback has no build. No call where everything is as the release wants it. */
async function settleJobs({ client, owner, observed }: Run, { record }: Live): Promise<void> {
  if (!record || !observed) return;
  const wanted = recordedTriggers(owner, record.parts);
  // Somebody deleted the queues of a release that stays.
  if (wanted) await ensureQueues(client, owner, observed.queues);
  await settleTriggers(client, owner, wanted, observed.queues);
}

function fail(message: string): never {
  throw new Error(message);
}
