/** The thread that runs an app under `portico dev` on node: passes requests to it, and ends it at an endless loop. */
import { url as inspectorUrl } from "node:inspector";
import { getCompileCacheDir } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { Failure, Invocation, LoadedFunction, LogLine } from "../../model/invocation.ts";
import type { HttpRequest } from "../../model/http-message.ts";
import type { Destination } from "../emulator.ts";
import { stackOfThread } from "./stack-sampler.ts";
import { counters, type FromThread, ownBytes, type ThreadData, type ToThread } from "./thread-messages.ts";
import { PendingRequest, type ThreadEnd } from "./pending-request.ts";

/** The thread's program: TypeScript, or JavaScript in the package. */
const program = new URL(`./thread-program.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);
const cacheVariable = "NODE_COMPILE_CACHE";

/** Milliseconds between pings to a thread with pending requests. */
const pingMs = 250;
/** Milliseconds in which functions must be loaded, as on Lambda. */
const loadMs = 10_000;
/** Milliseconds that a draining thread has for its pending requests. */
const drainMs = 10_000;
/** Milliseconds in which a terminated thread must end. */
const terminationMs = 2000;

/** The app's packages and the callbacks of its thread. */
export interface ThreadOptions {
  /** The packages that the app may import from node_modules. */
  readonly packages: readonly string[];
  /** Absolute path of the folder of the app's data. */
  readonly data: string | undefined;
  readonly onLog: (line: LogLine) => void;
  /** An exception was not caught: the thread must get no more requests. */
  readonly onFault: () => void;
}

/** Held open until it is drained or ended. */
export class AppThread {
  /** True when it accepts no more requests. */
  dead = false;
  /** Resolves when the thread has ended. */
  readonly gone: Promise<void>;
  readonly #options: ThreadOptions;
  readonly #worker: Worker;
  readonly #counters = new Int32Array(new SharedArrayBuffer(4 * Object.keys(counters).length));
  readonly #functions = new Map<string, LoadedFunction>();
  readonly #calls = new Map<number, PendingRequest>();
  readonly #send: (message: ToThread) => void;
  #numbers = 0;
  #ready = false;
  #cause: ThreadEnd | undefined;
  #watch: NodeJS.Timeout | undefined;
  #silentMs: number | undefined;

  constructor(options: ThreadOptions) {
    this.#options = options;
    const compiled = process.env[cacheVariable] === undefined ? getCompileCacheDir() : undefined;
    const workerData: ThreadData = {
      counters: this.#counters,
      packages: options.packages,
      data: options.data,
      ...(compiled !== undefined && { hiddenVariable: cacheVariable }),
    };
    const env = { ...process.env, ...(compiled !== undefined && { [cacheVariable]: dirname(compiled) }) };
    const worker = new Worker(program, { env, workerData, stdout: true, stderr: true });
    this.#worker = worker;
    this.#send = batched((messages) => worker.postMessage(messages));
    worker.on("message", (messages: readonly FromThread[]) => {
      for (const message of messages) this.#receive(message);
    });
    // Output of Node itself; the app's output arrives as messages.
    for (const stream of ["stdout", "stderr"] as const)
      worker[stream].on("data", (chunk: Buffer) =>
        options.onLog({ function: "node", stream, text: chunk.toString().trimEnd() }),
      );
    worker.on("error", (error: Error) => this.#ended({ failure: toFailure(error) }));
    this.gone = new Promise((gone) =>
      worker.once("exit", (code) => {
        this.#ended(exited(code, ""));
        gone();
      }),
    );
  }

  /** The hash of the function's build in this thread; undefined without one. */
  hashOf(id: string): string | undefined {
    return this.#functions.get(id)?.hash;
  }

  /** Undefined when the thread ended before the function began. */
  invoke(
    fn: LoadedFunction,
    request: HttpRequest,
    { requestId, disconnect }: Destination,
  ): Promise<Omit<Invocation, "cold"> | undefined> {
    if (!this.#functions.has(fn.id)) this.#register(fn);
    const call = ++this.#numbers;
    const { method, target, headers, body, clientAddress, scheme, port } = request;
    const content = body.byteLength > 0 ? ownBytes(body) : undefined;
    const pending = new PendingRequest({ fn, requestId, send: this.#send, call, done: () => this.#calls.delete(call) });
    this.#calls.set(call, pending);
    this.#send([call, fn.id, requestId, method, target, headers.flat(), content, clientAddress, scheme, port]);
    disconnect?.onDisconnect(() => this.#calls.has(call) && this.#send({ kind: "disconnect", call }));
    this.#watch ??= setInterval(() => this.#ping(), pingMs).unref();
    return pending.result;
  }

  /** Ends it after its pending requests, at the latest after a time limit. */
  drain(): void {
    this.dead = true;
    this.#send({ kind: "drain" });
    const late = setTimeout(() => void this.end(), drainMs).unref();
    void this.gone.then(() => clearTimeout(late));
  }

  /** Terminates it at once. A thread that runs native code cannot end, so this process is killed at its own exit. */
  async end(): Promise<void> {
    this.#ended({ failure: { name: "Error", message: "portico dev ended the function", stack: "" } });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((done) => (timer = setTimeout(() => done("late"), terminationMs)));
    // Node would wait for the thread at its exit.
    if ((await Promise.race([this.#worker.terminate(), late])) === "late")
      process.once("exit", () => process.kill(process.pid, "SIGKILL"));
    clearTimeout(timer);
  }

  #register(fn: LoadedFunction): void {
    this.#functions.set(fn.id, fn);
    this.#send({ kind: "function", fn: { id: fn.id, url: urlOf(fn), env: fn.env } });
  }

  #receive(message: FromThread): void {
    if (!("kind" in message)) return this.#calls.get(message[0])?.respond(message);
    switch (message.kind) {
      case "ready":
        this.#ready = true;
        return;
      case "pong":
        this.#silentMs = undefined;
        return;
      case "idle":
        return void this.end();
      case "log":
        this.#options.onLog(message.line);
        Atomics.add(this.#counters, counters.printed, 1);
        return void Atomics.notify(this.#counters, counters.printed);
      case "fault":
        return this.#options.onFault();
      case "exit":
        this.#cause = exited(message.code, message.stack, message.call);
        if (message.call === undefined || !this.#calls.has(message.call))
          this.#options.onLog({ function: "node", stream: "stderr", text: this.#cause.failure.message });
        return;
      case "part":
        this.#calls.get(message.call)?.receive(message);
    }
  }

  /** Pings the thread. Silence counts in our own timer's turns, so that a suspended machine ends no thread. */
  #ping(): void {
    if (this.#calls.size === 0) {
      clearInterval(this.#watch);
      this.#watch = this.#silentMs = undefined;
    } else if (!this.#ready) {
      return;
    } else if (this.#silentMs === undefined) {
      this.#silentMs = 0;
      this.#send({ kind: "ping" });
    } else if ((this.#silentMs += pingMs) >= this.#limitMs() && !inspectorUrl()) {
      clearInterval(this.#watch);
      void this.#endLoop();
    }
  }

  /** The longest timeout of the pending requests, since one function blocks all of them. */
  #limitMs(): number {
    const limit = Math.max(...[...this.#calls.values()].map(({ fn }) => fn.timeout)) * 1000;
    return this.#counters[counters.loading] ? Math.max(limit, loadMs) : limit;
  }

  async #endLoop(): Promise<void> {
    const seconds = this.#limitMs() / 1000;
    this.dead = true;
    const idOf = new Map([...this.#functions.values()].map((fn) => [urlOf(fn), fn.id]));
    const stack = await stackOfThread(this.#worker, new Set(idOf.keys())).catch(() => "");
    const call = (at: keyof typeof counters): string | undefined =>
      this.#calls.get(this.#counters[counters[at]]!)?.fn.id;
    // Otherwise the call that began last is the likeliest.
    const fn =
      call("running") ?? idOf.get([...idOf.keys()].find((url) => stack.includes(url)) ?? "") ?? call("begun") ?? "";
    const message = `the function ${fn} ran for ${seconds} s without a pause, and was ended`;
    this.#ended({ status: 503, fn, failure: { name: "Timeout", message, stack } });
    await this.end();
  }

  /** Ends the pending requests; the first cause counts. */
  #ended(cause: ThreadEnd): void {
    this.dead = true;
    this.#cause ??= cause;
    for (const [call, pending] of this.#calls)
      pending.end(this.#cause, this.#ready && call > this.#counters[counters.begun]!);
    this.#calls.clear();
    clearInterval(this.#watch);
  }
}

/** The query makes each build a new module for Node. */
function urlOf({ directory, main, hash }: LoadedFunction): string {
  const url = pathToFileURL(join(directory, main));
  url.search = hash;
  return url.href;
}

const toFailure = ({ name, message, stack = "" }: Error): Failure => ({ name, message, stack });

const exited = (code: number, stack: string, call?: number): ThreadEnd => ({
  ...(call !== undefined && { call }),
  failure: {
    name: "Error",
    message: `a function asked the process to exit (code ${code}), which would end a process of portico start`,
    stack,
  },
});

/** Sends the messages of one turn of the event loop as one. */
function batched(post: (messages: readonly ToThread[]) => void): (message: ToThread) => void {
  let outbox: ToThread[] = [];
  const flush = (): void => {
    const messages = outbox;
    outbox = [];
    post(messages);
  };
  return (message) => {
    if (outbox.length === 0) setImmediate(flush);
    outbox.push(message);
  };
}
