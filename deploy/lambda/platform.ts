/** AWS Lambda behind an HTTP API as a Platform: clients, an app's build and where records are in; the verbs of a release out. */
import { inParallel } from "../parallel.ts";
import type { Candidate, Deployed, Intent, Lease, Live, Platform, Release, ReleaseDraft, Removed, Version } from "../platform.ts";
import type { ReleaseRecord } from "../record.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { type ApiHandle, ensureApi, writeWorkingCopy } from "./api.ts";
import type { Clients } from "./clients.ts";
import type { Archive } from "./code.ts";
import { collect } from "./collect.ts";
import { calledRoutes, compare, versionOf } from "./compare.ts";
import { draftRelease, type DraftValues, type LambdaDraft, type LambdaFunction } from "./draft.ts";
import { onlyRoute } from "./only.ts";
import { type FunctionHost, uploadFunction } from "./functions.ts";
import type { Holder } from "../holder.ts";
import { takeLease } from "./lease.ts";
import { isOutdated } from "./retry.ts";
import { ensureLogGroup } from "./log-group.ts";
import { type Owner, recordKey } from "./names.ts";
import { glanceAt, observe, type Observed } from "./observe.ts";
import { allowInvoke } from "./permission.ts";
import { probe } from "./probe.ts";
import type { LambdaBuild } from "./read-build.ts";
import { removeAll } from "./remove.ts";
import { ensureRole, unitedPolicy } from "./role.ts";
import { expose, freeze, type Snapshot, switchTo, withdrawStage } from "./snapshots.ts";
import { openStore, type Store } from "./store.ts";

/** What a release is made of; without it only what is there already can be promoted or removed. */
export interface LambdaSource {
  readonly build: LambdaBuild;
  /** Reads secrets; called while the cloud is looked at. */
  readonly values: () => Promise<DraftValues>;
  readonly archive: Archive;
  /** A route's pattern, file or function: the others stay as they are live. */
  readonly only?: string;
}

/** Whose and where. */
export interface LambdaTarget {
  readonly clients: Clients;
  readonly owner: Owner;
  /** 12 digits: the one that the credentials are of. */
  readonly account: string;
  readonly keep: number;
  readonly holder: Holder;
  /** Milliseconds after which a moved stage is surely seen everywhere. AWS does not say; default 5,000. */
  readonly propagation?: number;
  readonly source?: LambdaSource;
}

/** What a run learns on its way: a platform is made for one run. */
interface Run extends LambdaTarget {
  readonly store: Store;
  observed?: Observed;
  values?: DraftValues;
  draft?: LambdaDraft;
  api?: ApiHandle;
  /** Epoch ms of the switch. */
  switched?: number;
  /** True when the role's policy, as it is while one release follows another, allows more than this release needs. */
  narrows?: boolean;
  /** The candidate's stage. */
  candidate?: string;
  inherited: readonly string[];
  /** Functions that had versions before and got new ones. */
  readonly updated: Set<string>;
  /** Of the lease: throws when this run stood still for so long that another may be at work. */
  check: () => void;
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
      return { ...release, url: `${api.endpoint}/` };
    },
    withdraw: () => withdrawStage(clients, requireApi(run)),
    settle: (live) => settle(run, live),
    collect: (keep) => collectAll(run, keep),
    remove: () => removeAll(clients, store, owner),
  };
}

const requireDraft = ({ draft }: Run): LambdaDraft => draft ?? fail("a release needs a build");
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
  const host = await (run.host ??= prepare(run, requireDraft(run)));
  const { version, isFirst } = await uploadFunction(host, fn);
  if (!isFirst) run.updated.add(fn.id);
  return version;
}

async function makeCandidate(run: Run, release: ReleaseDraft<LambdaFunction>): Promise<Candidate> {
  const { clients, owner, observed } = run;
  await (run.host ??= prepare(run, requireDraft(run)));
  const api = (run.api ??= await ensureApi(clients, owner));
  const allowed = allowedVersions(observed?.deployed.releases ?? []);
  run.check();
  const snapshot = release.assembled ?? (await assemble({ clients, owner, api, release, allowed, check: run.check }));
  const record = { ...release.record, ref: snapshot.ref };
  run.check();
  const [stage] = await Promise.all([expose(clients, api, owner, snapshot), writeRecord(run, record)]);
  run.candidate = stage;
  run.records.set(release.number, record);
  return { ...snapshot, record, url: `${api.endpoint}/${stage}`, unseen: { status: 404, body: JSON.stringify({ message: "Not Found" }) } };
}

