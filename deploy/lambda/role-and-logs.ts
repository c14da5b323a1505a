/** What both Lambda fronts do alike in a run: prepare roles and log group, settle, wait, write records. */
import { inParallel } from "../parallel.ts";
import type { Candidate, Deployed, Live, Removed, StoredData } from "../platform.ts";
import type { ReleaseRecord } from "../record.ts";
import type { LambdaDesiredState } from "./desired-state.ts";
import type { FunctionHost } from "./functions.ts";
import { ensureLogGroup } from "./log-group.ts";
import { type Place, recordKey, stageName } from "./names.ts";
import { isPreconditionFailed } from "./aws-error.ts";
import { statementTexts } from "./policy.ts";
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
  };
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

/** Makes what functions need before they are uploaded: their roles, the table, the log group. Once in a run. */
export const prepare = (run: SharedRun, desired: LambdaDesiredState): Promise<FunctionHost> =>
  (run.host ??= prepareHost(run, desired));

async function prepareHost(run: SharedRun, desired: LambdaDesiredState): Promise<FunctionHost> {
  const { clients, owner, source, observed, requireLease } = run;
  const [roles] = await Promise.all([
    prepareRoles(run, desired),
    desired.table && ensureTable(clients, owner, desired.table, observed?.table),
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

/** The table of the stage's store, if there is one. */
export async function storedData({ clients, owner, observed }: SharedRun): Promise<readonly StoredData[]> {
  return observed?.table?.owner === "ours" ? [await countEntries(clients, owner)] : [];
}

/** Removes the table of the stage's store, if that is wanted. */
export async function removeData(run: SharedRun, withData: boolean): Promise<readonly Removed[]> {
  const { clients, owner, observed } = run;
  if (!withData || observed?.table?.owner !== "ours") return [];
  return (await deleteTable(clients, owner, placeOf(run))) ? [{ kind: "table", name: stageName(owner) }] : [];
}

/** Names of the stage's roles that this run saw or made. */
export const knownRoles = ({ observed, desired }: SharedRun): readonly string[] => [
  ...(observed?.roles.all ?? []),
  ...(desired?.roles.map(({ name }) => name) ?? []),
];

/** Brings shared parts in step with the live release, and marks its record as live. */
export async function settleRelease(run: SharedRun, live: Live): Promise<Live> {
  const { store, owner, desired } = run;
  if (desired && live.hash === desired.hash) await prepare(run, desired);
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
