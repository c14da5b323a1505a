/**
 * One execution environment: a process behind its Runtime API that runs one event at a time and is frozen in between.
 */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { LoadedFunction, LogLine } from "../../model/invocation.ts";
import { createEventLog, EnvironmentLog, type EventLog } from "./environment-log.ts";
import { EnvironmentProcess } from "./environment-process.ts";
import { nodeArguments } from "./node-arguments.ts";
import type { InvocationRequest, InvocationResult } from "./invocation.ts";
import { type InvocationEnd, toInvocationResult } from "./invocation-result.ts";
import { type PostedResult, RuntimeApi } from "./runtime-api.ts";
import { bootstrap, type SpareProcess, type StartedProcess } from "./spare-process.ts";
import { makeTemporaryFolder } from "./temporary-folder.ts";
import { type EnvironmentIdentity, environmentVariables } from "./environment-variables.ts";
import { FailureReports } from "./failure-reports.ts";

const memoryCheckMs = 100;
/**
 * Milliseconds that a response waits for the client's next poll, so that the next request finds an idle environment.
 */
const pollGraceMs = 100;

/** The event that an environment runs, from its delivery to its result. */
interface CurrentEvent {
  readonly event: Uint8Array;
  readonly call: InvocationRequest;
  readonly cold: boolean;
  readonly resolve: (result: InvocationResult) => void;
  readonly log: EventLog;
  /** performance.now() of its delivery, or of the second init. */
  started: number;
  posted?: { readonly end: InvocationEnd; readonly at: number };
  /** True once its result is given, even if the client has not polled again. */
  settled: boolean;
}

/** What an environment needs besides its function. */
export interface EnvironmentOptions {
  readonly onLog: (line: LogLine) => void;
  readonly execPath: string;
  /** Another runtime client: Node's arguments, such as AWS's own script. It reports no failures. */
  readonly client?: readonly string[];
  /** The source of a process that is started already. */
  readonly spare?: SpareProcess;
  /** Milliseconds of the first init attempt. */
  readonly initLimitMs: number;
  /** True logs Lambda's own lines too. */
  readonly platformLines: boolean;
  /** It waits for an event, and is frozen unless this callback gives it one. */
  readonly onIdle: (environment: Environment) => void;
  /** Its process and files are gone. */
  readonly onGone: (environment: Environment) => void;
}

/** Held open until it is killed or ends by itself. */
export class Environment {
  readonly fn: LoadedFunction;
  /** True when it is to end once it is idle. */
  retired = false;
  /** True once it has ended or is ending. */
  dead = false;
  /** Resolves when no process and no file of it is left. */
  readonly gone: Promise<void>;
  readonly #options: EnvironmentOptions;
  readonly #log: EnvironmentLog;
  /** A failed init is repeated once, as a part of the invocation and within its time. */
  #phase: "init" | "failed" | "retry" | "ready" = "init";
  #initStart = performance.now();
  #api: RuntimeApi | undefined;
  #process: EnvironmentProcess | undefined;
  #reports: FailureReports | undefined;
  #initMs: number | undefined;
  /** MB, the maximum in use. */
  #used = 0;
  #isNew = true;
  #current: CurrentEvent | undefined;
  #timers: NodeJS.Timeout[] = [];

  /** @param arn names the function to itself */
  constructor(fn: LoadedFunction, arn: string, options: EnvironmentOptions) {
    this.fn = fn;
    this.#options = options;
    this.#log = new EnvironmentLog(fn, arn, options);
    this.gone = this.#run(arn);
  }

  /** Runs one event; the environment must be idle or just started. Never rejects. */
  invoke(event: Uint8Array, call: InvocationRequest): Promise<InvocationResult> {
    return new Promise((resolve) => {
      this.#current = {
        event,
        call,
        cold: this.#isNew,
        resolve,
        log: createEventLog(call),
        started: performance.now(),
        settled: false,
      };
      this.#isNew = false;
      // It was ended after it had been chosen.
      if (this.dead) void this.#end({ kind: "exit", code: null, signal: "SIGKILL" });
      else if (this.#api?.polling) this.#deliver(this.#current);
    });
  }

