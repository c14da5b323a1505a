/** One execution environment: a process behind its Runtime API that takes one event at a time and is frozen in between. */
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { LoadedFunction, LogLine } from "../../model/invocation.ts";
import { Child } from "./child.ts";
import type { CurrentEvent } from "./current-event.ts";
import { describeEnding, type Ending } from "./ending.ts";
import { EnvironmentLog, newEventLog } from "./environment-log.ts";
import { EventPipe, type Said } from "./event-pipe.ts";
import { nodeArguments } from "./node-arguments.ts";
import type { LambdaCall, LambdaOutcome } from "./outcome.ts";
import { Reports } from "./reports.ts";
import { type Posted, RuntimeApi } from "./runtime-api.ts";
import { bootstrap, type Prepared, type Standby } from "./standby.ts";
import { makeTemporaryFolder } from "./temporary-folder.ts";
import { type Place, variablesOf } from "./variables.ts";

const memoryCheckMs = 100;
/** How long an answer waits for the client to ask for more, so that the next request finds this environment free. */
const graceMs = 100;
/** How often the loop has to come round before that time counts: on a machine with too much to do it may pass without a look at the pipes. */
const graceTurns = 100;

/** What an environment needs besides its function. */
export interface EnvironmentOptions {
  readonly onLog: (line: LogLine) => void;
  readonly execPath: string;
  /** Another runtime client: Node's arguments, such as AWS's own script. Then nothing is reported out of band. */
  readonly client?: readonly string[];
  /** Where a process may be had that was started ahead. */
  readonly standby?: Standby;
  /** Milliseconds of the first try of init. */
  readonly initLimitMs: number;
  /** True logs Lambda's own lines, too. */
  readonly platformLines: boolean;
  /** Waits for an event and will be frozen when it gets none now. */
  readonly onIdle: (environment: Environment) => void;
  /** Its process has ended. */
  readonly onGone: (environment: Environment) => void;
}

/** Held open until it is killed or ends by itself. */
export class Environment {
  readonly fn: LoadedFunction;
  /** Ends once it is idle. */
  retired = false;
  /** Ended, or about to. */
  dead = false;
  /** Resolves when no process and no file of it is left. */
  readonly gone: Promise<void>;
  readonly #options: EnvironmentOptions;
  readonly #log: EnvironmentLog;
  /** A failed init is run once more, then as a part of the invocation and within its time. */
  #phase: "init" | "failed" | "again" | "ready" = "init";
  #born = performance.now();
  #api: RuntimeApi | undefined;
  #pipe: EventPipe | undefined;
  #standsStill = false;
  #child: Child | undefined;
  #reports: Reports | undefined;
  #initMs: number | undefined;
  /** Milliseconds of its start that were over before it was this function's. */
  #before = 0;
  /** MB, the most that was seen. */
  #used = 0;
  #fresh = true;
  #current: CurrentEvent | undefined;
  #timers: NodeJS.Timeout[] = [];

  /** @param arn names the function to itself */
  constructor(fn: LoadedFunction, arn: string, options: EnvironmentOptions) {
    this.fn = fn;
    this.#options = options;
    this.#log = new EnvironmentLog(fn, arn, options);
    this.gone = this.#run(arn);
  }

