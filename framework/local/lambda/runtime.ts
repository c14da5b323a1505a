/** The Lambda runtime: events in, outcomes out, over environments that come with the load and go with it. */
import { availableParallelism } from "node:os";
import type { LoadedFunction, LogLine } from "../../model/invocation.ts";
import { Environment } from "./environment.ts";
import type { LambdaCall, LambdaOutcome, LambdaRuntime } from "./outcome.ts";
import { type Likeness, Standby } from "./standby.ts";
import { sweepTemporaryFolders } from "./temporary-folder.ts";

/** How to run functions. */
export interface LambdaRuntimeOptions {
  /** Every line that a function prints, as it is. */
  readonly onLog: (line: LogLine) => void;
  /** Milliseconds after which an idle environment ends. Default 5 minutes. */
  readonly idleMs?: number;
  /** Of all functions together; more events wait for one to be free. Default 32. */
  readonly maxEnvironments?: number;
  /** Events at once, those that wait among them; what is over is throttled, as by an account's limit. Default 1000, a Region's. */
  readonly maxConcurrency?: number;
  /** A process for functions like this one is started ahead, and again for what was started last; only with our own client. Default none. */
  readonly standby?: Likeness;
  /** Where that process waits already, if something began earlier than this; closed with the runtime. */
  readonly ahead?: Standby;
  /** Milliseconds of a first init; a second one has the function's own time. Default 10,000. */
  readonly initLimitMs?: number;
  /** True logs Lambda's own START, END and REPORT lines, too. Default false. */
  readonly platformLines?: boolean;
  /** The Node that functions run on; only this one, the default, keeps the task root read-only. */
  readonly execPath?: string;
  /** Another runtime client instead of ours: Node's arguments, such as the script of AWS's own. */
  readonly client?: readonly string[];
}

/**
 * Milliseconds that an event waits for a busy environment before another is started for it: little where the function has few, which
 * keeps the cores busy while answers travel; else as long as its last start took, within bounds; what is unknown is guessed. Where events take less than `quick`,
 * one more process for the same cores would only slow the others down, and is started when nothing else helps.
 */
const patience = { few: 2, least: 20, most: 1000, guess: 200, quick: 20 } as const;

/** Milliseconds from an environment's rest to the start of the process for the next. */
const standbyDelayMs = 20;

/** An event that waits for an environment. */
interface Waiting {
  /** performance.now(). */
  readonly since: number;
  readonly fn: LoadedFunction;
  readonly call: LambdaCall;
  readonly use: (environment: Environment) => void;
  readonly fail: (error: Error) => void;
}

const same = (left: LoadedFunction, right: LoadedFunction): boolean => left.id === right.id && left.hash === right.hash;

const throttled: LambdaOutcome = {
  payload: Buffer.from(JSON.stringify({ Reason: "ConcurrentInvocationLimitExceeded", Type: "User", message: "Rate Exceeded." })),
  ...{ cold: false, durationMs: 0, throttled: true },
};

/** What an environment is called by: the version, however the call named it. */
function versionArn({ arn, version }: LambdaCall): string {
  return version === undefined ? arn : [...arn.split(":").slice(0, 7), version].join(":");
}

class Pool implements LambdaRuntime {
  readonly #options: LambdaRuntimeOptions;
  readonly #limit: number;
  /** All whose process is or may be there, dead ones included until they are gone. */
  readonly #all = new Set<Environment>();
  /** The longest idle first, each with the timer that reaps it. */
  readonly #idle = new Map<Environment, NodeJS.Timeout>();
  readonly #waiting: Waiting[] = [];
  /** Milliseconds that the last start of a function took, and its events of late. */
  readonly #lately = new Map<string, { readonly start: number; readonly event: number }>();
  readonly #standby: Standby | undefined;
  readonly #few = 3 * availableParallelism();
  #impatience: NodeJS.Timeout | undefined;
  #running = 0;
  #swept = false;
  #closed = false;

  constructor(options: LambdaRuntimeOptions) {
    this.#options = options;
    this.#limit = options.maxEnvironments ?? 32;
    if (!options.standby || options.client) return;
    this.#standby = options.ahead ?? new Standby(options.execPath ?? process.execPath);
    this.#standby.prepare(options.standby);
  }