  /** Kills it with its event. Resolves when its process and files are gone. */
  async kill(): Promise<void> {
    this.dead = true;
    await this.#process?.kill();
    await this.gone;
  }

  async #run(arn: string): Promise<void> {
    const spare = this.#options.spare?.take(this.fn);
    const temporary = spare?.temporary ?? makeTemporaryFolder();
    const identity = { arn, temporary, logStream: this.#log.stream, runtimeDirectory: dirname(bootstrap) };
    try {
      await this.#runClient(identity, spare);
      // It is still alive only after a failed first init.
      if (!this.dead) await this.#runClient(identity);
    } catch (error) {
      // A failed start ends its own event, not the runtime.
      this.dead = true;
      this.#log.line(this.#current?.log, "stderr", String((error as Error).stack));
    }
    await this.#end({ kind: "exit", code: null, signal: "SIGKILL" });
    await rm(temporary, { recursive: true, force: true });
    this.#options.onGone(this);
  }

  /** Runs one process of the runtime client from its start to its end. */
  async #runClient(identity: Omit<EnvironmentIdentity, "runtimeApi">, spare?: StartedProcess): Promise<void> {
    const api = await (spare?.api ?? RuntimeApi.open());
    api.follow({
      onPoll: () => this.#polled(),
      onStream: (type) => this.#stream(type),
      onPosted: (posted) => this.#posted(posted),
      onInitError: (payload) => void this.#end({ kind: "init-error", payload }),
    });
    this.#api = api;
    if (!this.dead) {
      // Before the process, which on a busy machine runs before this one goes on.
      this.#startInit();
      const started = this.#startProcess({ ...identity, runtimeApi: api.address }, spare);
      this.#process = started;
      this.#reports = new FailureReports(started.reports);
      const { code, signal } = await started.exited;
      if (this.#phase !== "failed") await this.#end({ kind: "exit", code, signal });
    } else await spare?.process.kill();
    await api.close();
  }

