/** A Cloudflare Worker as a Platform: a client, an app's build and whose it is in; the verbs of a release out. */
import type { WorkersApp } from "../../framework/model/app.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { keptReleases } from "../candidate.ts";
import type { Owner } from "../owner.ts";
import type { Candidate, Deployed, FunctionDraft, Lease, Live, Platform, Release, ReleaseDraft, Removed } from "../platform.ts";
import type { Client } from "./client.ts";
import { deployShares, hasShares, moved, requireDeployment } from "./deployments.ts";
import { draftRelease, type DraftValues, type WorkersDraft } from "./draft.ts";
import { addFronts, liveUrl, removeFronts, setWorkersDev, wantsWorkersDev, workersDevUrl } from "./fronts.ts";
import { overrideHeaders, ownerTags, placeholderTag, scriptName } from "./names.ts";
import { glanceAt, observe, type Observed } from "./observe.ts";
import { putPlaceholder } from "./placeholder.ts";
import { probe } from "./probe.ts";
import type { WorkersBuild } from "./read-build.ts";
import { removeAll } from "./remove.ts";
import { type Deployment, findScript, type Share } from "./script.ts";
import { proofOf } from "./proof.ts";
import { readWhole, recordOf, toModule } from "./version-record.ts";
import { untried } from "./untried.ts";
import { prepareVersion, uploadVersion } from "./versions.ts";

/** What a release is made of; without it only what is there already can be promoted or removed. */
export interface WorkersSource {
  readonly build: WorkersBuild;
  readonly values: () => Promise<DraftValues>;
  /** Throws when the Worker does not start, or not in time; called before anything is written. */
  readonly tryStart?: () => Promise<void>;
}

/** Whose and where. */
export interface WorkersTarget {
  readonly client: Client;
  readonly owner: Owner;
  readonly keep: number;
  readonly source?: WorkersSource;
}

/** What a run learns on its way: a platform is made for one run. */
interface Run extends WorkersTarget {
  readonly script: string;
  observed?: Observed;
  values?: DraftValues;
  draft?: WorkersDraft;
  /** The live deployment, as this run saw or made it last. */
  deployment?: Deployment;
  /** What had the traffic before this run: the placeholder before a first release. */
  base?: string;
  /** Root URL at workers.dev. */
  workersDev?: string | undefined;
  /** Calls for one script never go side by side: the second would be refused (10035). */
  queue: Promise<unknown>;
}

/** Make one for each run. Throws UserError NAME_TOO_LONG. */
export function createWorkersPlatform(target: WorkersTarget): Platform<FunctionDraft> {
  const run: Run = { ...target, script: scriptName(target.owner), queue: Promise.resolve() };
  return {
    splits: true,
    observe: () => look(run),
    draft: (deployed) => toDraft(run, deployed),
    lock: (_intent, seen) => lock(run, seen),
    upload: () => fail("the functions of a Worker are uploaded with it"),
    assemble: (release) => inTurn(run, () => assemble(run, release)),
    verify: (candidate) => verify(run, candidate),
    promote: (release, percentage) => inTurn(run, () => promote(run, release, percentage)),
    withdraw: () => inTurn(run, () => withdraw(run)),
    settle: (live) => inTurn(run, () => settle(run, live)),
    collect: () => inTurn(run, () => collect(run)),
    remove: () => inTurn(run, () => removeAll(run.client, run.owner)),
  };
}

function inTurn<T>(run: Run, work: () => Promise<T>): Promise<T> {
  const turn = run.queue.then(work);
  run.queue = turn.catch(() => undefined);
  return turn;
}

const requireObserved = ({ observed }: Run): Observed => observed ?? fail("nothing was looked at");
const wantedOf = ({ source }: Pick<Run, "source">): WorkersApp | undefined => source?.build.manifest.app.workers;

async function look(run: Run): Promise<Deployed> {
  const { client, owner, keep, source } = run;
  const wanted = wantedOf(run);
  const [observed, values] = await Promise.all([observe({ client, owner, keep, ...(wanted && { wanted }) }), source?.values()]);
  note(run, observed.glance.deployment);
  Object.assign(run, { observed, ...(values && { values }) });
  return observed.deployed;
}

/** The version with the most traffic is what a candidate stands beside. */
function note(run: Run, deployment: Deployment | undefined): void {
  delete run.base;
  delete run.deployment;
  const [main] = deployment?.versions.toSorted((one, other) => other.percentage - one.percentage) ?? [];
  Object.assign(run, { ...(deployment && { deployment }), ...(main && { base: main.version_id }) });
}

function toDraft(run: Run, deployed: Deployed): WorkersDraft {
  const { source, values } = run;
  if (!source || !values) return fail("a draft needs a build and a look at the cloud");
  run.draft = draftRelease(source.build, values, requireObserved(run).stored, deployed);
  return run.draft;
}

/** There is none to take: the live deployment is looked at again, here and just before the traffic moves. */
async function lock(run: Run, seen: Deployed): Promise<Lease> {
  const { client, owner, script } = run;
  const { fingerprint, deployment } = await glanceAt({ client, owner });
  if (fingerprint !== seen.fingerprint) throw moved(script);
  note(run, deployment);
  return {
    hold: () => requireDeployment(client, script, run.deployment?.id),
    end: () => Promise.resolve(),
  };
}

