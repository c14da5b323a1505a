/** What both Lambda fronts do alike in a run: prepare what functions need, move jobs, settle, wait, write records. */
import { inParallel } from "../parallel.ts";
import type { Candidate, Deployed, Live, Release, Removed, StoredData } from "../platform.ts";
import type { ReleaseRecord } from "../record.ts";
import type { LambdaDesiredState } from "./desired-state.ts";
import { type BucketState, countFiles, deleteFilesBucket, ensureFilesBucket } from "./files-bucket.ts";
import type { FunctionHost } from "./functions.ts";
import { countMessages, deleteQueues, ensureQueues } from "./job-queues.ts";
import { type FoundJobs, lookForAnyJobs, moveJobs, removeJobTriggers, settleJobs } from "./jobs.ts";
import { ensureLogGroup } from "./log-group.ts";
import { filesBucketName, type Place, recordKey, stageName } from "./names.ts";
import { isPreconditionFailed } from "./aws-error.ts";
import { statementTexts } from "./policy.ts";
import { removeAll } from "./removal.ts";
import { ensureRole, type Role } from "./role.ts";
import type { FoundRoles } from "./stage-roles.ts";
import { countEntries, deleteTable, ensureTable, type FoundTable } from "./table.ts";
import type { StoredObject, Store } from "./store.ts";
import { type LambdaTarget, concurrentChange } from "./target.ts";

/** The state of a run that both Lambda platforms share. */
export interface SharedRun extends LambdaTarget {
  readonly store: Store;
  observed?: {
    readonly deployed: Deployed;
    readonly entries: readonly StoredObject[];
    readonly roles: FoundRoles;
    readonly table: FoundTable | undefined;
    readonly files: BucketState | undefined;
  };
  /** As they were seen before the run changed them; the alias as it was moved last. */
  jobs?: FoundJobs | undefined;
  /** The release that takes the traffic, as far as this run knows. */
  current?: Release | undefined;
  /** The release with which shared parts are in step, once they are. */
  settled?: { readonly number: number; readonly done: Promise<void> };
  desired?: LambdaDesiredState;
  /** Roles and log group, once they are prepared. */
  host?: Promise<FunctionHost>;
  /** Epoch ms of the switch. */
  switched?: number;
  /** Of the lease: throws where this run was suspended so long that another may be at work. */
  requireLease: () => void;
}

/** The account and region of a run. */
export const placeOf = ({ account, clients }: Pick<SharedRun, "account" | "clients">): Place => ({
  account,
  region: clients.region,
});

/** Makes what functions need before they are uploaded: roles, table, bucket, queues, log group. Once in a run. */
export const prepare = (run: SharedRun, desired: LambdaDesiredState): Promise<FunctionHost> =>
  (run.host ??= prepareHost(run, desired));

async function prepareHost(run: SharedRun, desired: LambdaDesiredState): Promise<FunctionHost> {
  const { clients, owner, source, observed, requireLease } = run;
  const [roles] = await Promise.all([
    prepareRoles(run, desired),
    desired.table && ensureTable(clients, owner, desired.table, observed?.table),
    desired.files && ensureFilesBucket(clients, owner, placeOf(run), observed?.files),
    desired.jobs && ensureQueues(clients, owner, placeOf(run), run.jobs),
    ensureLogGroup(clients, owner, desired.logRetention),
  ]);
  const { assetsFunctionId } = source!.build;
  const liveAssets = observed?.deployed.live?.record?.functions.find((fn) => fn.function === assetsFunctionId)?.ref;
  return { clients, owner, roles, liveAssets, requireLease };
}

async function prepareRoles(
  { clients, owner, source, observed, requireLease }: SharedRun,
  { roles }: LambdaDesiredState,
): Promise<FunctionHost["roles"]> {
  const given = source!.build.manifest.app.lambda.role;
  const made = await inParallel(roles, 8, async (needed): Promise<readonly [string, Role]> => {
    requireLease();
    const seen = observed?.roles.needed.get(needed.name);
    return [needed.name, await ensureRole(clients, owner, needed, seen === "taken" ? undefined : seen)];
  });
  return new Map<string, Pick<Role, "arn" | "created">>([
    ...(given === undefined ? [] : [[given, { arn: given, created: 0 }] as const]),
    ...made,
  ]);
}

/**
 * The answer of a function that may not do yet what a role that was just made permits: IAM takes seconds to spread it
 * ("Changes that I make are not always immediately visible"). None where no such role is new.
 */
export async function unseenPermissionAnswers(
  { clients, host }: SharedRun,
  { roles }: LambdaDesiredState,
): Promise<NonNullable<Candidate["notReadyAnswers"]>> {
  const known = (await host)?.roles;
  const isNew = roles.some(({ name, policy }) => {
    const { created = 0 } = known?.get(name) ?? {};
    return clients.clock.now() - created < 60_000 && statementTexts(policy).length > 1;
  });
  return isNew ? [{ status: 500 }] : [];
}

