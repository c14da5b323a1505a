/** Serves from several processes: a task in; workers that run this very command, share one port and are replaced when they crash out. */
import cluster, { type Worker } from "node:cluster";
import { type At, UserError } from "../model/user-error.ts";

/** What to run, and how often. */
export interface ClusterOptions {
  readonly processes: number;
  /** Given to every worker, as JSON, over a channel that nobody else can read. */
  readonly task: unknown;
  /** Milliseconds that workers may take to end once told to. */
  readonly graceMs: number;
  /** Told when a worker ends without being told to. */
  readonly onCrash: (crash: { readonly pid: number; readonly code: number | null; readonly signal: string | null }) => void;
}

/** Workers that serve. */
export interface Cluster {
  readonly url: string;
  /** Rejects with UserError WORKERS_CRASH when they end faster than they are worth replacing; else stays open until `close`. */
  readonly failed: Promise<never>;
  /** Tells all workers to end as `NodeServer.close` does, and kills those that do not. */
  close(): Promise<void>;
}

/** What a worker says of its start. */
type Report =
  | { readonly listening: string }
  | { readonly refused: { readonly code: string; readonly message: string; readonly fix: string; readonly at: readonly At[] } };

/** More crashes than this in a minute are no accident. Each replacement also waits longer than the one before. */
const maxCrashes = 10;
const crashWindowMs = 60_000;
const firstDelayMs = 50;

/** Resolves when every worker serves. Rejects with the UserError of the first that could not, or WORKERS_CRASH; then none is left. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const fleet = new Fleet(options);
  try {
    const [url] = await Promise.all(Array.from({ length: options.processes }, () => fleet.add()));
    return { url: url!, failed: fleet.failed, close: () => fleet.close() };
  } catch (error) {
    await fleet.close();
    throw error;
  }
}

/** The workers. A class, since it holds them open. */
class Fleet {
  readonly failed: Promise<never>;
  readonly #options: ClusterOptions;
  readonly #fail: (error: UserError) => void;
  readonly #workers = new Set<Worker>();
  readonly #gone = new Map<Worker, Promise<void>>();
  #crashes: number[] = [];
  #closing = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    const { promise, reject } = Promise.withResolvers<never>();
    // Who does not look at it hears of it when they close.
    promise.catch(() => {});
    this.failed = promise;
    this.#fail = reject;
  }

  /** Starts one; resolves with its URL. */
  add(): Promise<string> {
    const worker = cluster.fork();
    this.#workers.add(worker);
    const started = Promise.withResolvers<string>();
    this.#gone.set(worker, new Promise((gone) => worker.once("exit", () => gone())));
    worker.on("message", (report: Report) => {
      if ("listening" in report) started.resolve(report.listening);
      else started.reject(new UserError(report.refused.code, report.refused.message, report.refused.fix, { at: report.refused.at }));
    });
    // It ended before it read its task: its exit says so.
    worker.on("error", () => {});
    worker.send({ task: this.#options.task });
    worker.once("exit", (code: number | null, signal: string | null) => {
      this.#workers.delete(worker);
      this.#gone.delete(worker);
      if (!this.#closing) this.#crashed(worker, code, signal);
      started.reject(crashError("a worker ended while it started"));
    });
    return started.promise;
  }

  #crashed(worker: Worker, code: number | null, signal: string | null): void {
    // One that was itself asked to stop ends with 0 and is replaced, too.
    if (code !== 0) this.#options.onCrash({ pid: worker.process.pid ?? 0, code, signal });
    const now = performance.now();
    this.#crashes = [...this.#crashes.filter((time) => now - time < crashWindowMs), now];
    if (this.#crashes.length > maxCrashes) return this.#fail(crashError(`workers crashed ${this.#crashes.length} times within a minute`));
    const delay = firstDelayMs * 2 ** (this.#crashes.length - 1);
    setTimeout(
      () => {
        // Its own end is a crash of its own.
        if (!this.#closing) this.add().catch(() => {});
      },
      Math.min(delay, 5000),
    );
  }

  async close(): Promise<void> {
    this.#closing = true;
    const workers = [...this.#workers];
    for (const worker of workers) if (worker.isConnected()) worker.send({ close: true });
    const late = setTimeout(() => {
      for (const worker of this.#workers) worker.process.kill("SIGKILL");
    }, this.#options.graceMs);
    await Promise.all(this.#gone.values());
    clearTimeout(late);
  }
}

const crashError = (message: string): UserError =>
  new UserError("WORKERS_CRASH", message, "read what they printed before; --processes 1 shows the error of one process alone");

/** True in a process that `startCluster` started. */
export const isClusterWorker = (): boolean => cluster.isWorker;

/** A worker's server, and how it ends. */
export interface ClusterWork {
  /** Serves. What it throws as a UserError is the primary's to tell. */
  readonly start: (task: never) => Promise<{ readonly url: string; close(): Promise<void> }>;
  /** Resolves when this process itself must stop. */
  readonly stopped: Promise<unknown>;
}

/** The worker's side: serves until the primary or the system says stop. False when it could not start. */
export async function joinCluster({ start, stopped }: ClusterWork): Promise<boolean> {
  const [task, closed] = [Promise.withResolvers<unknown>(), Promise.withResolvers<void>()];
  process.on("message", (message: { readonly task?: unknown; readonly close?: true }) => {
    if (message.close) closed.resolve();
    else task.resolve(message.task);
  });
  // Until it serves, the task is all that this process waits for.
  process.channel?.ref();
  const say = (report: Report): Promise<void> => new Promise((said) => process.send!(report, () => said()));
  try {
    const server = await start((await task.promise) as never);
    await say({ listening: server.url });
    await Promise.race([closed.promise, stopped]);
    await server.close();
    return true;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, message, fix, at } = error;
    await say({ refused: { code, message, fix, at } });
    return false;
  }
}
