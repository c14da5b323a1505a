/** AWS Lambda behind an HTTP API as a Platform: clients, an app's build and where records are in; the verbs of a release out. */
import { inParallel } from "../parallel.ts";
import type { Candidate, Deployed, Intent, Lease, Platform, Release, ReleaseDraft, Removed, Version } from "../platform.ts";
import type { ReleaseRecord } from "../record.ts";
import { type ApiHandle, ensureApi, writeWorkingCopy } from "./api.ts";
import type { Clients } from "./clients.ts";
import { collect } from "./collect.ts";
import { calledRoutes, compare, versionOf } from "./compare.ts";
import { draftRelease, type DraftValues, type LambdaDraft, type LambdaFunction } from "./draft.ts";
import { onlyRoute } from "./only.ts";
import { type FunctionHost, uploadFunction } from "./functions.ts";
import { takeLease } from "./lease.ts";
import type { Owner } from "./names.ts";
import { glanceAt, observe, type Observed } from "./observe.ts";
import { allowInvoke } from "./permission.ts";
import { probe } from "./probe.ts";
import { removeAll } from "./remove.ts";
import { refusePolicy } from "./role.ts";
import { prepareHost, settleRelease, type SharedRun, spread, writeRecord } from "./shared.ts";
import { expose, freeze, type Snapshot, switchTo, withdrawStage } from "./snapshots.ts";
import { openStore } from "./store.ts";
import { type LambdaTarget, moved } from "./target.ts";

/** What a run learns on its way: a platform is made for one run. */
interface Run extends SharedRun {
  observed?: Observed;
  values?: DraftValues;
  api?: ApiHandle;
  /** The candidate's stage. */
  candidate?: string;
  /** What this run froze or took over, and the same when it was found to hold something else. */
  frozen?: Snapshot;
  spoiled?: Snapshot | undefined;
  inherited: readonly string[];
  /** Functions that had versions before and got new ones. */
  readonly updated: Set<string>;
  records: Map<number, ReleaseRecord>;
  host?: Promise<FunctionHost>;
}

/** Make one for each run. */
export function createLambdaPlatform(target: LambdaTarget): Platform<LambdaFunction> {
  const run: Run = {
    ...target,
    store: openStore(target.clients, target.account),
    inherited: [],
    updated: new Set(),
    check: () => undefined,
    records: new Map(),
  };
  const { clients, owner, store } = run;
  return {
    locks: true,
    observe: () => look(run),
    draft: (deployed) => toDraft(run, deployed),
    lock: (intent, seen) => lock(run, intent, seen),
    upload: (fn) => upload(run, fn),
    assemble: (release) => makeCandidate(run, release),
    verify: (_candidate, release, changed) => verify(run, release, changed),
    async promote(release) {
      const api = requireApi(run);
      await switchTo(clients, api, owner, release);
      run.switched = clients.clock.now();
      const { number, hash, ref, record } = release;
      return { number, hash, ref, ...(record && { record }), url: `${api.endpoint}/` };
    },
    withdraw: () => withdrawStage(clients, requireApi(run)),
    settle: (live) => settleRelease(run, live),
    collect: (keep) => collectAll(run, keep),
    remove: () => removeAll(clients, store, owner),
  };
}

const requireDraft = ({ draft }: Run): LambdaDraft => draft ?? fail("a release needs a build");
const prepare = (run: Run): Promise<FunctionHost> => (run.host ??= prepareHost(run, requireDraft(run)));
const requireApi = ({ api }: Run): ApiHandle => api ?? fail("there is no API yet");

async function look(run: Run): Promise<Deployed> {
  const { clients, store, owner, keep, holder, source } = run;
  const wanted = source ? source.build.archives.map(({ fn }) => fn.id) : [];
  const [observed, values] = await Promise.all([observe({ clients, store, owner, keep, holder, wanted }), source?.values()]);
  Object.assign(run, {
    observed,
    records: new Map(observed.records),
    ...(values && { values }),
    ...(observed.api && { api: observed.api }),
  });
  return observed.deployed;
}

function toDraft(run: Run, deployed: Deployed): LambdaDraft {
  const { source, values } = run;
  if (!source || !values) return fail("a draft needs a build and a look at the cloud");
  const whole = draftRelease(source.build, values, deployed);
  refusePolicy(source.build.manifest.app.lambda, run.observed?.policy, whole.policy);
  run.draft = source.only === undefined ? whole : onlyRoute(whole, source.build.manifest, source.only, deployed.live);
  return run.draft;
}

