/** AWS Lambda behind a function URL as a Platform: one function is the app, an alias is what is live, and moving it is the switch. */
import type { Candidate, Deployed, Intent, Lease, Live, Platform, Release, ReleaseDraft, Removed, Version } from "../../platform.ts";
import type { ReleaseRecord } from "../../record.ts";
import { UserError } from "../../../framework/model/user-error.ts";
import { inParallel } from "../../parallel.ts";
import { collect } from "../collect.ts";
import { draftRelease, type DraftValues, type LambdaDraft, type LambdaFunction } from "../draft.ts";
import { type FunctionHost, uploadFunction } from "../functions.ts";
import { takeLease } from "../lease.ts";
import { functionName, stageName } from "../names.ts";
import { removeAll } from "../remove.ts";
import { refusePolicy } from "../role.ts";
import { prepareHost, settleRelease, type SharedRun, spread, writeRecord } from "../shared.ts";
import { openStore } from "../store.ts";
import { type LambdaTarget, moved } from "../target.ts";
import { askPath, probeStream } from "./ask.ts";
import { deleteLive, ensureUrl, type LiveAlias, switchAlias } from "./live.ts";
import { glanceAt, observe, type Observed } from "./observe.ts";

/** What a run learns on its way: a platform is made for one run. */
interface Run extends SharedRun {
  /** The one function's. */
  readonly name: string;
  observed?: Observed;
  values?: DraftValues;
  /** As it was last seen or made. */
  live: LiveAlias;
  inherited: readonly string[];
  /** Functions that had versions before and got new ones. */
  readonly updated: Set<string>;
  records: Map<number, ReleaseRecord>;
  host?: Promise<FunctionHost>;
}

/** Make one for each run. */
export function createUrlPlatform(target: LambdaTarget): Platform<LambdaFunction> {
  const run: Run = {
    ...{ ...target, store: openStore(target.clients, target.account), name: functionName(target.owner, "app") },
    ...{ live: {}, inherited: [], updated: new Set<string>(), records: new Map<number, ReleaseRecord>(), check: () => undefined },
  };
  const { clients, owner, name, store } = run;
  return {
    locks: true,
    observe: () => look(run),
    draft: (deployed) => toDraft(run, deployed),
    lock: (intent, seen) => lock(run, intent, seen),
    async upload(fn) {
      const { version, isFirst } = await uploadFunction(await prepare(run), fn);
      if (!isFirst) run.updated.add(fn.id);
      return version;
    },
    assemble: (release) => makeCandidate(run, release),
    verify: (_candidate, _release, changed) => verify(run, changed),
    async promote(release) {
      const { number, hash, ref, record } = release;
      run.live = await switchAlias(clients, name, { number, hash, ref }, run.live);
      run.switched = clients.clock.now();
      return { number, hash, ref, ...(record && { record }), url: run.live.url?.FunctionUrl ?? "" };
    },
    async withdraw() {
      await deleteLive(clients, name);
      run.live = {};
    },
    settle: (live) => settle(run, live),
    collect: (keep) => collectAll(run, keep),
    async remove() {
      const isLive = run.live.alias !== undefined && (await deleteLive(clients, name));
      const removed = await removeAll(clients, store, owner);
      return [...(isLive ? [{ kind: "url", name: stageName(owner) } as const] : []), ...removed];
    },
  };
}

const requireDraft = ({ draft }: Run): LambdaDraft => draft ?? fail("a release needs a build");
const prepare = (run: Run): Promise<FunctionHost> => (run.host ??= prepareHost(run, requireDraft(run)));

async function look(run: Run): Promise<Deployed> {
  const { clients, store, owner, keep, holder, source } = run;
  const [observed, values] = await Promise.all([observe({ clients, store, owner, keep, holder }), source?.values()]);
  Object.assign(run, { observed, live: observed, records: new Map(observed.records), ...(values && { values }) });
  return observed.deployed;
}

function toDraft(run: Run, deployed: Deployed): LambdaDraft {
  const { source, values } = run;
  if (!source || !values) return fail("a draft needs a build and a look at the cloud");
  if (source.only !== undefined) throw oneFunction();
  run.draft = draftRelease(source.build, values, deployed);
  refusePolicy(source.build.manifest.app.lambda, run.observed?.policy, run.draft.policy);
  return run.draft;
}

async function lock(run: Run, intent: Intent, seen: Deployed): Promise<Lease> {
  const { clients, store, owner, holder, observed } = run;
  // A bucket is made before the first lock; looking at it before said that there was none.
  if (!observed?.hasBucket) await store.ensure();
  const { lease, inherited } = await takeLease({ store, clock: clients.clock, holder, owner }, intent);
  Object.assign(run, { inherited, check: lease.check });
  try {
    const glance = await glanceAt({ clients, store, owner });
    if (glance.fingerprint !== seen.fingerprint) throw moved(owner);
    run.live = glance;
    return lease;
  } catch (error) {
    await lease.end(false).catch(() => undefined);
    throw error;
  }
}

/** A version without traffic is a candidate; only who may invoke it can ask it anything. */
async function makeCandidate(run: Run, release: ReleaseDraft<LambdaFunction>): Promise<Candidate> {
  const { clients } = run;
  await prepare(run);
  const { number, draft } = release;
  const { ref } = versionOf(release);
  const record = { ...release.record, ref };
  run.check();
  await writeRecord(run, record);
  run.records.set(number, record);
  return { number, hash: draft.hash, ref, record, url: "", ask: (path) => askPath(clients, ref, path) };
}

async function verify(run: Run, changed: readonly Version[]): Promise<void> {
  const builds = new Map(requireDraft(run).functions.map(({ id, build }) => [id, build]));
  const { role } = await prepare(run);
  await inParallel(changed, 16, (version) => probeStream(run.clients, role, version, builds.get(version.function) ?? ""));
}

async function settle(run: Run, live: Live): Promise<Live> {
  if (run.draft && live.hash === run.draft.hash) await ensureUrl(run.clients, run.name);
  return settleRelease(run, live);
}

async function collectAll(run: Run, keep: readonly Release[]): Promise<readonly Removed[]> {
  const { clients, store, owner, records, check, observed } = run;
  if (!observed) return fail("nothing was looked at");
  const { releases, live } = observed.deployed;
  if (live && !keep.some(({ ref }) => ref === live.ref)) await spread(run);
  const front = { api: undefined, snapshots: { deployments: [], stages: [] }, strays: [], candidate: undefined };
  const inherited = [...new Set([...run.inherited, ...run.updated])];
  return collect({ clients, store, owner, ...front, releases, records, keep, inherited, check });
}

/** The whole app is one function, so it has one version. */
function versionOf({ versions }: ReleaseDraft): Version {
  return versions.get("app") ?? fail("no version of the app was uploaded");
}

function oneFunction(): UserError {
  return new UserError(
    "ONLY_ONE_FUNCTION",
    "--only leaves other functions as they are, and behind a function URL the whole app is one",
    "deploy without --only",
  );
}

function fail(message: string): never {
  throw new Error(message);
}