/** The table of the stage's store, the bucket of its files, and the queues of its jobs, whatever the records say. */
export async function storedData(run: SharedRun): Promise<readonly StoredData[]> {
  const { clients, owner, observed } = run;
  const jobs = (run.jobs ??= await lookForAnyJobs({ ...run, place: placeOf(run) }));
  const table = observed?.table?.owner === "ours" ? [await countEntries(clients, owner)] : [];
  const hasBucket = observed?.files === "ours" || observed?.files === "empty";
  const bucket = hasBucket ? [await countFiles(clients, owner, placeOf(run))] : [];
  return [...table, ...bucket, ...(jobs ? await countMessages(clients, owner, placeOf(run), jobs) : [])];
}

/** Removes the queues of the stage's jobs, the bucket of its files and the table of its store, if that is wanted. */
async function removeData(run: SharedRun): Promise<readonly Removed[]> {
  const { clients, owner, observed, jobs } = run;
  const place = placeOf(run);
  const removed = [...(jobs ? await deleteQueues(clients, owner, place) : [])];
  if (observed?.files && (await deleteFilesBucket(clients, owner, place)))
    removed.push({ kind: "bucket", name: filesBucketName(owner, place) });
  if (observed?.table?.owner === "ours" && (await deleteTable(clients, owner, place)))
    removed.push({ kind: "table", name: stageName(owner) });
  return removed;
}

/** Removes everything but the front's own address; the lock goes last. */
export async function removeStageParts(run: SharedRun, withData: boolean): Promise<readonly Removed[]> {
  const { clients, store, owner, jobs } = run;
  return [
    ...(await removeJobTriggers(clients, owner, jobs)),
    ...(await removeAll(clients, store, owner)),
    ...(withData ? await removeData(run) : []),
  ];
}

/** Moves the jobs before the requests go to a newer release, and after they went back to an older one. */
export async function switchWithJobs(run: SharedRun, release: Release, switchRequests: () => Promise<Live>) {
  const move = async (): Promise<void> => {
    run.jobs = await moveJobs({ ...run, place: placeOf(run) }, release.record, run.jobs);
  };
  const isForward = release.number > (run.current?.number ?? 0);
  if (isForward) await move();
  const live = await switchRequests();
  run.current = live;
  if (!isForward) await move();
  return live;
}

/**
 * Before anything of a release that is not kept is deleted: nothing calls its jobs then. Its record, which tells a
 * later run that there were jobs, goes after their triggers.
 */
export async function settleCurrentJobs(run: SharedRun, [first]: readonly Release[]): Promise<void> {
  if (first && first.number === run.current?.number) await settleOnce(run, first);
}

/** Once for each release that takes the traffic. */
function settleOnce(run: SharedRun, release: Release): Promise<void> {
  const { number } = release;
  if (run.settled?.number !== number) run.settled = { number, done: settleShared(run, release) };
  return run.settled.done;
}

async function settleShared(run: SharedRun, { hash, record }: Release): Promise<void> {
  const { clients, desired, jobs } = run;
  if (desired && hash === desired.hash) await prepare(run, desired);
  if (!record) return;
  const roles = (await run.host)?.roles ?? new Map<string, never>();
  // IAM takes a while to know everywhere a role that was just made.
  const isFresh = (): boolean => [...roles.values()].some(({ created }) => clients.clock.now() - created < 120_000);
  await settleJobs({ ...run, place: placeOf(run) }, record, jobs, isFresh);
}

/** Names of the stage's roles that this run saw or made. */
export const knownRoles = ({ observed, desired }: SharedRun): readonly string[] => [
  ...(observed?.roles.all ?? []),
  ...(desired?.roles.map(({ name }) => name) ?? []),
];

/** Brings shared parts in step with the live release, and marks its record as live. */
export async function settleRelease(run: SharedRun, live: Live): Promise<Live> {
  const { store, owner } = run;
  await settleOnce(run, live);
  if (live.record?.state !== "candidate") return live;
  const record: ReleaseRecord = { ...live.record, state: "live" };
  await store.put(recordKey(owner, live.number), JSON.stringify(record));
  return { ...live, record };
}

/** Until the release before takes no request any more, wherever it comes in. */
export async function awaitPropagation({
  clients: { clock },
  switched,
  propagation = 5_000,
}: SharedRun): Promise<void> {
  const left = switched === undefined ? 0 : switched + propagation - clock.now();
  if (left > 0) await clock.sleep(left);
}

/**
 * Replaces only the policy that this run has read: a late call must not overwrite that of another run.
 */
export async function writeRecord({ store, owner, observed }: SharedRun, record: ReleaseRecord): Promise<void> {
  const key = recordKey(owner, record.number);
  const text = JSON.stringify(record);
  try {
    await store.put(key, text, observed?.entries.find((entry) => entry.key === key)?.etag ?? null);
  } catch (error) {
    if (!isPreconditionFailed(error)) throw error;
    // It is there when the answer to a put that took effect was lost.
    if ((await store.get(key))?.text !== text) throw concurrentChange(owner, error);
  }
}
