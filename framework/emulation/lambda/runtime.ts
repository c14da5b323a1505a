/** The Lambda runtime: a pool of execution environments that grows with the load and ends idle ones. */
import type { LoadedFunction, LogLine } from "../../model/invocation.ts";
import { Environment } from "./environment.ts";
import type { InvocationRequest, InvocationResult, LambdaRuntime } from "./invocation.ts";
import { type ProcessSettings, SpareProcess } from "./spare-process.ts";
import { sweepTemporaryFolders } from "./temporary-folder.ts";

/** How functions run. */
export interface LambdaRuntimeOptions {
  /** Gets every line that a function prints, unchanged. */
  readonly onLog: (line: LogLine) => void;
  /** Milliseconds after which an idle environment ends. Default 5 minutes. */
  readonly idleMs?: number;
  /** The limit for all functions together; further events wait for an idle one. Default 32. */
  readonly maxEnvironments?: number;
  /** The limit of concurrent events, waiting ones included; more are throttled. Default 1000, as in a Region. */
  readonly maxConcurrency?: number;
  /** Keeps a spare process, at first for functions with these settings; not with another client. Default none. */
  readonly spareProcess?: ProcessSettings;
  /** Milliseconds of the first init; the second has the function's timeout. Default 10,000. */
  readonly initLimitMs?: number;
  /** True logs Lambda's own START, END and REPORT lines too. Default false. */
  readonly platformLines?: boolean;
  /** The Node that functions run on; only the default, this Node, keeps the task root read-only. */
  readonly execPath?: string;
  /** Another runtime client: Node's arguments, such as the script of AWS's own. */
  readonly client?: readonly string[];
}

/** Milliseconds that an event waits for a busy environment before another one is started for it. */
const waitMs = 100;

/** Milliseconds from an idle environment to the start of the spare process. */
const spareDelayMs = 20;

/** An event that waits for an environment. */
interface Waiting {
  /** performance.now(). */
  readonly since: number;
  readonly fn: LoadedFunction;
  readonly call: InvocationRequest;
  readonly use: (environment: Environment) => void;
  readonly fail: (error: Error) => void;
}

const isSameBuild = (left: LoadedFunction, right: LoadedFunction): boolean =>
  left.id === right.id && left.hash === right.hash;

const throttled: InvocationResult = {
  payload: Buffer.from(
    JSON.stringify({ Reason: "ConcurrentInvocationLimitExceeded", Type: "User", message: "Rate Exceeded." }),
  ),
  cold: false,
  durationMs: 0,
  throttled: true,
};

/** The ARN of the version that runs, where the request may name an alias. */
function versionArn({ arn, version }: InvocationRequest): string {
  return version === undefined ? arn : [...arn.split(":").slice(0, 7), version].join(":");
}

class Pool implements LambdaRuntime {
  readonly #options: LambdaRuntimeOptions;
  readonly #limit: number;
  /** All environments, dead ones included until their processes are gone. */
  readonly #all = new Set<Environment>();
  /** The longest idle first, each with the timer that ends it. */
  readonly #idle = new Map<Environment, NodeJS.Timeout>();
  readonly #waiting: Waiting[] = [];
  readonly #spare: SpareProcess | undefined;
  #waitTimer: NodeJS.Timeout | undefined;
  #spareTimer: NodeJS.Timeout | undefined;
  #running = 0;
  #swept = false;
  #closed = false;

  constructor(options: LambdaRuntimeOptions) {
    this.#options = options;
    this.#limit = options.maxEnvironments ?? 32;
    if (!options.spareProcess || options.client) return;
    this.#spare = new SpareProcess(options.execPath ?? process.execPath);
    this.#spare.start(options.spareProcess);
  }

