/** Reads what an app has at a stage behind an HTTP API; the release that the stage `$default` points to is live. */
import { GetFunctionCommand } from "@aws-sdk/client-lambda";
import { type DeployedPart, digest, type Owner } from "../../parts.ts";
import { inParallel } from "../../parallel.ts";
import type { LockOwner } from "../../lock-owner.ts";
import type { Deployed, Leftover, Live, Release } from "../../platform.ts";
import type { ReleaseRecord } from "../../record.ts";
import { type ApiHandle, findApi } from "./api.ts";
import type { Clients } from "../clients.ts";
import { invokePart } from "../desired-parts.ts";
import { lookForFiles } from "../files-bucket.ts";
import { readLock } from "../lease.ts";
import { findFunctions } from "../function-list.ts";
import { findLogGroup } from "../log-group.ts";
import { candidatePrefix, functionName, isOurs, type Place, recordPrefix, stageName } from "../names.ts";
import { functionParts, findInterrupted, readRecords, recordedLeftovers, requireFront } from "../records.ts";
import { isMissing } from "../aws-error.ts";
import { findRoles } from "../stage-roles.ts";
import { jobLeftovers, lookForJobs } from "../jobs.ts";
import { type FoundResources, resourceParts, type StageNeeds, takenResources } from "../stage-resources.ts";
import { lookForTable } from "../stage-table.ts";
import { readSnapshots, type Snapshot, type Snapshots, toSnapshots } from "./snapshots.ts";
import type { StoredObject, Store } from "../store.ts";

/** The app's stage, and the functions of its next release. */
export interface ObservationInput {
  readonly clients: Clients;
  readonly store: Store;
  readonly owner: Owner;
  readonly keep: number;
  readonly lockOwner: LockOwner;
  readonly place: Place;
  /** What the next release needs beside its functions; absent without a build. */
  readonly needed?: StageNeeds | undefined;
  /** Ids of the functions that the next release has: those that the live one does not have are looked for. */
  readonly wanted: readonly string[];
}

/** The deployed state, with the inputs of later steps. */
export interface Observation extends FoundResources {
  readonly deployed: Deployed;
  readonly api: ApiHandle | undefined;
  readonly snapshots: Snapshots;
  /** By number, including records without a snapshot. */
  readonly records: ReadonlyMap<number, ReleaseRecord>;
  /** Second snapshots of a number, which a run created after it was suspended. */
  readonly strays: readonly Snapshot[];
  /** Where they are, and in which state. */
  readonly entries: readonly StoredObject[];
  readonly hasBucket: boolean;
}

/** The state that changes with every deploy, rollback or removal; cheap enough to read twice. */
export interface ReleaseState {
  readonly api: ApiHandle | undefined;
  readonly lookalikes: readonly string[];
  readonly snapshots: Snapshots;
  readonly entries: readonly StoredObject[];
  readonly hasBucket: boolean;
  readonly fingerprint: string;
}

/** Two rounds of calls, each of them at once. */
export async function observe(input: ObservationInput): Promise<Observation> {
  const { clients, store, owner, keep, lockOwner, wanted, place, needed } = input;
  const listed = store.list(recordPrefix(owner));
  const jobsOf = lookForJobs({ clients, owner, place, needed: needed && (needed.jobs ?? null) });
  const [roles, table, files, logs, lock, state, records] = await Promise.all([
    findRoles(clients, owner, needed?.roles),
    lookForTable(clients, owner, place, needed),
    lookForFiles(clients, owner, place, needed),
    findLogGroup(clients, owner),
    readLock(store, owner),
    readReleaseState({ clients, store, owner, listed }),
    // Beside stages and snapshots, for which the API must be known first.
    listed.then((entries) => readRecords(store, entries ?? [])),
  ]);
  requireFront(records, "http-api", owner);
  const found = { roles, table, files, jobs: await jobsOf(records) };
  const { releases, strays, live } = toReleases(state, records);
  const functions = functionParts(records, live?.record);
  const known = new Set(functions.map(({ name }) => name));
  const unknown = wanted.filter((id) => !known.has(id));
  const foreign = live?.record
    ? await findForeignFunctions(clients, owner, unknown)
    : (await findFunctions(clients, owner)).others;
  const parts = [
    ...resourceParts(input, { ...found, logs }, live?.record, needed),
    ...(state.api ? [{ kind: "api" as const, name: stageName(owner), key: "http-api" }] : []),
    ...functions,
    ...routeParts(owner, live?.record),
  ];
  const taken: Deployed["taken"] = [
    ...takenResources(input, found),
    ...foreign.map((name) => ({ kind: "function" as const, name })),
    ...state.lookalikes.map((id) => ({ kind: "api" as const, name: `${stageName(owner)} (${id})` })),
  ];
  const numbers = toSnapshots(state.snapshots.deployments).map(({ number }) => number);
  const interrupted = await findInterrupted(lock, lockOwner);
  const recorded = recordedLeftovers({ records, releases, live, interrupted, keep, lost: "its snapshot is gone" });
  const leftovers = [...stageLeftovers(state, strays), ...jobLeftovers(owner, found.jobs, live), ...recorded];
  return {
    api: state.api,
    snapshots: state.snapshots,
    records,
    strays,
    entries: state.entries,
    hasBucket: state.hasBucket,
    ...found,
    deployed: {
      parts,
      releases,
      ...(live && { live }),
      leftovers,
      ...(interrupted && { interrupted }),
      taken,
      fingerprint: state.fingerprint,
      lastNumber: Math.max(0, ...records.keys(), ...numbers),
    },
  };
}

