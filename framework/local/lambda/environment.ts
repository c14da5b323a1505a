/** One execution environment: a process behind its Runtime API that takes one event at a time and is frozen in between. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadedFunction, LogLine } from "../../model/invocation.ts";
import { Child } from "./child.ts";
import { describeEnding, type Ending } from "./ending.ts";
import type { LambdaCall, LambdaOutcome } from "./outcome.ts";
import { Reports } from "./reports.ts";
import { type Posted, RuntimeApi } from "./runtime-api.ts";
import { variablesOf } from "./variables.ts";

/** Our own runtime client. */
const bootstrap = fileURLToPath(new URL("./bootstrap.mjs", import.meta.url));
/** Init may take 10 s (developer guide, "Lambda execution environment lifecycle"). */
const initSeconds = 10;
const memoryCheckMs = 100;
/** How long an answer waits for the client to ask for more, so that the next request finds this environment free. */
const graceMs = 100;

/** What an environment needs besides its function. */
export interface EnvironmentOptions {
  readonly onLog: (line: LogLine) => void;
  readonly execPath: string;
  /** Another runtime client: Node's arguments, such as AWS's own script. Then nothing is reported out of band. */
  readonly client?: readonly string[];
  /** Waits for an event and will be frozen when it gets none now. */
  readonly onIdle: (environment: Environment) => void;
  /** Its process has ended. */
  readonly onGone: (environment: Environment) => void;
}

/** The event it works on. */
interface Current {
  readonly event: Uint8Array;
  readonly call: LambdaCall;
  readonly cold: boolean;
  readonly answer: (outcome: LambdaOutcome) => void;
  /** performance.now() of its delivery. */
  started: number;
  posted?: { readonly ending: Ending; readonly at: number };
  /** Answered, but the client has not asked for the next event. */
  settled: boolean;
}

/** Held open until it is killed or ends by itself. */
export class Environment {
  readonly fn: LoadedFunction;
  /** Ends once it is idle. */
  retired = false;
  /** Ended, or about to. */
  dead = false;
  /** Resolves when no process of it is left. */
  readonly gone: Promise<void>;
  readonly #options: EnvironmentOptions;
  readonly #born = performance.now();
  #api: RuntimeApi | undefined;
  #child: Child | undefined;
  #reports: Reports | undefined;
  #initMs: number | undefined;
  #fresh = true;
  #current: Current | undefined;
  #timers: NodeJS.Timeout[] = [];

  /** @param arn names the function to itself */
  constructor(fn: LoadedFunction, arn: string, options: EnvironmentOptions) {
    this.fn = fn;
    this.#options = options;
    this.gone = this.#run(arn);
  }

  /** Runs one event; only when it is idle or has just been started. Never rejects. */
  invoke(event: Uint8Array, call: LambdaCall): Promise<LambdaOutcome> {
    return new Promise((answer) => {
      this.#current = { event, call, cold: this.#fresh, answer, started: performance.now(), settled: false };
      this.#fresh = false;
      // Ended from outside since it was chosen.
      if (this.dead) void this.#end({ kind: "exit", code: null, signal: "SIGKILL" });
      else if (this.#api?.polling) this.#deliver(this.#current);
    });
  }

  /** Kills it at once; an event that runs ends with it. Resolves when nothing is left. */
  async kill(): Promise<void> {
    this.dead = true;
    await this.#child?.kill();
    await this.gone;
  }

  async #run(arn: string): Promise<void> {
    const { onLog, execPath, client, onGone } = this.#options;
    const { fn } = this;
    const api = await RuntimeApi.open({
      onPoll: () => this.#polled(),
      onPosted: (posted) => this.#posted(posted),
      onInitError: (payload) => void this.#end({ kind: "init-error", payload }),
    });
    this.#api = api;
    if (!this.dead) {
      const child = new Child({
        execPath,
        args: [`--max-old-space-size=${fn.memory}`, ...(client ?? [bootstrap])],
        directory: fn.directory,
        variables: variablesOf(fn, { arn, runtimeApi: api.address, runtimeDirectory: dirname(bootstrap) }, new Date()),
        onLine: (stream, text) => onLog({ function: fn.id, stream, text }),
      });
      this.#child = child;
      this.#reports = new Reports(child.reports);
      this.#timers.push(setTimeout(() => void this.#end({ kind: "timeout", seconds: initSeconds }), initSeconds * 1000));
      const { code, signal } = await child.exited;
      await this.#end({ kind: "exit", code, signal });
    } else await this.#end({ kind: "exit", code: null, signal: "SIGKILL" });
    await api.close();
    onGone(this);
  }

  /** The client asks for work: init is over, or the last event is. */
  #polled(): void {
    if (this.dead) return;
    this.#initMs ??= performance.now() - this.#born;
    const current = this.#current;
    if (current && !current.posted) return this.#deliver(current);
    this.#clearTimers();
    void this.#rest(current);
  }

  async #rest(finished: Current | undefined): Promise<void> {
    if (finished) await this.#settle(finished);
    if (this.dead) return;
    this.#current = undefined;
    this.#options.onIdle(this);
    if (!this.#current && !this.dead) this.#child?.freeze();
  }

  #deliver(current: Current): void {
    this.#clearTimers();
    this.#child?.thaw();
    const { timeout, memory } = this.fn;
    current.started = performance.now();
    this.#timers.push(setTimeout(() => void this.#end({ kind: "timeout", seconds: timeout }), timeout * 1000));
    this.#timers.push(
      setInterval(() => {
        if ((this.#child?.memory() ?? 0) > memory) void this.#end({ kind: "memory", limit: memory });
      }, memoryCheckMs),
    );
    this.#api?.deliver(current.event, current.call, Date.now() + timeout * 1000);
  }

  #posted(posted: Posted): void {
    const current = this.#current;
    if (!current) return;
    current.posted = { ending: posted, at: performance.now() };
    // Its time limit goes on: code may still run until the client polls.
    this.#timers.push(setTimeout(() => void this.#settle(current), graceMs));
  }

  /** Gives the answer that was posted, once all that was said about it is in. */
  async #settle(current: Current): Promise<void> {
    if (current.settled || !current.posted) return;
    current.settled = true;
    const { requestId } = current.call;
    if (!this.#options.client) await this.#reports?.until(requestId);
    this.#answer(current, current.posted.ending, current.posted.at);
  }

  #answer(current: Current, ending: Ending, at: number): void {
    const { cold, call, started, answer } = current;
    const init = cold && this.#initMs !== undefined ? { initMs: this.#initMs } : {};
    answer({ ...describeEnding(ending, call.requestId, this.#reports?.take(call.requestId)), cold, durationMs: at - started, ...init });
  }

  /** Something other than an answer ended the event, and with it the environment. */
  async #end(ending: Ending): Promise<void> {
    const first = !this.dead;
    this.dead = true;
    this.#clearTimers();
    const current = this.#current;
    this.#current = undefined;
    if (current?.posted) await this.#settle(current);
    else if (current && ending.kind === "exit") this.#answer(current, ending, performance.now());
    else if (current) {
      // All that it printed and reported first; the kill is what ends it.
      await this.#child?.kill();
      this.#answer(current, ending, performance.now());
    }
    if (first) await this.#child?.kill();
  }

  #clearTimers(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }
}