async function assemble(run: Run, release: ReleaseDraft): Promise<Candidate> {
  const { client, script, source, draft } = run;
  const observed = requireObserved(run);
  if (!source || !draft) return fail("a release needs a build");
  const { workers } = source.build.manifest.app;
  if (!release.assembled) await source.tryStart?.();
  const { live, releases } = observed.deployed;
  const before = live ? keptReleases(live, releases, run.keep).map(({ number }) => number) : [];
  const upload = { client, script, build: source.build, draft, release, stored: observed.stored, before, liveUrl: live?.url };
  const prepared = release.assembled ? undefined : await prepareVersion(upload);
  const isNew = !observed.glance.script;
  if (isNew) await makeScript(run, workers);
  await addFronts(client, script, workers, isNew ? { ...observed.fronts, workersDev: wantsWorkersDev(workers) } : observed.fronts);
  const ref = release.assembled?.ref ?? (await uploadVersion(upload, prepared!)).id;
  const url = await candidateUrl(run, workers);
  // An upload takes its time; a candidate's place beside what was live before would give the traffic back to that.
  await requireDeployment(client, script, run.deployment?.id);
  await share(run, besides(run, ref, 0), `candidate of release ${release.number}`);
  const record = recordOf(readWhole(toModule(release.record, draft), ref));
  const reach = { url, headers: overrideHeaders(script, ref), proof: proofOf(ref, draft.files) };
  return { number: release.number, hash: draft.hash, ref, record, ...reach };
}

/** A first release stands beside a placeholder that says 503; beside what somebody else released since, it has no business. */
async function makeScript(run: Run, workers: WorkersApp): Promise<void> {
  const { client, owner, script } = run;
  // Files were uploaded since it was looked.
  if (await findScript(client, script)) throw moved(script);
  await putPlaceholder(client, owner, workers.compatibilityDate);
  await setWorkersDev(client, script, wantsWorkersDev(workers));
  const { deployment, versions } = await glanceAt({ client, owner });
  note(run, deployment);
  const base = versions.find(({ id }) => id === run.base);
  if (base?.annotations?.["workers/tag"] !== placeholderTag) throw moved(script);
}

/** workers.dev where it is on: no zone's rules stand before it. Without a slash at its end; empty when there is no address at all. */
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

/** One version with a part of the traffic, the rest where most of it is. */
function besides(run: Run, ref: string, percentage: number): readonly Share[] {
  const base = run.base ?? fail("a candidate stands beside a version that has the traffic");
  if (base === ref) return [{ version_id: ref, percentage: 100 }];
  return [
    { version_id: base, percentage: 100 - percentage },
    { version_id: ref, percentage },
  ];
}

async function share(run: Run, shares: readonly Share[], message: string): Promise<void> {
  if (run.deployment && hasShares(run.deployment, shares)) return;
  run.deployment = await deployShares(run.client, run.script, shares, message);
}

/** Without an address nobody can ask. */
async function verify(run: Run, candidate: Candidate): Promise<void> {
  const { client, source, draft } = run;
  if (candidate.url === "" || !source || !draft) return;
  const names = new Set(untried(requireObserved(run).deployed.parts, draft.parts));
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
  if (run.deployment && !hasShares(run.deployment, shares)) throw overtaken(release);
  return { number, hash, ref, ...(record && { record }), url: rootUrl(run) };
}

/** The app's address as people know it. */
function rootUrl({ workersDev, observed, ...run }: Run): string {
  const workers = wantedOf(run);
  const known = workersDev ?? observed?.workersDev;
  return workers ? liveUrl(workers, wantsWorkersDev(workers) ? known : undefined) : (observed?.deployed.live?.url ?? known ?? "");
}

function overtaken({ number }: Release): UserError {
  return new UserError(
    "SWITCH_OVERTAKEN",
    `release ${number} was switched to, and the traffic goes elsewhere now: another deployer moved it in the same moment`,
    "look at portico releases, and promote the one that should be live",
  );
}

async function withdraw(run: Run): Promise<void> {
  if (run.base !== undefined) await share(run, [{ version_id: run.base, percentage: 100 }], "withdrawn");
}

/** What all releases share, exactly as the live one wants it. */
async function settle(run: Run, live: Live): Promise<Live> {
  const { client, script, draft, observed } = run;
  const workers = wantedOf(run);
  if (draft && observed && workers && live.hash === draft.hash) {
    await removeFronts(client, script, workers, observed.fronts);
    if (observed.glance.script && observed.glance.script.observability?.enabled !== true) await settleScript(run);
  }
  return live.record ? { ...live, record: { ...live.record, state: "live" } } : live;
}

async function settleScript({ client, script, owner }: Run): Promise<void> {
  const path = `/workers/scripts/${script}/script-settings`;
  const json = { observability: { enabled: true }, tags: ownerTags(owner) };
  await client.call({ operation: "patchScriptSettings", method: "PATCH", path, json });
}

/** A candidate's place is taken away; versions are left: they cost nothing, and Cloudflare forgets all but the last hundred. */
async function collect(run: Run): Promise<readonly Removed[]> {
  const [candidate, ...more] = (run.deployment?.versions ?? []).filter(({ percentage }) => percentage === 0);
  if (!candidate || more.length || run.base === undefined) return [];
  await share(run, [{ version_id: run.base, percentage: 100 }], "without a candidate");
  const version = run.observed?.deployed.releases.find(({ ref }) => ref === candidate.version_id);
  return [{ kind: "stage", name: version ? `candidate ${version.number}` : "candidate" }];
}

function fail(message: string): never {
  throw new Error(message);
}
