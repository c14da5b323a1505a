/** Makes a candidate of a plan: lock, upload, assemble, verify, smoke; a plan in, a release that answers at a secret address out. */
import { systemClock } from "./clock.ts";
import { inParallel } from "./parallel.ts";
import { type Plan, releaseLine } from "./plan.ts";
import type {
  Candidate,
  Deployed,
  Draft,
  FunctionDraft,
  Kind,
  Lease,
  Platform,
  Release,
  ReleaseDraft,
  Removed,
  Live,
  Version,
} from "./platform.ts";
import type { RecordedFunction, ReleaseRecord } from "./record.ts";
import { type Asking, type SmokeCheck, requireSmoke, toAsk } from "./smoke.ts";

/** A step that is done. */
export type Progress =
  | { readonly step: "lock" }
  | { readonly step: "upload"; readonly version: Version; readonly done: number; readonly total: number }
  | { readonly step: "assemble"; readonly release: number }
  | { readonly step: "smoke"; readonly checks: number }
  | { readonly step: "promote"; readonly live: Live }
  | { readonly step: "canary"; readonly release: number; readonly percentage: number }
  | { readonly step: "collect"; readonly removed: readonly Removed[] };

/** One cloud, looked at and planned for. */
export interface Planned<F extends FunctionDraft = FunctionDraft> {
  readonly platform: Platform<F>;
  readonly deployed: Deployed;
  readonly draft: Draft<F>;
  readonly plan: Plan;
}

/** What every step of a run needs to know. */
export interface Run {
  readonly smoke: readonly SmokeCheck[];
  readonly message?: string;
  readonly commit?: string;
  /** Epoch ms. */
  readonly now: () => number;
  /** Default the machine's. */
  readonly sleep?: (milliseconds: number) => Promise<void>;
  readonly onProgress: (progress: Progress, platform: Platform) => void;
  /** Called between two steps; throws when the user asked to stop. */
  readonly checkpoint: () => void;
}

/** A candidate, and the lock under which it was made. */
export interface Ready<F extends FunctionDraft = FunctionDraft> extends Planned<F> {
  readonly lease: Lease;
  /** Missing when the live release stays and only leftovers are cleared. */
  readonly candidate?: Candidate;
}

/** How a candidate is asked. */
export const askingOf = ({ sleep = systemClock.sleep }: Pick<Run, "sleep">): Asking => ({ sleep });

// Lambda's control plane takes 15 calls a second; more at once only wait (facts/aws.md section 1.3).
const uploadsAtOnce = 8;

/** One after the other: what the first cloud refuses is not tried on the next. */
export async function makeCandidates(planned: readonly Planned[], run: Run): Promise<readonly Ready[]> {
  const readies: Ready[] = [];
  try {
    for (const one of planned) readies.push(await makeCandidate(one, run));
  } catch (error) {
    for (const ready of readies) await (ready.candidate ? discard(ready, ready.candidate, ready.lease) : giveUp(ready.lease));
    throw error;
  }
  return readies;
}

/** Throws UserError SMOKE_FAILED, PROBE_FAILED, CANDIDATE_DIFFERS, LOCKED, MOVED: the live release is untouched then. */
async function makeCandidate<F extends FunctionDraft>(planned: Planned<F>, run: Run): Promise<Ready<F>> {
  const { platform, deployed, plan } = planned;
  const line = releaseLine(plan);
  const missing = missingFunctions(planned);
  const lease = await platform.lock({ command: "deploy", release: plan.release, functions: missing.map(({ id }) => id) }, deployed);
  if (platform.locks) run.onProgress({ step: "lock" }, platform);
  if (line?.action === "keep") return { ...planned, lease };
  let candidate: Candidate | undefined;
  try {
    const release = await prepare(planned, run, missing, line?.action === "update");
    candidate = await platform.assemble(release);
    run.onProgress({ step: "assemble", release: candidate.number }, platform);
    run.checkpoint();
    await platform.verify(candidate, release, changedVersions(deployed, release.versions));
    await requireSmoke(candidate, run.smoke, deployed.live?.number, askingOf(run));
    run.onProgress({ step: "smoke", checks: toAsk(run.smoke).length }, platform);
    run.checkpoint();
    return { ...planned, lease, candidate };
  } catch (error) {
    if (candidate) await discard(planned, candidate, lease);
    else await giveUp(lease);
    throw error;
  }
}

/** A candidate's address goes away; what was uploaded stays for the next try, named by the candidate's record. */
export async function discard({ platform, deployed }: Planned, candidate: Candidate, lease: Lease): Promise<void> {
  try {
    await platform.collect([...deployed.releases, candidate]);
    await lease.end(true);
  } catch {
    // The failure that led here is the one to tell; the next plan has a line for what stays behind.
    await giveUp(lease);
  }
}

