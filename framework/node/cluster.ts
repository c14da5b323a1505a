/** Serves from several worker processes, which share one port and are replaced when they crash. */
import cluster, { type Worker } from "node:cluster";
import { type At, UserError } from "../model/user-error.ts";

/** How to start the workers. */
export interface ClusterOptions {
  readonly processes: number;
  /** The arguments of this process's script that make it a worker. */
  readonly arguments: readonly string[];
  /** A free port (0) is the same for all workers. */
  readonly port: number;
  /**
   * Sent with the port to every worker as JSON, over a private channel. The workers start while it is awaited; when it
   * rejects, they end.
   */
  readonly task: Promise<object>;
  /** Milliseconds that workers may take to shut down. */
  readonly graceMs: number;
  /** Called when a worker exits unexpectedly. */
  readonly onCrash: (crash: {
    readonly pid: number;
    readonly code: number | null;
    readonly signal: string | null;
  }) => void;
}

/** Running workers. */
export interface Cluster {
  readonly url: string;
  /**
   * Rejects with UserError WORKERS_CRASH when workers crash too often; pending otherwise.
   */
  readonly failed: Promise<never>;
  /** Shuts all workers down as `NodeServer.close` does, and kills those that take too long. */
  close(): Promise<void>;
}

/** A worker's message about its start. */
type StartReport =
  | { readonly listening: string }
  | {
      readonly failed: {
        readonly code: string;
        readonly message: string;
        readonly fix: string;
        readonly at: readonly At[];
      };
    };

/** More crashes than this in a minute end the cluster. The delay before each replacement doubles. */
const maxCrashes = 10;
const crashWindowMs = 60_000;
const firstDelayMs = 50;

/**
 * Resolves when every worker serves. Rejects with the reason of the task, with the UserError of the first that could
 * not start, or WORKERS_CRASH, when all have exited.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  // A single worker accepts its connections itself; several get them in turn.
  if (options.processes === 1) cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ args: [...options.arguments] });
  const fleet = new Fleet(options);
  try {
    const urls = Promise.all(Array.from({ length: options.processes }, () => fleet.add()));
    const [[url]] = await Promise.all([urls, options.task]);
    return { url: url!, failed: fleet.failed, close: () => fleet.close() };
  } catch (error) {
    await fleet.close();
    throw error;
  }
}

/** The running workers; a class, since it is mutable. */
class Fleet {
  readonly failed: Promise<never>;
  readonly #options: ClusterOptions;
  readonly #fail: (error: UserError) => void;
  /** The port for the next worker, and the one that the first listens on. */
  #requestedPort: number;
  #port: number | undefined;
  readonly #workers = new Set<Worker>();
  readonly #exits = new Map<Worker, Promise<void>>();
  #crashes: number[] = [];
  #closing = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#requestedPort = options.port;
    const { promise, reject } = Promise.withResolvers<never>();
    // The caller may ignore it.
    promise.catch(() => {});
    this.failed = promise;
    this.#fail = reject;
  }

  /** Starts a worker; resolves with its URL. */
  add(): Promise<string> {
    const worker = cluster.fork();
    this.#workers.add(worker);
    const started = Promise.withResolvers<string>();
    this.#exits.set(worker, new Promise((done) => worker.once("exit", () => done())));
    worker.on("message", (report: StartReport) => {
      if ("listening" in report) {
        this.#port ??= Number(new URL(report.listening).port);
        started.resolve(report.listening);
      } else
        started.reject(
          new UserError(report.failed.code, report.failed.message, report.failed.fix, { at: report.failed.at }),
        );
    });
    // It exited before it read its task; "exit" follows.
    worker.on("error", () => {});
    // The cluster keeps a free port under the number 0 until its last worker exits.
    if (this.#workers.size === 1) this.#requestedPort = this.#port ?? this.#requestedPort;
    const port = this.#requestedPort;
    // startCluster reports its failure.
    this.#options.task.then(
      (task) => worker.send({ task: { ...task, port } }),
      () => {},
    );
    worker.once("exit", (code: number | null, signal: string | null) => {
      this.#workers.delete(worker);
      this.#exits.delete(worker);
      if (!this.#closing) this.#crashed(worker, code, signal);
      started.reject(crashError("a worker exited while it started"));
    });
    return started.promise;
  }

  #crashed(worker: Worker, code: number | null, signal: string | null): void {
    // A worker that got a stop signal itself exits with 0, and is replaced, too.
    if (code !== 0) this.#options.onCrash({ pid: worker.process.pid ?? 0, code, signal });
    const now = performance.now();
    this.#crashes = [...this.#crashes.filter((time) => now - time < crashWindowMs), now];
    if (this.#crashes.length > maxCrashes)
      return this.#fail(crashError(`workers crashed ${this.#crashes.length} times within a minute`));
    const delay = firstDelayMs * 2 ** (this.#crashes.length - 1);
    setTimeout(
      () => {
        // Its exit is counted as another crash.
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
    await Promise.all(this.#exits.values());
    clearTimeout(late);
  }
}

const crashError = (message: string): UserError =>
  new UserError(
    "WORKERS_CRASH",
    message,
    "Read the output of the workers above; --processes 1 shows that of a single one",
  );

/** A worker's server, and the signal to stop it. */
export interface ClusterWorker {
  /** Starts the server. The primary process reports its UserErrors. */
  readonly start: (task: never) => Promise<{ readonly url: string; close(): Promise<void> }>;
  /** Resolves when the system asks this process to stop. */
  readonly stopped: Promise<unknown>;
}

/** Serves in a worker until the primary or the system stops it. False if it could not start. */
export async function joinCluster({ start, stopped }: ClusterWorker): Promise<boolean> {
  const [task, closed] = [Promise.withResolvers<unknown>(), Promise.withResolvers<void>()];
  process.on("message", (message: { readonly task?: unknown; readonly close?: true }) => {
    if (message.close) closed.resolve();
    else task.resolve(message.task);
  });
  // Keeps the process alive until it has its task and serves.
  process.channel?.ref();
  const send = (report: StartReport): Promise<void> => new Promise((done) => process.send!(report, () => done()));
  try {
    const given = await Promise.race([task.promise, closed.promise]);
    if (given === undefined) return false;
    const server = await start(given as never);
    await send({ listening: server.url });
    await Promise.race([closed.promise, stopped]);
    await server.close();
    return true;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, message, fix, at } = error;
    await send({ failed: { code, message, fix, at } });
    return false;
  }
}