  async invoke(fn: LoadedFunction, event: Uint8Array, call: LambdaCall): Promise<LambdaOutcome> {
    if (this.#running >= (this.#options.maxConcurrency ?? 1000)) return throttled;
    this.#running++;
    try {
      // Begun at once where an environment is handed over: a turn later it would have been frozen in between.
      const outcome = await new Promise<LambdaOutcome>((done, fail) =>
        this.#take({ fn, call, fail, since: performance.now(), use: (environment) => done(environment.invoke(event, call)) }),
      );
      this.#learn(fn.id, outcome);
      return outcome;
    } finally {
      this.#running--;
    }
  }

  retire(id: string, keep?: string): void {
    for (const environment of this.#all) {
      if (environment.fn.id !== id || environment.fn.hash === keep) continue;
      environment.retired = true;
      if (this.#idle.has(environment)) this.#drop(environment);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#impatience);
    for (const timer of this.#idle.values()) clearTimeout(timer);
    this.#idle.clear();
    for (const { fail } of this.#waiting.splice(0)) fail(new Error("the Lambda runtime was closed"));
    await Promise.all([this.#standby?.close(), ...[...this.#all].map((environment) => environment.kill())]);
  }

  /** The one used last, since it is the warmest; else, where none is there to wait for, a new one; else the first to be free. */
  #take(event: Waiting): void {
    if (this.#closed) return event.fail(new Error("the Lambda runtime is closed"));
    const { fn, call } = event;
    const idle = this.#findIdle(fn);
    if (idle) return event.use(this.#wake(idle));
    if (this.#count(fn) === 0 && this.#makeRoom()) return event.use(this.#start(fn, call));
    this.#waiting.push(event);
    this.#impatience ??= setTimeout(() => this.#startForLate(), this.#patienceFor(fn));
  }

  #learn(id: string, { initMs, durationMs }: LambdaOutcome): void {
    const { start, event } = this.#lately.get(id) ?? { start: patience.guess, event: durationMs };
    this.#lately.set(id, { start: initMs ?? start, event: event + (durationMs - event) / 8 });
  }

  #patienceFor(fn: LoadedFunction): number {
    const lately = this.#lately.get(fn.id);
    if (lately && this.#count(fn) < this.#few) return patience.few;
    if (lately && lately.event < patience.quick) return patience.most;
    return Math.min(Math.max(lately?.start ?? patience.guess, patience.least), patience.most);
  }

  /** The one used last, since it is the warmest. */
  #findIdle(fn: LoadedFunction): Environment | undefined {
    return [...this.#idle.keys()].findLast((environment) => same(environment.fn, fn));
  }

  /** How many environments the function has. */
  #count(fn: LoadedFunction): number {
    let count = 0;
    for (const environment of this.#all) if (!environment.dead && !environment.retired && same(environment.fn, fn)) count++;
    return count;
  }

  /** Environments for those that have waited long enough, as far as there is room; at most as many as there are, so that they double. */
  #startForLate(): void {
    clearTimeout(this.#impatience);
    this.#impatience = undefined;
    const living = this.#living();
    for (let started = 0; this.#waiting.length > 0; started++) {
      const [{ fn, call, since }] = this.#waiting as [Waiting];
      const left = this.#patienceFor(fn) - (performance.now() - since);
      if (left > 0 || (living > 0 && started >= living)) {
        this.#impatience = setTimeout(() => this.#startForLate(), left > 0 ? left : this.#patienceFor(fn));
        return;
      }
      if (!this.#makeRoom()) return;
      this.#waiting.shift()!.use(this.#start(fn, call));
    }
  }

  /** False when as many run as may; the longest idle one gives its place up. */
  #makeRoom(): boolean {
    const [oldest] = this.#idle.keys();
    if (oldest && this.#living() >= this.#limit) this.#drop(oldest);
    return this.#living() < this.#limit;
  }

  #living(): number {
    return [...this.#all].filter((environment) => !environment.dead).length;
  }

  #start(fn: LoadedFunction, call: LambdaCall): Environment {
    if (!this.#swept) sweepTemporaryFolders();
    this.#swept = true;
    const { onLog, execPath = process.execPath, client, initLimitMs = 10_000, platformLines = false } = this.#options;
    const environment = new Environment(fn, versionArn(call), {
      ...{ onLog, execPath, initLimitMs, platformLines, ...(client && { client }), ...(this.#standby && { standby: this.#standby }) },
      onIdle: (idle) => this.#onIdle(idle),
      onGone: (gone) => this.#onGone(gone),
    });
    this.#all.add(environment);
    return environment;
  }

  #onIdle(environment: Environment): void {
    const at = environment.retired ? -1 : this.#waiting.findIndex(({ fn }) => same(fn, environment.fn));
    if (at >= 0) {
      const [next] = this.#waiting.splice(at, 1);
      next?.use(environment);
      return;
    }
    // Others wait for its place.
    if (environment.retired || (this.#waiting.length > 0 && this.#living() >= this.#limit)) return this.#drop(environment);
    // Not while a request waits for its answer.
    if (this.#standby) setTimeout(() => this.#standby?.prepare(environment.fn), standbyDelayMs).unref();
    const reap = setTimeout(() => this.#drop(environment), this.#options.idleMs ?? 300_000);
    reap.unref();
    this.#idle.set(environment, reap);
  }

  #wake(environment: Environment): Environment {
    clearTimeout(this.#idle.get(environment));
    this.#idle.delete(environment);
    return environment;
  }

  #drop(environment: Environment): void {
    this.#wake(environment);
    void environment.kill();
  }

  #onGone(environment: Environment): void {
    this.#wake(environment);
    this.#all.delete(environment);
    if (this.#waiting.length > 0) this.#startForLate();
  }
}

/** Starts nothing until the first event. After `close()` no process is left. */
export function createLambdaRuntime(options: LambdaRuntimeOptions): LambdaRuntime {
  return new Pool(options);
}
