/** The platform of AWS Lambda behind a function URL: the app is one function, and moving an alias is the switch. */
import type {
  AssembledCandidate,
  Deployed,
  Intent,
  Lease,
  Live,
  ObservedStage,
  Platform,
  Release,
  Removed,
  UploadedRelease,
} from "../../platform.ts";
import type { Owner, Version } from "../../parts.ts";
import type { ReleaseRecord } from "../../record.ts";
import { UserError } from "../../../framework/model/user-error.ts";
import { inParallel } from "../../parallel.ts";
import { collectGarbage } from "../garbage-collection.ts";
import { type LambdaDesiredState, stageNeeds, toDesiredState } from "../desired-state.ts";
import type { LambdaFunction } from "../lambda-function.ts";
import { roleOf, uploadFunction } from "../functions.ts";
import { acquireLease } from "../lease.ts";
import { functionName, stageName } from "../names.ts";
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
import { openStore } from "../store.ts";
import { probeVersion } from "../version-probe.ts";
import { concurrentChange, type LambdaTarget } from "../target.ts";
import { requestPath, probeStream } from "./stream-invocation.ts";
import { deleteLiveAlias, ensureUrl, type LiveAlias, switchAlias } from "./live-alias.ts";
import { readReleaseState, observe, type Observation } from "./observation.ts";

/** The one function that answers requests; the others are invoked by their version alone, and answer once. */
const appFunctionId = "app";

/** The state of one run, for which the platform was created. */
interface Run extends SharedRun {
  /** The one function's. */
  readonly name: string;
  observed?: Observation;
  /** As it was last seen or made. */
  live: LiveAlias;
  inherited: readonly string[];
  /** Functions that had versions before and got new ones. */
  readonly updated: Set<string>;
  records: Map<number, ReleaseRecord>;
}

/** Make one for each run. */
export function createFunctionUrlPlatform(target: LambdaTarget): Platform<LambdaFunction> {
  const run: Run = {
    ...target,
    store: openStore(target.clients, target.account),
    name: functionName(target.owner, appFunctionId),
    live: {},
    inherited: [],
    updated: new Set<string>(),
    records: new Map<number, ReleaseRecord>(),
    requireLease: () => undefined,
  };
  const { clients, owner, name } = run;
  return {
    observe: () => observeStage(run),
    async upload(fn) {
      const { version, isFirst } = await uploadFunction(await prepare(run, requireDesired(run)), fn);
      if (!isFirst) run.updated.add(fn.id);
      return version;
    },
    assemble: (release) => makeCandidate(run, release),
    promote: (release) =>
      switchWithJobs(run, release, async () => {
        const { number, hash, ref, record } = release;
        run.live = await switchAlias(clients, name, { number, hash, ref, stage: owner.stage }, run.live);
        run.switched = clients.clock.now();
        return { number, hash, ref, ...(record && { record }), url: run.live.url?.FunctionUrl ?? "" };
      }),
    collect: (keep) => collectAll(run, keep),
    records: {
      lock: (intent, observed) => lock(run, intent, observed),
      settle: (live) => settle(run, live),
    },
    operations: {
      async withdraw() {
        await deleteLiveAlias(clients, name);
        run.live = {};
      },
      storedData: () => storedData(run),
      async remove(withData) {
        const isLive = run.live.alias !== undefined && (await deleteLiveAlias(clients, name));
        const removed = await removeStageParts(run, withData);
        return [...(isLive ? [{ kind: "url", name: stageName(owner) } as const] : []), ...removed];
      },
    },
  };
}

const requireDesired = ({ desired }: Run): LambdaDesiredState => desired ?? fail("a release needs a build");

