/**
 * Runs the jobs of an app on Node: one of the processes that share a data folder leads. It ticks the clock, claims
 * messages of the queue, runs them and does what becomes of each.
 */
import { minute, minutesToTick } from "./clock.ts";
import { JobError } from "./job-error.ts";
import { type Leadership, tryToLead } from "./leader.ts";
import { messageOf } from "./message.ts";
import type { DeadJob } from "./dead-jobs.ts";
import type { Delivery, Outcome } from "./run.ts";
import { type ClaimedMessage, openSqliteQueue, queueFile, type SqliteQueue } from "./sqlite-queue.ts";

/** The time, which tests replace. */
export interface Time {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls back after milliseconds; returns a function that cancels. */
  after(ms: number, callback: () => void): () => void;
}

/** A run that ended. */
export interface JobRun {
  readonly job: string;
  readonly id: string;
  readonly attempt: number;
  readonly ms: number;
  readonly outcome: Outcome["type"];
  /** Seconds until it runs again. */
  readonly after?: number;
}

/** The app, and what its process brings. */
export interface JobRunnerOptions {
  /** Absolute path of the folder of the app's data. */
  readonly data: string;
  /** How many jobs run at once. */
  readonly concurrency: number;
  /** The messages of a minute; undefined where no schedule runs. */
  readonly ticksAt: ((minute: number) => readonly string[]) | undefined;
  /** Runs a message. @param stopping aborts before the process stops */
  readonly run: (delivery: Delivery, stopping: AbortSignal) => Promise<Outcome>;
  readonly keepDead: (dead: DeadJob) => Promise<void>;
  readonly onRun?: (run: JobRun) => void;
  /** Gets what fails outside of jobs: the queue's file, the store. It is tried again. */
  readonly onError: (error: unknown) => void;
  readonly time?: Time;
}

/** Milliseconds after which a process asks again whether it may lead, and the leader looks for messages. */
const leadMs = 500;
const pollMs = 1000;
/** Milliseconds before the end of a stop at which the signals of running jobs abort. */
const stoppingMs = 5000;

