/** What an app has at a stage on AWS: reading calls in, parts, releases and leftovers out. Live is what the stage points to, never what a record says. */
import { GetFunctionCommand } from "@aws-sdk/client-lambda";
import { inParallel } from "../parallel.ts";
import type { Holder } from "../holder.ts";
import type { Deployed, DeployedPart, Leftover, Live, Release } from "../platform.ts";
import type { ReleaseRecord } from "../record.ts";
import { type ApiHandle, findApi } from "./api.ts";
import type { Clients } from "./clients.ts";
import { digest, invokePart } from "./draft.ts";
import { readLock } from "./lease.ts";
import { findFunctions } from "./find-functions.ts";
import { findLogGroup } from "./log-group.ts";
import { candidatePrefix, functionName, isOurs, type Owner, recordPrefix, stageName } from "./names.ts";
import { functionParts, interruption, readRecords, recordedLeftovers, refuseFront } from "./recorded.ts";
import { isMissing } from "./retry.ts";
import { deployedRole, findRole } from "./role.ts";
import { readSnapshots, type Snapshot, type Snapshots, toSnapshots } from "./snapshots.ts";
import type { Entry, Store } from "./store.ts";

/** Whose, where, and what would be made. */
export interface Observing {
  readonly clients: Clients;
  readonly store: Store;
  readonly owner: Owner;
  readonly keep: number;
  readonly holder: Holder;
  /** Ids of the functions that the next release has: those that the live one does not have are looked for. */
  readonly wanted: readonly string[];
}

/** What is deployed, and what later steps need of it. */
export interface Observed {
  readonly deployed: Deployed;
  readonly api: ApiHandle | undefined;
  readonly snapshots: Snapshots;
  /** By number; those whose snapshot is gone among them. */
  readonly records: ReadonlyMap<number, ReleaseRecord>;
  /** Second snapshots of a number, which a run that stood still made late. */
  readonly strays: readonly Snapshot[];
  /** Where they are, and in which state. */
  readonly entries: readonly Entry[];
  readonly hasBucket: boolean;
  /** The role's, as it is. */
  readonly policy: string | undefined;
}

/** The part of it that moves when anybody deploys, rolls back or removes: cheap enough to look at twice. */
export interface Glance {
  readonly api: ApiHandle | undefined;
  readonly lookalikes: readonly string[];
  readonly snapshots: Snapshots;
  readonly entries: readonly Entry[];
  readonly hasBucket: boolean;
  readonly fingerprint: string;
}

/** Two rounds of calls, each of them at once. */
export async function observe({ clients, store, owner, keep, holder, wanted }: Observing): Promise<Observed> {
  const listed = store.list(recordPrefix(owner));
  const [role, logs, lock, glance, records] = await Promise.all([
    findRole(clients, owner),
    findLogGroup(clients, owner),
    readLock(store, owner),
    glanceAt({ clients, store, owner, listed }),
    // Beside stages and snapshots, for which the API must be known first.
    listed.then((entries) => readRecords(store, entries ?? [])),
  ]);
  refuseFront(records, "http-api", owner);
  const { releases, strays, live } = toReleases(glance, records);
  const functions = functionParts(records, live?.record);
  const known = new Set(functions.map(({ name }) => name));
  const unknown = wanted.filter((id) => !known.has(id));
  const strangers = live?.record ? await findStrangers(clients, owner, unknown) : (await findFunctions(clients, owner)).others;
  const parts = [
    ...(role && role !== "taken" ? deployedRole(owner, role) : []),
    ...(logs ? [logs] : []),
    ...(glance.api ? [{ kind: "api" as const, name: stageName(owner), key: "http-api" }] : []),
    ...functions,
    ...routeParts(owner, live?.record),
  ];
  const taken = [
    ...(role === "taken" ? [{ kind: "role" as const, name: stageName(owner) }] : []),
    ...strangers.map((name) => ({ kind: "function" as const, name })),
    ...glance.lookalikes.map((id) => ({ kind: "api" as const, name: `${stageName(owner)} (${id})` })),
  ];
  const lastNumber = Math.max(0, ...records.keys(), ...toSnapshots(glance.snapshots.deployments).map(({ number }) => number));
  const interrupted = await interruption(lock, holder);
  const recorded = recordedLeftovers({ records, releases, live, interrupted, keep, lost: "its snapshot is gone" });
  const leftovers = [...frontLeftovers(glance, strays), ...recorded];
  return {
    ...{ api: glance.api, snapshots: glance.snapshots, records, strays, entries: glance.entries, hasBucket: glance.hasBucket },
    policy: role === "taken" ? undefined : role?.policy,
    deployed: {
      parts,
      releases,
      ...(live && { live }),
      leftovers,
      ...(interrupted && { interrupted }),
      taken,
      fingerprint: glance.fingerprint,
      lastNumber,
    },
  };
}

interface Glancing extends Pick<Observing, "clients" | "store" | "owner"> {
  readonly api?: ApiHandle;
  /** The records, when somebody reads them anyway. */
  readonly listed?: ReturnType<Store["list"]>;
}

/** One round of calls when the API is known, else two. */
export async function glanceAt({ clients, store, owner, api, listed = store.list(recordPrefix(owner)) }: Glancing): Promise<Glance> {
  const [front, list] = await Promise.all([readFront(clients, owner, api), listed]);
  const { found, lookalikes, snapshots } = front;
  const entries = list ?? [];
  const fingerprint = fingerprintOf(found, snapshots, entries);
  return { api: found, lookalikes, snapshots, entries, hasBucket: list !== undefined, fingerprint };
}

async function readFront(clients: Clients, owner: Owner, api: ApiHandle | undefined) {
  const { found, lookalikes } = api ? { found: api, lookalikes: [] } : await findApi(clients, owner);
  return { found, lookalikes, snapshots: found ? await readSnapshots(clients, found.id) : { deployments: [], stages: [] } };
}

function fingerprintOf(api: ApiHandle | undefined, { deployments, stages }: Snapshots, entries: readonly Entry[]): string {
  const frozen = deployments.map(({ DeploymentId, DeploymentStatus }) => `${DeploymentId} ${DeploymentStatus}`).toSorted();
  const pointing = stages.map(({ StageName, DeploymentId }) => `${StageName} ${DeploymentId}`).toSorted();
  return digest([api?.id, frozen, pointing, entries.map(({ key, etag }) => [key, etag])]);
}

function toReleases(
  { api, snapshots }: Glance,
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
  return [invokePart(owner, called), ...record.routes.map(({ key, function: id }) => ({ kind: "route" as const, name: key, key: id }))];
}

/** Names that the next release wants and somebody else has: one call for each, where reading all functions of the account takes more. */
async function findStrangers({ lambda }: Clients, owner: Owner, ids: readonly string[]): Promise<readonly string[]> {
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
function frontLeftovers({ snapshots }: Glance, strays: readonly Snapshot[]): readonly Leftover[] {
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