  /** Runs one event; only when it is idle or has just been started. Never rejects. */
  invoke(event: Uint8Array, call: LambdaCall): Promise<LambdaOutcome> {
    return new Promise((answer) => {
      this.#current = { event, call, cold: this.#fresh, answer, log: newEventLog(call), started: performance.now(), settled: false };
      this.#fresh = false;
      // Ended from outside since it was chosen.
      if (this.dead) void this.#end({ kind: "exit", code: null, signal: "SIGKILL" });
      else if (this.#pipe?.polling || this.#api?.polling) this.#deliver(this.#current);
    });
  }

  /** Kills it at once; an event that runs ends with it. Resolves when nothing is left. */
  async kill(): Promise<void> {
    this.dead = true;
    await this.#child?.kill();
    await this.gone;
  }

  async #run(arn: string): Promise<void> {
    const ahead = this.#options.standby?.take(this.fn);
    const temporary = ahead?.temporary ?? makeTemporaryFolder();
    const place = { arn, temporary, logStream: this.#log.stream, runtimeDirectory: dirname(bootstrap) };
    try {
      await this.#runClient(place, ahead);
      // Only a first init that failed leaves it alive.
      if (!this.dead) await this.#runClient(place);
    } catch (error) {
      // It cannot be started: its event ends, not what runs all of them.
      this.dead = true;
      this.#log.line(this.#current?.log, "stderr", String((error as Error).stack));
    }
    await this.#end({ kind: "exit", code: null, signal: "SIGKILL" });
    await rm(temporary, { recursive: true, force: true });
    this.#options.onGone(this);
  }

  /** One process of the runtime client, from its start to its end. */
  async #runClient(place: Omit<Place, "runtimeApi">, ahead?: Prepared): Promise<void> {
    const api = await RuntimeApi.open({
      onPoll: () => this.#polled(),
      onStream: (type) => this.#stream(type),
      onPosted: (posted) => this.#posted(posted),
      onInitError: (payload) => void this.#end({ kind: "init-error", payload }),
    });
    this.#api = api;
    if (!this.dead) {
      const child = this.#startChild({ ...place, runtimeApi: api.address }, ahead);
      this.#child = child;
      this.#reports = new Reports(child.reports);
      this.#pipe = new EventPipe(child.events, {
        onPoll: ({ others }, before) => {
          // Its own thread stands still while it waits for an event.
          this.#standsStill = !others;
          this.#before += before;
          this.#polled();
        },
        onPosted: (posted, said) => this.#posted(posted, said),
        onBroken: () => void child.kill(),
      });
      this.#startInit();
      const { code, signal } = await child.exited;
      if (this.#phase !== "failed") await this.#end({ kind: "exit", code, signal });
    }
    await api.close();
  }

  #startChild(place: Place, ahead: Prepared | undefined): Child {
    const { fn } = this;
    const { execPath, client } = this.#options;
    const variables = variablesOf(fn, place);
    const onLine = (stream: LogLine["stream"], text: string): void => this.#log.line(this.#current?.log, stream, text);
    if (ahead) ahead.begin(fn, variables, onLine);
    const args = [...nodeArguments(fn, place.temporary, execPath), ...(client ?? [bootstrap])];
    return ahead?.child ?? new Child({ execPath, args, directory: fn.directory, variables, onLine });
  }

  #startInit(): void {
    const { timeout } = this.fn;
    this.#born = performance.now();
    const again = this.#phase === "failed";
    this.#phase = again ? "again" : "init";
    if (again && this.#current) this.#current.started = this.#born;
    this.#limit(again ? timeout * 1000 : this.#options.initLimitMs);
  }

  /** From now on this time and the function's memory are all that it has. */
  #limit(milliseconds: number): void {
    const { timeout, memory } = this.fn;
    const check = (): void => void (this.#sampleMemory() > memory && this.#end({ kind: "memory", limit: memory }));
    const late = setTimeout(() => void this.#end({ kind: "timeout", seconds: timeout }), milliseconds);
    this.#timers.push(late, setInterval(check, memoryCheckMs));
  }

  #sampleMemory(): number {
    const now = this.#child?.memory() ?? 0;
    this.#used = Math.max(this.#used, now);
    return now;
  }

  /** The client asks for work: init is over, or the last event is. */
  #polled(): void {
    if (this.dead || this.#phase === "failed") return;
    if (this.#phase === "init") this.#initMs = performance.now() - this.#born + this.#before;
    const again = this.#phase === "again";
    this.#phase = "ready";
    const current = this.#current;
    if (current && !current.posted) return this.#deliver(current, again);
    this.#clearTimers();
    void this.#rest(current);
  }

  async #rest(finished: CurrentEvent | undefined): Promise<void> {
    // Without a wait where there is nothing to wait for: each is a turn that the next event stands in line.
    const settling = finished && this.#settle(finished);
    if (settling) await settling;
    if (this.dead) return;
    this.#current = undefined;
    this.#options.onIdle(this);
    if (!this.#current && !this.dead && !this.#standsStill) this.#child?.freeze();
  }

  /** @param again its time runs since the second init began */
  #deliver(current: CurrentEvent, again = false): void {
    const milliseconds = this.fn.timeout * 1000;
    this.#log.start(current.log);
    this.#child?.thaw();
    if (!again) {
      this.#clearTimers();
      current.started = performance.now();
      this.#limit(milliseconds);
    }
    const left = milliseconds - (performance.now() - current.started);
    const from = this.#pipe?.polling ? this.#pipe : this.#api;
    from?.deliver(current.event, current.call, Math.round(Date.now() + left));
  }

  /** Where a streamed answer goes, once all that was said before it is in. */
  async #stream(type: string): Promise<((chunk: Uint8Array) => Promise<void>) | undefined> {
    const { call, cold = false } = this.#current ?? {};
    if (!call?.sink) return undefined;
    const { sink, requestId } = call;
    if (!this.#options.client) await this.#reports?.untilStreaming(requestId);
    const failure = this.#reports?.peek(requestId);
    sink.begin({ type, cold, ...(failure && { failure }) });
    return (chunk) => sink.write(chunk);
  }

  #posted(posted: Posted, said?: Said): void {
    const current = this.#current;
    if (!current) return;
    current.posted = { ending: posted, at: performance.now(), ...(said && { said }) };
    // The pipe's answer is the next question, too.
    if (said) return;
    // Its time limit goes on: code may still run until the client polls.
    this.#timers.push(setTimeout(() => void this.#settle(current), graceMs));
  }

  /** Gives the answer that was posted, once all that was said about it is in; a promise only where that takes time. */
  #settle(current: CurrentEvent): Promise<void> | undefined {
    const { posted } = current;
    if (current.settled || !posted) return undefined;
    current.settled = true;
    if (!posted.said || !this.#hasRead(posted.said)) return this.#settleLater(current, posted);
    this.#answer(current, posted.ending, posted.at);
    return undefined;
  }

  /** All that was said before the answer is in. */
  #hasRead({ notes, printed }: Said): boolean {
    return this.#reports?.has(notes) === true && (this.#child?.printed ?? 0) >= printed;
  }

  async #settleLater(current: CurrentEvent, { ending, at, said }: NonNullable<CurrentEvent["posted"]>): Promise<void> {
    if (!said && !this.#options.client) await this.#reports?.until(current.call.requestId);
    // Pipes that were written before are read in the same turn of the loop, but for what is too much for one.
    let turns = 0;
    do await new Promise((read) => setImmediate(read));
    while (said && !this.#hasRead(said) && (++turns < graceTurns || performance.now() < at + graceMs));
    this.#answer(current, ending, at);
  }

  #answer(current: CurrentEvent, ending: Ending, at: number): void {
    const { cold, call, log, started, answer } = current;
    const init = cold && this.#initMs !== undefined ? { initMs: this.#initMs } : {};
    const described = describeEnding(ending, call.requestId, this.#reports?.take(call.requestId));
    const durationMs = at - started;
    if (!this.dead && this.#log.isWanted(current.log)) this.#sampleMemory();
    this.#log.report(current.log, ending, { durationMs, ...init, used: this.#used });
    answer({ ...described, cold, durationMs, ...init, ...(log.tail && { logTail: log.tail.bytes() }) });
  }

  /** Something other than an answer ended the event, and with it the environment; or the first init, and then only the process. */
  async #end(ending: Ending): Promise<void> {
    if (!this.dead && this.#phase === "failed") return;
    if (!this.dead && this.#phase === "init" && this.#current) return this.#failInit(ending);
    const first = !this.dead;
    this.dead = true;
    this.#clearTimers();
    const current = this.#current;
    this.#current = undefined;
    if (current?.posted) await this.#settle(current);
    else if (current) {
      // All that it printed and reported first; the kill is what ends it.
      if (ending.kind !== "exit") await this.#child?.kill();
      if (this.#phase === "again") this.#log.initReport(current.log, ending, "invoke", performance.now() - this.#born);
      this.#answer(current, ending, performance.now());
    }
    if (first) await this.#child?.kill();
  }

  async #failInit(ending: Ending): Promise<void> {
    this.#phase = "failed";
    this.#clearTimers();
    await this.#child?.kill();
    this.#log.initReport(this.#current?.log, ending, "init", performance.now() - this.#born);
  }

  #clearTimers(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }
}