async function observeStage(run: Run): Promise<ObservedStage<LambdaFunction>> {
  const { clients, store, owner, keep, lockOwner, source } = run;
  const place = placeOf(run);
  const needed = source && stageNeeds(source.build, place);
  const [observed, values] = await Promise.all([
    observe({ clients, store, owner, keep, lockOwner, place, needed }),
    source?.values(),
  ]);
  run.observed = observed;
  run.jobs = observed.jobs;
  run.current = observed.deployed.live;
  run.live = observed;
  run.records = new Map(observed.records);
  const { deployed } = observed;
  if (!source || !values) return deployed;
  if (source.only !== undefined) throw oneFunction(run.owner);
  run.desired = toDesiredState(source.build, values, deployed, place);
  const present = presentPermissions(run.desired, deployed.parts, deployed.live);
  return { ...deployed, parts: [...deployed.parts, ...present], desired: run.desired };
}

async function lock(run: Run, intent: Intent, observed: Deployed): Promise<Lease> {
  const { clients, store, owner, lockOwner } = run;
  // The bucket is created before the first lock.
  if (!run.observed?.hasBucket) await store.ensure();
  const { lease, inherited } = await acquireLease({ store, clock: clients.clock, lockOwner, owner }, intent);
  run.inherited = inherited;
  run.requireLease = lease.requireFresh;
  try {
    const state = await readReleaseState({ clients, store, owner });
    if (state.fingerprint !== observed.fingerprint) throw concurrentChange(owner);
    run.live = state;
    return lease;
  } catch (error) {
    await lease.end(false).catch(() => undefined);
    throw error;
  }
}

/** A version without traffic is a candidate; only the deployer can invoke it. */
async function makeCandidate(run: Run, release: UploadedRelease<LambdaFunction>): Promise<AssembledCandidate> {
  const { clients } = run;
  await prepare(run, requireDesired(run));
  const { number, desired } = release;
  const { ref } = versionOf(release);
  const record = { ...release.record, ref };
  run.requireLease();
  await writeRecord(run, record);
  run.records.set(number, record);
  const request = (path: string): Promise<number> => requestPath(clients, ref, path);
  const verify = (changed: readonly Version[]): Promise<void> => verifyCandidate(run, changed);
  const notReadyAnswers = await unseenPermissionAnswers(run, requireDesired(run));
  return { number, hash: desired.hash, ref, record, url: "", request, notReadyAnswers, verify };
}

async function verifyCandidate(run: Run, changed: readonly Version[]): Promise<void> {
  const desired = requireDesired(run);
  const host = await prepare(run, desired);
  await inParallel(changed, 16, (version) => {
    const fn = desired.functions.find(({ id }) => id === version.function) ?? fail("the release has no such function");
    const probe = fn.id === appFunctionId ? probeStream : probeVersion;
    return probe(run.clients, roleOf(host, fn), version, { build: fn.build, files: fn.files, stage: run.owner.stage });
  });
}

async function settle(run: Run, live: Live): Promise<Live> {
  if (run.desired && live.hash === run.desired.hash) await ensureUrl(run.clients, run.name);
  return settleRelease(run, live);
}

async function collectAll(run: Run, keep: readonly Release[]): Promise<readonly Removed[]> {
  const { clients, store, owner, records, requireLease, observed } = run;
  if (!observed) return fail("nothing was looked at");
  const { releases, live } = observed.deployed;
  await settleCurrentJobs(run, keep);
  if (live && !keep.some(({ ref }) => ref === live.ref)) await awaitPropagation(run);
  const front = { api: undefined, snapshots: { deployments: [], stages: [] }, strays: [], candidate: undefined };
  const inherited = [...new Set([...run.inherited, ...run.updated])];
  const roles = knownRoles(run);
  return collectGarbage({ clients, store, owner, ...front, releases, records, keep, inherited, roles, requireLease });
}

/** The whole app is one function, so it has one version. */
function versionOf({ versions }: UploadedRelease): Version {
  return versions.get(appFunctionId) ?? fail("no version of the app was uploaded");
}

function oneFunction({ stage }: Owner): UserError {
  return new UserError(
    "ONLY_ONE_FUNCTION",
    "--only leaves other functions as they are, and behind a function URL the whole app is one",
    `Run portico deploy --stage ${stage} without --only.`,
  );
}

function fail(message: string): never {
  throw new Error(message);
}