interface ReleaseStateInput extends Pick<ObservationInput, "clients" | "store" | "owner"> {
  readonly api?: ApiHandle;
  /** The records, when somebody reads them anyway. */
  readonly listed?: ReturnType<Store["list"]>;
}

/** One round of calls when the API is known, else two. */
export async function readReleaseState({
  clients,
  store,
  owner,
  api,
  listed = store.list(recordPrefix(owner)),
}: ReleaseStateInput): Promise<ReleaseState> {
  const [front, list] = await Promise.all([readApiState(clients, owner, api), listed]);
  const { found, lookalikes, snapshots } = front;
  const entries = list ?? [];
  const fingerprint = fingerprintOf(found, snapshots, entries);
  return { api: found, lookalikes, snapshots, entries, hasBucket: list !== undefined, fingerprint };
}

async function readApiState(clients: Clients, owner: Owner, api: ApiHandle | undefined) {
  const { found, lookalikes } = api ? { found: api, lookalikes: [] } : await findApi(clients, owner);
  return {
    found,
    lookalikes,
    snapshots: found ? await readSnapshots(clients, found.id) : { deployments: [], stages: [] },
  };
}

function fingerprintOf(
  api: ApiHandle | undefined,
  { deployments, stages }: Snapshots,
  entries: readonly StoredObject[],
): string {
  const frozen = deployments
    .map(({ DeploymentId, DeploymentStatus }) => `${DeploymentId} ${DeploymentStatus}`)
    .toSorted();
  const pointing = stages.map(({ StageName, DeploymentId }) => `${StageName} ${DeploymentId}`).toSorted();
  return digest([api?.id, frozen, pointing, entries.map(({ key, etag }) => [key, etag])]);
}

function toReleases(
  { api, snapshots }: ReleaseState,
  records: ReadonlyMap<number, ReleaseRecord>,
): { releases: readonly Release[]; strays: readonly Snapshot[]; live?: Live } {
  const serving = snapshots.stages.find(({ StageName }) => StageName === "$default")?.DeploymentId;
  const twins = Map.groupBy(toSnapshots(snapshots.deployments), ({ number }) => number);
  const releases = [...twins.values()].map((same): Release => {
    const record = records.get(same[0]!.number);
    const snapshot = same.find(({ ref }) => ref === serving) ?? same.find(({ ref }) => ref === record?.ref) ?? same[0]!;
    return { ...snapshot, ...(record?.ref === snapshot.ref && { record }) };
  });
  const strays = [...twins.values()].flat().filter(({ ref }) => !releases.some((release) => release.ref === ref));
  const release = releases.find(({ ref }) => ref === serving);
  return { releases, strays, ...(release && api && { live: { ...release, url: `${api.endpoint}/` } }) };
}

function routeParts(owner: Owner, record: ReleaseRecord | undefined): readonly DeployedPart[] {
  if (!record) return [];
  const called = [...new Set(record.routes.map((route) => route.function))];
  return [
    invokePart(owner, called),
    ...record.routes.map(({ key, function: id }) => ({ kind: "route" as const, name: key, key: id })),
  ];
}

/**
 * Names that the next release wants and somebody else has: one call for each, where reading all functions of the
 * account takes more.
 */
async function findForeignFunctions(
  { lambda }: Clients,
  owner: Owner,
  ids: readonly string[],
): Promise<readonly string[]> {
  const found = await inParallel(ids, 16, async (id): Promise<readonly string[]> => {
    const FunctionName = functionName(owner, id);
    try {
      const { Tags } = await lambda.send(new GetFunctionCommand({ FunctionName }));
      return isOurs(owner, Tags) ? [] : [FunctionName];
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  });
  return found.flat();
}

/** Candidates' addresses, and second snapshots of a number. */
function stageLeftovers({ snapshots }: ReleaseState, strays: readonly Snapshot[]): readonly Leftover[] {
  const stages = snapshots.stages.flatMap(({ StageName = "" }): readonly Leftover[] =>
    StageName.startsWith(candidatePrefix) ? [{ kind: "stage", name: StageName, reason: "a candidate's address" }] : [],
  );
  const late = strays.map(({ number, ref }): Leftover => ({
    kind: "release",
    name: `${number} (${ref})`,
    reason: "made late, a second one",
  }));
  return [...stages, ...late];
}
