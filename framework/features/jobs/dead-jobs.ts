/** The dead jobs of an app: messages that were given up, as rows of its store for 14 days. */
import type { OpenStore, Store, StoreContext } from "../store/store.ts";
import type { Message } from "./message.ts";

/** A message that was given up. */
export interface DeadJob extends Message {
  readonly attempts: number;
  /** The last error, as text. */
  readonly error: string;
}

/** A dead job in the store, by its key: `digest/…`. */
export interface StoredDeadJob extends DeadJob {
  /** Epoch milliseconds. */
  readonly died: number;
  readonly key: string;
  readonly version: string;
}

/** Where dead jobs are: the target's store, and a call's context for it. */
export interface DeadJobStore {
  readonly store: OpenStore;
  readonly context: StoreContext;
}

type Row = Omit<StoredDeadJob, "key" | "version">;

const rows = ({ store, context }: DeadJobStore): Store<Row> => store<Row>(context, "portico/dead-jobs");

/** Keeping the same message again changes nothing but its last error and when it died. */
export const keepDeadJob = async (to: DeadJobStore, dead: DeadJob): Promise<void> =>
  void (await rows(to).set(`${dead.job}/${dead.id}`, { ...dead, died: Date.now() }, { ttl: 14 * 86_400 }));

/** All of them, by key. */
export async function listDeadJobs(from: DeadJobStore): Promise<readonly StoredDeadJob[]> {
  const found: StoredDeadJob[] = [];
  for await (const { key, value, version } of rows(from).list()) found.push({ ...value, key, version });
  return found;
}

/** False if it was changed or removed since it was listed. */
export const dropDeadJob = (from: DeadJobStore, { key, version }: StoredDeadJob): Promise<boolean> =>
  rows(from).delete(key, { if: version });
