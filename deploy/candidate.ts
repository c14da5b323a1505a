/**
 * Makes the candidate of each cloud in turn: lock, upload, assemble, verify, smoke test. If one cloud refuses, the
 * candidates of the others are discarded.
 */
import { inParallel } from "./parallel.ts";
import type { Version } from "./parts.ts";
import { releaseLine } from "./plan.ts";
import type { Candidate, Deployed, DesiredFunction, Lease, UploadedRelease } from "./platform.ts";
import { toRecord } from "./record-creation.ts";
import {
  abandonLease,
  onCloud,
  type PlannedRelease,
  type ReadyRelease,
  requestOptions,
  type RunOptions,
} from "./run.ts";
import { requireSmokeTest, smokeRequests } from "./smoke-test.ts";

// Lambda's control plane takes 15 calls a second; more at once only wait ("Lambda quotas").
const uploadsAtOnce = 8;

/** One cloud after the other: when one refuses, the next is not tried, and earlier candidates are discarded. */
export async function makeCandidates(
  planned: readonly PlannedRelease[],
  run: RunOptions,
): Promise<readonly ReadyRelease[]> {
  const readies: ReadyRelease[] = [];
  try {
    for (const one of planned) readies.push(await onCloud(run, one.platform, () => makeCandidate(one, run)));
  } catch (error) {
    for (const ready of readies)
      await (ready.candidate ? discard(ready, ready.candidate, ready.lease) : abandonLease(ready.lease));
    throw error;
  }
  return readies;
}

/**
 * Throws UserError SMOKE_FAILED, PROBE_FAILED, CANDIDATE_DIFFERS, LOCKED, MOVED: the live release is untouched then.
 */
async function makeCandidate<F extends DesiredFunction>(
  planned: PlannedRelease<F>,
  run: RunOptions,
): Promise<ReadyRelease<F>> {
  const { platform, deployed, plan } = planned;
  const line = releaseLine(plan);
  const missing = missingFunctions(planned);
  const lease = await platform.records.lock(
    { command: "deploy", release: plan.release, functions: missing.map(({ id }) => id) },
    deployed,
  );
  if (lease.isExclusive) run.onProgress({ step: "lock" }, platform);
  let candidate: Candidate | undefined;
  try {
    await run.schema?.contract(plan.release);
    if (line?.action === "keep") {
      await run.schema?.expand(plan.release);
      return { ...planned, lease };
    }
    const release = await prepare(planned, run, missing, line?.action === "update");
    const assembled = await platform.assemble(release);
    candidate = assembled;
    run.onProgress({ step: "assemble", release: candidate.number }, platform);
    run.checkpoint();
    await run.schema?.expand(plan.release);
    await assembled.verify(changedVersions(deployed, release.versions));
    await requireSmokeTest(candidate, run.smoke, deployed.live?.number, requestOptions(run));
    run.onProgress({ step: "smoke", checks: smokeRequests(run.smoke).length }, platform);
    run.checkpoint();
    return { ...planned, lease, candidate };
  } catch (error) {
    if (candidate) await discard(planned, candidate, lease);
    else await abandonLease(lease);
    throw error;
  }
}

/** Removes a candidate's address; its uploads stay for the next deploy, listed in the candidate's record. */
export async function discard(
  { platform, deployed }: PlannedRelease,
  candidate: Candidate,
  lease: Lease,
): Promise<void> {
  try {
    await platform.collect([...deployed.releases, candidate]);
    await lease.end(true);
  } catch {
    // The first failure is reported; the next plan lists what remains.
    await abandonLease(lease);
  }
}

/** Uploads the missing functions and writes the record of the release to assemble. */
async function prepare<F extends DesiredFunction>(
  planned: PlannedRelease<F>,
  run: RunOptions,
  missing: readonly F[],
  isAssembled: boolean,
): Promise<UploadedRelease<F>> {
  const { desired, deployed, plan } = planned;
  const versions = await uploadAll(planned, run, missing);
  run.checkpoint();
  const assembled = isAssembled ? deployed.releases.at(-1) : undefined;
  const record = toRecord(planned, run, versions, assembled?.record);
  return { desired, number: plan.release, versions, record, ...(assembled && { assembled }) };
}

/**
 * Existing versions by key: of the live release, of any kept one, of an interrupted run's record.
 */
function knownVersions({ parts }: Deployed): ReadonlyMap<string, Version> {
  const all = parts.flatMap(({ kind, version, versions = [] }) =>
    kind === "function" ? [...versions, ...(version ? [version] : [])] : [],
  );
  return new Map(all.map((version) => [`${version.function}\n${version.key}`, version]));
}

function missingFunctions<F extends DesiredFunction>({ desired, deployed }: PlannedRelease<F>): readonly F[] {
  const known = knownVersions(deployed);
  return desired.functions.filter(({ id, key }) => !known.has(`${id}\n${key}`));
}

/** Uploads the missing functions; the others keep their existing versions. */
async function uploadAll<F extends DesiredFunction>(
  { platform, desired, deployed }: PlannedRelease<F>,
  { onProgress, checkpoint }: RunOptions,
  missing: readonly F[],
): Promise<ReadonlyMap<string, Version>> {
  const known = knownVersions(deployed);
  const versions = new Map<string, Version>();
  for (const { id, key } of desired.functions) {
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

/** Versions that the live release does not have: they were never invoked. */
function changedVersions({ live }: Deployed, versions: ReadonlyMap<string, Version>): readonly Version[] {
  const before = new Set(live?.record?.functions.map(({ ref }) => ref));
  return [...versions.values()].filter(({ ref }) => !before.has(ref));
}
