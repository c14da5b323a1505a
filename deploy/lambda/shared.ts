/** What all releases of an app share, whatever front it is behind: a run in; role and log group made before it, kept in step after it, its record out. */
import type { Deployed, Live } from "../platform.ts";
import type { ReleaseRecord } from "../record.ts";
import type { LambdaDraft } from "./draft.ts";
import type { FunctionHost } from "./functions.ts";
import { ensureLogGroup } from "./log-group.ts";
import { recordKey } from "./names.ts";
import { isOutdated } from "./retry.ts";
import { ensureRole, unitedPolicy } from "./role.ts";
import type { Entry, Store } from "./store.ts";
import { type LambdaTarget, moved } from "./target.ts";

/** What a run knows, and what is done here learns. */
export interface SharedRun extends LambdaTarget {
  readonly store: Store;
  observed?: { readonly deployed: Deployed; readonly entries: readonly Entry[] };
  draft?: LambdaDraft;
  /** Epoch ms of the switch. */
  switched?: number;
  /** True when the role's policy, as it is while one release follows another, allows more than this release needs. */
  narrows?: boolean;
  /** Of the lease: throws when this run stood still for so long that another may be at work. */
  check: () => void;
}

/** What functions need before they are made; while one release follows another the role allows what both need. */
export async function prepareHost(run: SharedRun, draft: LambdaDraft): Promise<FunctionHost> {
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
  const { carrier } = source!.build;
  const liveAssets = observed?.deployed.live?.record?.functions.find((fn) => fn.function === carrier)?.ref;
  return { clients, owner, role, archive: source!.archive, liveAssets, check };
}

/** What all releases share, exactly as the live one wants it. */
async function settleShared(run: SharedRun, draft: LambdaDraft): Promise<void> {
  const { clients, owner, source } = run;
  if (run.narrows) await spread(run);
  const { lambda } = source!.build.manifest.app;
  await Promise.all([
    lambda.role === undefined ? ensureRole(clients, owner, lambda.permissionsBoundary, () => draft.policy) : undefined,
    ensureLogGroup(clients, owner, draft.logRetention),
  ]);
}

/** Brings what is shared in step with what is live, and notes in its record that it took traffic. */
export async function settleRelease(run: SharedRun, live: Live): Promise<Live> {
  const { store, owner, draft } = run;
  if (draft && live.hash === draft.hash) await settleShared(run, draft);
  if (live.record?.state !== "candidate") return live;
  const record: ReleaseRecord = { ...live.record, state: "live" };
  await store.put(recordKey(owner, live.number), JSON.stringify(record));
  return { ...live, record };
}

/** Until the release before takes no request any more, wherever it comes in. */
export async function spread({ clients: { clock }, switched, propagation = 5_000 }: SharedRun): Promise<void> {
  const left = switched === undefined ? 0 : switched + propagation - clock.now();
  if (left > 0) await clock.sleep(left);
}

/** Only in place of what was there when this run looked: a call that is late must not overwrite what another run wrote. */
export async function writeRecord({ store, owner, observed }: SharedRun, record: ReleaseRecord): Promise<void> {
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
