/**
 * Deletes candidate stages, snapshots, versions, functions and records that no kept release needs, safely if
 * interrupted.
 */
import { DeleteDeploymentCommand } from "@aws-sdk/client-apigatewayv2";
import type { Owner } from "../parts.ts";
import { retry } from "../retry.ts";
import { DeleteFunctionCommand, GetFunctionCommand, paginateListVersionsByFunction } from "@aws-sdk/client-lambda";
import { inParallel } from "../parallel.ts";
import type { Release, Removed } from "../platform.ts";
import type { ReleaseRecord } from "../record.ts";
import type { ApiHandle } from "./http-api/api.ts";
import type { Clients } from "./clients.ts";
import { candidatePrefix, functionName, isOurs, recordKey } from "./names.ts";
import { isConflict, undefinedIfMissing } from "./aws-error.ts";
import { deleteStage, type Snapshot, type Snapshots } from "./http-api/snapshots.ts";
import { removeUnusedRoles } from "./stage-roles.ts";
import type { Store } from "./store.ts";

/** Everything that exists, as read under the lock, and the releases to keep. */
export interface CollectionInput {
  readonly clients: Clients;
  readonly store: Store;
  readonly owner: Owner;
  readonly api: ApiHandle | undefined;
  readonly snapshots: Snapshots;
  readonly releases: readonly Release[];
  /** Second snapshots of a number: they go. */
  readonly strays: readonly Snapshot[];
  /** All records, including those without a snapshot. */
  readonly records: ReadonlyMap<number, ReleaseRecord>;
  /** The candidate stage that this run made. */
  readonly candidate: string | undefined;
  readonly keep: readonly Release[];
  /** Functions that runs which did not end may have uploaded. */
  readonly inherited: readonly string[];
  /** Names of the stage's roles that this run saw or made. */
  readonly roles: readonly string[];
  /** Throws where this run was suspended so long that another may be at work. Called before each deletion. */
  readonly requireLease: () => void;
}

/** Snapshots go before their versions and records last: whatever a kill leaves is still named by a record. */
export async function collectGarbage(input: CollectionInput): Promise<readonly Removed[]> {
  const removed: Removed[] = [];
  const kept = new Set(input.keep.map(({ number }) => number));
  const goes = [...input.records.values()].filter(({ number }) => !kept.has(number));
  await removeStages(input, removed);
  await removeSnapshots(input, kept, removed);
  // Without the record of a kept release nobody knows which versions it needs.
  if (input.keep.every(({ record }) => record)) {
    await removeVersions(input, goes, removed);
    removed.push(...(await removeUnusedRoles({ ...input, goes })));
  }
  await inParallel(goes, 8, async ({ number }) => {
    input.requireLease();
    await input.store.delete(recordKey(input.owner, number));
    removed.push({ kind: "release", name: String(number) });
  });
  return removed;
}

async function removeStages(input: CollectionInput, removed: Removed[]): Promise<void> {
  const { clients, api, snapshots, candidate } = input;
  const left = snapshots.stages
    .map(({ StageName = "" }) => StageName)
    .filter((name) => name.startsWith(candidatePrefix));
  // One after the other: API Gateway answers 409 to edits side by side.
  for (const name of new Set([...(candidate === undefined ? [] : [candidate]), ...left])) {
    if (!api) continue;
    input.requireLease();
    await deleteStage(clients, api, name);
    removed.push({ kind: "stage", name });
  }
}

async function removeSnapshots(
  { clients, api, snapshots, releases, strays, requireLease }: CollectionInput,
  kept: ReadonlySet<number>,
  removed: Removed[],
): Promise<void> {
  if (!api) return;
  const others = snapshots.stages.filter(
    ({ StageName = "" }) => !StageName.startsWith(candidatePrefix) && StageName !== "$default",
  );
  const needed = new Set(others.map(({ DeploymentId }) => DeploymentId));
  for (const { number, ref: DeploymentId } of [...strays, ...releases.filter((release) => !kept.has(release.number))]) {
    if (needed.has(DeploymentId)) continue;
    requireLease();
    const command = new DeleteDeploymentCommand({ ApiId: api.id, DeploymentId });
    await retry({ clock: clients.clock }, isConflict, () => clients.api.send(command)).catch(undefinedIfMissing);
    removed.push({ kind: "snapshot", name: String(number) });
  }
}

async function removeVersions(
  input: CollectionInput,
  goes: readonly ReleaseRecord[],
  removed: Removed[],
): Promise<void> {
  const { clients, owner, keep, inherited, requireLease } = input;
  const needed = keep.flatMap(({ record }) => record?.functions ?? []);
  const refs = new Set(needed.map(({ ref }) => ref));
  const ids = new Set(needed.map((fn) => fn.function));
  const named = goes.flatMap(({ functions }) => functions).filter(({ ref }) => !refs.has(ref));
  const found = await inParallel(inherited, 8, (id) => publishedVersions(clients, owner, id));
  const versions = [
    ...named.map((one) => ({ id: one.function, ref: one.ref })),
    ...found.flat().filter(({ ref }) => !refs.has(ref)),
  ];
  const gone = new Set(versions.filter(({ id }) => !ids.has(id)).map(({ id }) => id));
  const surplus = new Map(versions.filter(({ id }) => ids.has(id)).map((one) => [one.ref, one]));
  await inParallel([...surplus.values()], 8, async ({ id, ref }) => {
    const number = ref.slice(ref.lastIndexOf(":") + 1);
    requireLease();
    await removeFunction(clients, owner, id, number);
    removed.push({ kind: "version", name: `${id} ${number}` });
  });
  await inParallel([...gone, ...inherited.filter((id) => !ids.has(id) && !gone.has(id))], 8, async (id) => {
    requireLease();
    if (await removeFunction(clients, owner, id)) removed.push({ kind: "function", name: id });
  });
}

async function publishedVersions(
  { lambda }: Clients,
  owner: Owner,
  id: string,
): Promise<readonly { readonly id: string; readonly ref: string }[]> {
  const all: { id: string; ref: string }[] = [];
  try {
    for await (const { Versions = [] } of paginateListVersionsByFunction(
      { client: lambda },
      { FunctionName: functionName(owner, id) },
    )) {
      all.push(
        ...Versions.filter(({ Version }) => Version !== "$LATEST").map(({ FunctionArn = "" }) => ({
          id,
          ref: FunctionArn,
        })),
      );
    }
  } catch (error) {
    undefinedIfMissing(error);
  }
  return all;
}

/**
 * A version of a function, or all of it; only when its own tags name this app and stage. True when there was one of
 * ours.
 */
export async function removeFunction(
  { lambda, clock }: Clients,
  owner: Owner,
  id: string,
  Qualifier?: string,
): Promise<boolean> {
  const FunctionName = functionName(owner, id);
  try {
    const { Tags } = await lambda.send(new GetFunctionCommand({ FunctionName }));
    if (!isOurs(owner, Tags)) return false;
    await retry({ clock }, isConflict, () =>
      lambda.send(new DeleteFunctionCommand({ FunctionName, ...(Qualifier && { Qualifier }) })),
    );
    return true;
  } catch (error) {
    undefinedIfMissing(error);
    return false;
  }
}