const systemTime: Time = {
  now: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** A running runner. */
export interface JobRunner {
  /** Whether this process runs the jobs, and no other. */
  readonly isLeader: boolean;
  /** Claims no more, waits for running jobs, at most `graceMs`, and lets another process lead. */
  close(graceMs: number): Promise<void>;
}

/** Never throws: a file that cannot be opened is reported and tried again. */
export const startJobRunner = (options: JobRunnerOptions): JobRunner => new Runner(options);

/** A class, since it holds the lock, the file and the running jobs. */
class Runner implements JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #time: Time;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #leadership: Leadership | undefined;
  #queue: SqliteQueue | undefined;
  #watcher: { close(): void } | undefined;
  #cancelTimer: () => void = () => {};
  #isClosing = false;
  #lastError = "";

  constructor(options: JobRunnerOptions) {
    this.#options = options;
    this.#time = options.time ?? systemTime;
    this.#turn();
  }

  get isLeader(): boolean {
    return this.#leadership !== undefined;
  }

  /** Everything that is to be done now, and the timer for the next turn. */
  #turn(): void {
    this.#cancelTimer();
    if (this.#isClosing) return;
    let wait = pollMs;
    try {
      const queue = (this.#queue ??= this.#lead());
      if (queue) {
        this.#tick(queue);
        this.#claim(queue);
        wait = this.#untilNext(queue);
      } else wait = leadMs;
      this.#lastError = "";
    } catch (error) {
      // A full disk stays full for many turns.
      if (String(error) !== this.#lastError) this.#options.onError(error);
      this.#lastError = String(error);
    }
    this.#cancelTimer = this.#time.after(wait, () => this.#turn());
  }

  /** Opens the queue if this process may lead. */
  #lead(): SqliteQueue | undefined {
    const { data } = this.#options;
    this.#leadership ??= tryToLead(data);
    if (!this.#leadership) return undefined;
    const queue = openSqliteQueue(data);
    queue.releaseClaims();
    this.#watch(data);
    return queue;
  }

  /** Other processes and threads write to the file when they send. Where watching fails, polling is left. */
  #watch(data: string): void {
    const { watch } = process.getBuiltinModule("node:fs");
    let isAwake = false;
    const watcher = watch(data, { persistent: false }, (_, name) => {
      if (isAwake || !name?.startsWith(queueFile)) return;
      isAwake = true;
      setImmediate(() => {
        isAwake = false;
        this.#turn();
      });
    });
    watcher.on("error", this.#options.onError);
    this.#watcher = watcher;
  }

  #tick(queue: SqliteQueue): void {
    const { ticksAt } = this.#options;
    const now = this.#time.now();
    const minutes = minutesToTick(queue.lastTick(), now);
    if (minutes.length > 0) queue.limitDelays(now);
    for (const at of minutes) queue.tick(ticksAt?.(at) ?? [], at);
  }

  #claim(queue: SqliteQueue): void {
    const free = this.#options.concurrency - this.#running.size;
    if (free <= 0) return;
    for (const message of queue.claim(this.#time.now(), free)) {
      const run = this.#run(queue, message).finally(() => {
        this.#running.delete(run);
        this.#turn();
      });
      this.#running.add(run);
    }
  }

  /** Milliseconds until a minute begins or a message is visible that can run. */
  #untilNext(queue: SqliteQueue): number {
    const now = this.#time.now();
    const hasFree = this.#running.size < this.#options.concurrency;
    const visible = hasFree ? (queue.nextVisible() ?? Infinity) - now : Infinity;
    return Math.max(0, Math.min(pollMs, minute - (now % minute), visible));
  }

  async #run(queue: SqliteQueue, message: ClaimedMessage): Promise<void> {
    const { run, onRun } = this.#options;
    const started = this.#time.now();
    const outcome = await this.#outcomeOf(run, message);
    const ms = this.#time.now() - started;
    await this.#settle(queue, message.row, outcome);
    if (!onRun) return;
    const { job, id } = messageOf(message.body);
    const after = "after" in outcome ? { after: outcome.after } : {};
    onRun({ job, id, attempt: message.attempt, ms, outcome: outcome.type, ...after });
  }

  async #outcomeOf(run: JobRunnerOptions["run"], message: ClaimedMessage): Promise<Outcome> {
    try {
      return await run(message, this.#stopping.signal);
    } catch (error) {
      this.#options.onError(error);
      return { type: "retry", after: 60 };
    }
  }

  /** Tries until it works: a message that stays claimed would not run again before another process leads. */
  async #settle(queue: SqliteQueue, row: number, outcome: Outcome): Promise<void> {
    while (this.#queue) {
      try {
        // oxlint-disable-next-line no-await-in-loop
        if (outcome.type === "dead") await this.#options.keepDead(outcome.dead);
        return applyOutcome(queue, row, outcome, this.#time.now());
      } catch (error) {
        this.#options.onError(error);
        // oxlint-disable-next-line no-await-in-loop
        await new Promise<void>((next) => this.#time.after(pollMs, next));
      }
    }
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    this.#cancelTimer();
    this.#watcher?.close();
    const reason = new JobError("JOB_TIMEOUT", "the process stops");
    const cancelAbort = this.#time.after(Math.max(0, graceMs - stoppingMs), () => this.#stopping.abort(reason));
    const late = Promise.withResolvers<void>();
    const cancelLate = this.#time.after(graceMs, late.resolve);
    await Promise.race([Promise.all(this.#running), late.promise]);
    cancelAbort();
    cancelLate();
    const queue = this.#queue;
    this.#queue = undefined;
    queue?.close();
    this.#leadership?.release();
    this.#leadership = undefined;
  }
}

/** Does what becomes of a message. A dead one is in the store already, so that none is lost between the two. */
export function applyOutcome(queue: SqliteQueue, row: number, outcome: Outcome, now: number): void {
  switch (outcome.type) {
    case "done":
    case "dead":
      return queue.remove(row);
    case "retry":
      return queue.retry(row, now + outcome.after * 1000);
    case "wait":
      return queue.replace(row, outcome.body, now + outcome.after * 1000);
  }
}