/** A lease that cannot be ended ends by itself; the failure that led here is the one to tell. */
export const giveUp = (lease: Lease): Promise<void> => lease.end(false).catch(() => undefined);

/** Everything uploaded, and the record of what will be assembled. */
async function prepare<F extends FunctionDraft>(
  planned: Planned<F>,
  run: Run,
  missing: readonly F[],
  isAssembled: boolean,
): Promise<ReleaseDraft<F>> {
  const { draft, deployed, plan } = planned;
  const versions = await uploadAll(planned, run, missing);
  run.checkpoint();
  const assembled = isAssembled ? deployed.releases.at(-1) : undefined;
  const record = toRecord(planned, run, versions);
  return { draft, number: plan.release, versions, record, ...(assembled && { assembled }) };
}

/** The versions that are there already, by key: of the live release, of any kept one, of an interrupted run's record. */
function knownVersions({ parts }: Deployed): ReadonlyMap<string, Version> {
  const all = parts.flatMap(({ kind, version, versions = [] }) =>
    kind === "function" ? [...versions, ...(version ? [version] : [])] : [],
  );
  return new Map(all.map((version) => [`${version.function}\n${version.key}`, version]));
}

function missingFunctions<F extends FunctionDraft>({ draft, deployed }: Planned<F>): readonly F[] {
  const known = knownVersions(deployed);
  return draft.functions.filter(({ id, key }) => !known.has(`${id}\n${key}`));
}

/** Uploads what is not there; the others keep the version they have. */
async function uploadAll<F extends FunctionDraft>(
  { platform, draft, deployed }: Planned<F>,
  { onProgress, checkpoint }: Run,
  missing: readonly F[],
): Promise<ReadonlyMap<string, Version>> {
  const known = knownVersions(deployed);
  const versions = new Map<string, Version>();
  for (const { id, key } of draft.functions) {
    const version = known.get(`${id}\n${key}`);
    if (version) versions.set(id, version);
  }
  let done = 0;
  await inParallel(missing, uploadsAtOnce, async (fn) => {
    checkpoint();
    const version = await platform.upload(fn);
    versions.set(fn.id, version);
    done += 1;
    onProgress({ step: "upload", version, done, total: missing.length }, platform);
  });
  return versions;
}

/** What the live release does not have: these were never asked anything. */
function changedVersions({ live }: Deployed, versions: ReadonlyMap<string, Version>): readonly Version[] {
  const before = new Set(live?.record?.functions.map(({ ref }) => ref));
  return [...versions.values()].filter(({ ref }) => !before.has(ref));
}

function toRecord<F extends FunctionDraft>({ draft, plan }: Planned<F>, run: Run, versions: ReadonlyMap<string, Version>): ReleaseRecord {
  const { app, stage, hash, routes, assets, secrets, parts } = draft;
  const functions = parts.flatMap(({ kind, name, bytes = 0, facts = [] }): readonly RecordedFunction[] => {
    const version = kind === "function" ? versions.get(name) : undefined;
    return version ? [{ ...version, bytes, facts }] : [];
  });
  return {
    schemaVersion: 1,
    ...{ app, stage, number: plan.release, hash, state: "candidate" as const },
    ...(run.message !== undefined && { message: run.message }),
    ...(run.commit !== undefined && { commit: run.commit }),
    created: new Date(run.now()).toISOString(),
    changes: changesText(plan),
    functions,
    routes,
    // Those of its own carry no number yet.
    assets: assets.map((asset) => (asset.release ? asset : { ...asset, release: plan.release })),
    secrets,
    parts: Object.fromEntries(
      parts.filter(({ kind }) => kind !== "function" && kind !== "route").map(({ kind, name, key }) => [`${kind} ${name}`, key]),
    ),
  };
}

/** Kinds whose own names are no words for people. */
const words: Partial<Record<Kind, string>> = { logs: "log group", api: "API", url: "URL", worker: "Worker" };

/** `3 functions, 1 route`: how much of each kind is other than before. */
export function changesText({ changes }: Plan): string {
  const moved = changes.filter(({ action, kind }) => action !== "keep" && kind !== "release");
  const counts = [...Map.groupBy(moved, ({ kind }) => kind)].map(([kind, { length }]) => {
    const word = words[kind] ?? kind;
    return `${length} ${word}${length === 1 || kind === "assets" ? "" : "s"}`;
  });
  return counts.join(", ") || "nothing";
}

/** The releases that stay: the live one, then those that took traffic before, newest first; a release that never did is not kept. */
export function keptReleases(live: Release, releases: readonly Release[], keep: number): readonly Release[] {
  // A record is written before the switch: a release without one never took traffic, or somebody deleted it to have it forgotten.
  const others = releases.filter(({ number, record }) => number !== live.number && record?.state === "live");
  return [live, ...others.toReversed().slice(0, keep - 1)];
}