  #startProcess(identity: EnvironmentIdentity, spare: StartedProcess | undefined): EnvironmentProcess {
    const { fn } = this;
    const { execPath, client } = this.#options;
    const variables = environmentVariables(fn, identity);
    const onLine = (stream: LogLine["stream"], text: string): void => this.#log.line(this.#current?.log, stream, text);
    if (spare) spare.assign(fn, variables, onLine);
    const args = [...nodeArguments(fn, identity.temporary, execPath), ...(client ?? [bootstrap])];
    return spare?.process ?? new EnvironmentProcess({ execPath, args, directory: fn.directory, variables, onLine });
  }

  #startInit(): void {
    const { timeout } = this.fn;
    this.#initStart = performance.now();
    const isRetry = this.#phase === "failed";
    this.#phase = isRetry ? "retry" : "init";
    if (isRetry && this.#current) this.#current.started = this.#initStart;
    this.#limit(isRetry ? timeout * 1000 : this.#options.initLimitMs);
  }

  /** Starts the time limit and the memory check. */
  #limit(milliseconds: number): void {
    const { timeout, memory } = this.fn;
    const check = (): void => void (this.#sampleMemory() > memory && this.#end({ kind: "memory", limit: memory }));
    const late = setTimeout(() => void this.#end({ kind: "timeout", seconds: timeout }), milliseconds);
    this.#timers.push(late, setInterval(check, memoryCheckMs));
  }

  #sampleMemory(): number {
    const now = this.#process?.memory() ?? 0;
    this.#used = Math.max(this.#used, now);
    return now;
  }

  /** The client polls: init, or the last event, has ended. */
  #polled(): void {
    if (this.dead || this.#phase === "failed") return;
    if (this.#phase === "init") this.#initMs = performance.now() - this.#initStart;
    const isRetry = this.#phase === "retry";
    this.#phase = "ready";
    const current = this.#current;
    if (current && !current.posted) return this.#deliver(current, isRetry);
    this.#clearTimers();
    void this.#becomeIdle(current);
  }

  async #becomeIdle(finished: CurrentEvent | undefined): Promise<void> {
    if (finished) await this.#settle(finished);
    if (this.dead) return;
    this.#current = undefined;
    this.#options.onIdle(this);
    if (!this.#current && !this.dead) this.#process?.freeze();
  }

  /** @param isRetry its time runs since the start of the second init */
  #deliver(current: CurrentEvent, isRetry = false): void {
    const milliseconds = this.fn.timeout * 1000;
    this.#log.start(current.log);
    this.#process?.thaw();
    if (!isRetry) {
      this.#clearTimers();
      current.started = performance.now();
      this.#limit(milliseconds);
    }
    const left = milliseconds - (performance.now() - current.started);
    this.#api?.deliver(current.event, current.call, Math.round(Date.now() + left));
  }

  /** The target of a streamed response, once all earlier failure reports have arrived. */
  async #stream(type: string): Promise<((chunk: Uint8Array) => Promise<void>) | undefined> {
    const { call, cold = false } = this.#current ?? {};
    if (!call?.sink) return undefined;
    const { sink, requestId } = call;
    if (!this.#options.client) await this.#reports?.waitForStream(requestId);
    const failure = this.#reports?.peek(requestId);
    sink.begin({ type, cold, ...(failure && { failure }) });
    return (chunk) => sink.write(chunk);
  }

  #posted(posted: PostedResult): void {
    const current = this.#current;
    if (!current) return;
    current.posted = { end: posted, at: performance.now() };
    // The time limit continues, since code may run until the client polls.
    this.#timers.push(setTimeout(() => void this.#settle(current), pollGraceMs));
  }

  /** Resolves the event with the posted result, once all its failure reports have arrived. */
  async #settle(current: CurrentEvent): Promise<void> {
    const { posted } = current;
    if (current.settled || !posted) return;
    current.settled = true;
    if (!this.#options.client) await this.#reports?.waitForEnd(current.call.requestId);
    // Earlier output of its other pipes is read in this turn of the event loop or in the next.
    for (let turn = 0; turn < 2; turn++) await new Promise((next) => setImmediate(next));
    this.#resolve(current, posted.end, posted.at);
  }

  #resolve(current: CurrentEvent, end: InvocationEnd, at: number): void {
    const { cold, call, log, started, resolve } = current;
    const init = cold && this.#initMs !== undefined ? { initMs: this.#initMs } : {};
    const result = toInvocationResult(end, call.requestId, this.#reports?.take(call.requestId));
    const durationMs = at - started;
    if (!this.dead && this.#log.isWanted(current.log)) this.#sampleMemory();
    this.#log.report(current.log, end, { durationMs, ...init, used: this.#used });
    resolve({ ...result, cold, durationMs, ...init, ...(log.tail && { logTail: log.tail.bytes() }) });
  }

  /** Ends the event without a response, and with it the environment; a failed first init ends only the process. */
  async #end(end: InvocationEnd): Promise<void> {
    if (!this.dead && this.#phase === "failed") return;
    if (!this.dead && this.#phase === "init" && this.#current) return this.#failInit(end);
    const wasAlive = !this.dead;
    this.dead = true;
    this.#clearTimers();
    const current = this.#current;
    this.#current = undefined;
    if (current?.posted) await this.#settle(current);
    else if (current) {
      // The kill ends its output, which comes before the result.
      if (end.kind !== "exit") await this.#process?.kill();
      if (this.#phase === "retry")
        this.#log.initReport(current.log, end, "invoke", performance.now() - this.#initStart);
      this.#resolve(current, end, performance.now());
    }
    if (wasAlive) await this.#process?.kill();
  }

  async #failInit(end: InvocationEnd): Promise<void> {
    this.#phase = "failed";
    this.#clearTimers();
    await this.#process?.kill();
    this.#log.initReport(this.#current?.log, end, "init", performance.now() - this.#initStart);
  }

  #clearTimers(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }
}