  async invoke(fn: LoadedFunction, event: Uint8Array, call: InvocationRequest): Promise<InvocationResult> {
    if (this.#running >= (this.#options.maxConcurrency ?? 1000)) return throttled;
    this.#running++;
    try {
      // The event starts in the callback: one turn later the environment would be frozen already.
      return await new Promise<InvocationResult>((done, fail) =>
        this.#take({
          fn,
          call,
          fail,
          since: performance.now(),
          use: (environment) => done(environment.invoke(event, call)),
        }),
      );
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
    clearTimeout(this.#waitTimer);
    clearTimeout(this.#spareTimer);
    for (const timer of this.#idle.values()) clearTimeout(timer);
    this.#idle.clear();
    for (const { fail } of this.#waiting.splice(0)) fail(new Error("the Lambda runtime was closed"));
    await Promise.all([this.#spare?.close(), ...[...this.#all].map((environment) => environment.kill())]);
  }

  /** Uses an idle environment, else a new one where no build of it runs yet, else the first that becomes idle. */
  #take(event: Waiting): void {
    if (this.#closed) return event.fail(new Error("the Lambda runtime is closed"));
    const { fn, call } = event;
    const idle = this.#findIdle(fn);
    if (idle) return event.use(this.#wake(idle));
    if (!this.#has(fn) && this.#makeRoom()) return event.use(this.#start(fn, call));
    this.#waiting.push(event);
    this.#waitTimer ??= setTimeout(() => this.#startForWaiting(), waitMs);
  }

  /** The one used last, whose caches are the warmest. */
  #findIdle(fn: LoadedFunction): Environment | undefined {
    return [...this.#idle.keys()].findLast((environment) => isSameBuild(environment.fn, fn));
  }

  #has(fn: LoadedFunction): boolean {
    return [...this.#all].some(
      (environment) => !environment.dead && !environment.retired && isSameBuild(environment.fn, fn),
    );
  }

  /** Starts environments for events that have waited long enough; at most doubles their number, within the limit. */
  #startForWaiting(): void {
    clearTimeout(this.#waitTimer);
    this.#waitTimer = undefined;
    const living = Math.max(1, this.#living());
    for (let started = 0; this.#waiting.length > 0; started++) {
      const [{ fn, call, since }] = this.#waiting as [Waiting];
      const left = started < living ? waitMs - (performance.now() - since) : waitMs;
      if (left > 0) {
        this.#waitTimer = setTimeout(() => this.#startForWaiting(), left);
        return;
      }
      if (!this.#makeRoom()) return;
      this.#waiting.shift()!.use(this.#start(fn, call));
    }
  }

  /** Ends the longest idle environment at the limit; false when all are busy. */
  #makeRoom(): boolean {
    const [oldest] = this.#idle.keys();
    if (oldest && this.#living() >= this.#limit) this.#drop(oldest);
    return this.#living() < this.#limit;
  }

  #living(): number {
    return [...this.#all].filter((environment) => !environment.dead).length;
  }

  #start(fn: LoadedFunction, call: InvocationRequest): Environment {
    if (!this.#swept) sweepTemporaryFolders();
    this.#swept = true;
    const { onLog, execPath = process.execPath, client, initLimitMs = 10_000, platformLines = false } = this.#options;
    const environment = new Environment(fn, versionArn(call), {
      onLog,
      execPath,
      initLimitMs,
      platformLines,
      ...(client && { client }),
      ...(this.#spare && { spare: this.#spare }),
      onIdle: (idle) => this.#onIdle(idle),
      onGone: (gone) => this.#onGone(gone),
    });
    this.#all.add(environment);
    return environment;
  }

  #onIdle(environment: Environment): void {
    const index = environment.retired ? -1 : this.#waiting.findIndex(({ fn }) => isSameBuild(fn, environment.fn));
    if (index >= 0) {
      const [next] = this.#waiting.splice(index, 1);
      next?.use(environment);
      return;
    }
    // Events of other functions wait for its place.
    if (environment.retired || (this.#waiting.length > 0 && this.#living() >= this.#limit))
      return this.#drop(environment);
    // Later, so that the start does not delay the response.
    this.#spareTimer ??= setTimeout(() => {
      this.#spareTimer = undefined;
      this.#spare?.start(environment.fn);
    }, spareDelayMs).unref();
    const expiry = setTimeout(() => this.#drop(environment), this.#options.idleMs ?? 300_000);
    expiry.unref();
    this.#idle.set(environment, expiry);
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
    if (this.#waiting.length > 0) this.#startForWaiting();
  }
}

/** Starts no environment before the first event. After `close()` no process is left. */
export function createLambdaRuntime(options: LambdaRuntimeOptions): LambdaRuntime {
  return new Pool(options);
}