async function lock(run: Run, intent: Intent, seen: Deployed): Promise<Lease> {
  const { clients, store, owner, holder, observed, api } = run;
  // A bucket is made before the first lock; looking at it before said that there was none.
  if (!observed?.hasBucket) await store.ensure();
  const { lease, inherited } = await takeLease({ store, clock: clients.clock, holder, owner }, intent);
  Object.assign(run, { inherited, check: lease.check });
  try {
    const { fingerprint } = await glanceAt({ clients, store, owner, ...(api && { api }) });
    if (fingerprint !== seen.fingerprint) throw moved(owner);
    return lease;
  } catch (error) {
    await lease.end(false).catch(() => undefined);
    throw error;
  }
}

async function upload(run: Run, fn: LambdaFunction): Promise<Version> {
  const host = await prepare(run);
  const { version, isFirst } = await uploadFunction(host, fn);
  if (!isFirst) run.updated.add(fn.id);
  return version;
}

async function makeCandidate(run: Run, release: ReleaseDraft<LambdaFunction>): Promise<Candidate> {
  const { clients, owner, observed } = run;
  await prepare(run);
  const api = (run.api ??= await ensureApi(clients, owner));
  const allowed = allowedVersions(observed?.deployed.releases ?? []);
  run.check();
  const fresh = calledVersions(release).filter(({ ref }) => !allowed.has(ref));
  const snapshot = release.assembled ?? (await assemble({ clients, owner, api, release, fresh, check: run.check }));
  const record = { ...release.record, ref: snapshot.ref };
  run.check();
  const [stage] = await Promise.all([expose(clients, api, owner, snapshot), writeRecord(run, record)]);
  run.candidate = stage;
  run.frozen = snapshot;
  run.records.set(release.number, record);
  // A stage that a node does not know; and a grant, if one was made: what does not start was found by its probe.
  const unseen = [gatewayAnswer(404, "Not Found"), ...(fresh.length ? [gatewayAnswer(500, "Internal Server Error")] : [])];
  return { ...snapshot, record, url: `${api.endpoint}/${stage}`, unseen };
}

async function verify(run: Run, release: ReleaseDraft<LambdaFunction>, changed: readonly Version[]): Promise<void> {
  const builds = new Map(requireDraft(run).functions.map(({ id, build }) => [id, build]));
  const { role } = await prepare(run);
  await Promise.all([
    compare(run.clients, requireApi(run), run.candidate ?? "", release).catch((error: unknown) => {
      // What holds something else is not used by any later try: its description says that it is this release.
      run.spoiled = run.frozen;
      throw error;
    }),
    inParallel(changed, 16, (version) => probe(run.clients, role, version, builds.get(version.function) ?? "")),
  ]);
}

async function collectAll(run: Run, kept: readonly Release[]): Promise<readonly Removed[]> {
  const { clients, store, owner, api, candidate, check, records, observed, spoiled } = run;
  if (!observed) return fail("nothing was looked at");
  const { snapshots } = observed;
  const keep = kept.filter(({ ref }) => ref !== spoiled?.ref);
  const strays = [...observed.strays, ...(spoiled ? [spoiled] : [])];
  const { releases, live } = observed.deployed;
  if (live && !keep.some(({ ref }) => ref === live.ref)) await spread(run);
  const inherited = [...new Set([...run.inherited, ...run.updated])];
  return collect({ clients, store, owner, api, snapshots, releases, strays, records, candidate, keep, inherited, check });
}

/** Those that a snapshot of this API calls: none is frozen before its grants are there. */
function allowedVersions(releases: readonly Release[]): ReadonlySet<string> {
  const refs = releases.flatMap(({ record }) => {
    const called = new Set(record?.routes.map((route) => route.function));
    return record?.functions.filter((fn) => called.has(fn.function)).map(({ ref }) => ref) ?? [];
  });
  return new Set(refs);
}

const calledVersions = (release: ReleaseDraft<LambdaFunction>): readonly Version[] =>
  [...new Set(release.draft.routes.map((route) => route.function))].map((id) => versionOf(release, id));

/** API Gateway's own (facts/aws.md section 3.3); an app's 404 and 500 say more. */
const gatewayAnswer = (status: number, message: string) => ({ status, body: JSON.stringify({ message }) });

interface Assembling {
  readonly clients: Clients;
  readonly owner: Owner;
  readonly api: ApiHandle;
  readonly release: ReleaseDraft<LambdaFunction>;
  /** Versions that this API may not call yet. */
  readonly fresh: readonly Version[];
  readonly check: () => void;
}

/** A version's grant and the working copy that names it do not wait for each other: nothing calls it before it is frozen. */
async function assemble({ clients, owner, api, release, fresh, check }: Assembling): Promise<Snapshot> {
  await Promise.all([
    inParallel(fresh, 8, (version) => allowInvoke(clients, version, api.id)),
    writeWorkingCopy(clients, api.id, owner, calledRoutes(release)),
  ]);
  check();
  return freeze(clients, api, release.number, release.draft.hash);
}

function fail(message: string): never {
  throw new Error(message);
}