/** Only in place of what was there when this run looked: a call that is late must not overwrite what another run wrote. */
async function writeRecord({ store, owner, observed }: Run, record: ReleaseRecord): Promise<void> {
  const key = recordKey(owner, record.number);
  const text = JSON.stringify(record);
  try {
    await store.put(key, text, observed?.entries.find((entry) => entry.key === key)?.etag ?? null);
  } catch (error) {
    if (!isOutdated(error)) throw error;
    // It is there when the answer to a put that took effect was lost.
    if ((await store.get(key))?.text !== text) throw moved(owner, error);
  }
}

async function verify(run: Run, release: ReleaseDraft<LambdaFunction>, changed: readonly Version[]): Promise<void> {
  const builds = new Map(requireDraft(run).functions.map(({ id, build }) => [id, build]));
  await Promise.all([
    compare(run.clients, requireApi(run), run.candidate ?? "", release),
    inParallel(changed, 16, (version) => probe(run.clients, version, builds.get(version.function) ?? "")),
  ]);
}

async function settle(run: Run, live: Live): Promise<Live> {
  const { store, owner, draft } = run;
  if (draft && live.hash === draft.hash) await settleShared(run, draft);
  if (live.record?.state !== "candidate") return live;
  const record: ReleaseRecord = { ...live.record, state: "live" };
  await store.put(recordKey(owner, live.number), JSON.stringify(record));
  return { ...live, record };
}

/** Until the release before takes no request any more, wherever it comes in. */
async function spread({ clients: { clock }, switched, propagation = 5_000 }: Run): Promise<void> {
  const left = switched === undefined ? 0 : switched + propagation - clock.now();
  if (left > 0) await clock.sleep(left);
}

async function collectAll(run: Run, keep: readonly Release[]): Promise<readonly Removed[]> {
  const { clients, store, owner, api, candidate, check, records, observed } = run;
  if (!observed) return fail("nothing was looked at");
  const { snapshots, strays } = observed;
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

/** What functions need before they are made; while one release follows another the role allows what both need. */
async function prepare(run: Run, draft: LambdaDraft): Promise<FunctionHost> {
  const { clients, owner, source, observed, check } = run;
  const { lambda } = source!.build.manifest.app;
  const [role] = await Promise.all([
    lambda.role === undefined
      ? ensureRole(clients, owner, lambda.permissionsBoundary, (now) => {
          const policy = unitedPolicy(now, draft.policy);
          run.narrows = policy !== draft.policy;
          return policy;
        })
      : { arn: lambda.role, created: 0 },
    ensureLogGroup(clients, owner, draft.logRetention),
  ]);
  const assets = source!.build.manifest.assetsFunction?.id;
  const liveAssets = observed?.deployed.live?.record?.functions.find((fn) => fn.function === assets)?.ref;
  return { clients, owner, role, archive: source!.archive, liveAssets, check };
}

/** What all releases share, exactly as the live one wants it. */
async function settleShared(run: Run, draft: LambdaDraft): Promise<void> {
  const { clients, owner, source } = run;
  if (run.narrows) await spread(run);
  const { lambda } = source!.build.manifest.app;
  await Promise.all([
    lambda.role === undefined ? ensureRole(clients, owner, lambda.permissionsBoundary, () => draft.policy) : undefined,
    ensureLogGroup(clients, owner, draft.logRetention),
  ]);
}

interface Assembling {
  readonly clients: Clients;
  readonly owner: Owner;
  readonly api: ApiHandle;
  readonly release: ReleaseDraft<LambdaFunction>;
  /** Versions that this API may call already. */
  readonly allowed: ReadonlySet<string>;
  readonly check: () => void;
}

/** A version's grant and the working copy that names it do not wait for each other: nothing calls it before it is frozen. */
async function assemble({ clients, owner, api, release, allowed, check }: Assembling): Promise<Snapshot> {
  const called = new Set(release.draft.routes.map((route) => route.function));
  const fresh = [...called].map((id) => versionOf(release, id)).filter(({ ref }) => !allowed.has(ref));
  await Promise.all([
    inParallel(fresh, 8, (version) => allowInvoke(clients, version, api.id)),
    writeWorkingCopy(clients, api.id, owner, calledRoutes(release)),
  ]);
  check();
  return freeze(clients, api, release.number, release.draft.hash);
}

function moved({ app, stage }: Owner, cause?: unknown): UserError {
  return new UserError(
    "MOVED",
    `what ${app} has at the stage ${stage} was changed by somebody else after it was looked at`,
    "run the command again: it plans anew",
    cause === undefined ? {} : { cause },
  );
}

function fail(message: string): never {
  throw new Error(message);
}
