/** The program of the app's thread: runs the app's functions and reports their responses, output and failures. */
import { AsyncLocalStorage } from "node:async_hooks";
import { fileURLToPath } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import type { LogLine } from "../../model/invocation.ts";
import { restrictPackages } from "../../http/declared-packages.ts";
import { installLazyRequest } from "../../http/lazy-request.ts";
import { installLazyResponse } from "../../http/lazy-response.ts";
import type { Fetch } from "../../runtime/route-function.ts";
import type { Env, Platform } from "../../runtime/handler.ts";
import { toResponseParts } from "./response-parts.ts";
import { ThreadRequest } from "./thread-request.ts";
import { internalServerError, toFailure } from "./failure.ts";
import {
  counters,
  type FromThread,
  type RequestMessage,
  type ThreadData,
  type ThreadFunction,
  type ToThread,
} from "./thread-messages.ts";

const port = parentPort!;
const { counters: shared, packages, data, hiddenVariable } = workerData as ThreadData;

const platform: Platform = { name: "node", ...(data !== undefined && { data }) };

/** A registered function, and its module once that is loaded. */
interface RegisteredFunction extends ThreadFunction {
  loading?: Promise<Fetch>;
  fetch?: Fetch;
}

const functions = new Map<string, RegisteredFunction>();
const calls = new Map<number, ThreadRequest>();
/** Promises of `waitUntil`. */
const backgroundWork = new Set<Promise<void>>();
/** The function and call that run, across awaits and timers. */
const callers = new AsyncLocalStorage<{ readonly fn: string; readonly call: number }>();
let draining = false;
let outbox: FromThread[] = [];

/** Sends the messages of one turn of the event loop as one. */
function send(message: FromThread): void {
  if (outbox.length === 0) setImmediate(flush);
  outbox.push(message);
}

function flush(): void {
  if (outbox.length > 0) port.postMessage(outbox);
  outbox = [];
}

/** Log lines that may be unprinted; further writes block, as for a terminal. */
const maxUnprinted = 1000;
let printed = 0;

/** Sends the line at once, since the running code may never return. */
function print(stream: LogLine["stream"], text: string): void {
  const line = { function: callers.getStore()?.fn ?? "node", stream, text: text.replace(/\n$/, "") };
  port.postMessage([{ kind: "log", line }] satisfies FromThread[]);
  printed++;
  for (;;) {
    const shown = shared[counters.printed]!;
    if (printed - shown <= maxUnprinted) return;
    Atomics.wait(shared, counters.printed, shown, 100);
  }
}

/** Each write is a log line of the function that runs; console writes complete messages. */
for (const name of ["stdout", "stderr"] as const) {
  process[name].write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    print(name, Buffer.from(chunk as Uint8Array).toString());
    const done = rest.find((argument) => typeof argument === "function");
    if (done) process.nextTick(done);
    return true;
  };
}

process.on("unhandledRejection", (error) => print("stderr", `unhandled rejection: ${toFailure(error).stack}`));
process.on("uncaughtException", (error) => {
  print("stderr", `uncaught exception, which would end a process of portico start: ${toFailure(error).stack}`);
  send({ kind: "fault" });
});
process.on("exit", (code) => {
  const call = callers.getStore()?.call;
  send({
    kind: "exit",
    code,
    stack: toFailure(new Error("the process would exit")).stack,
    ...(call !== undefined && { call }),
  });
  flush();
});

/** Running calls by request id, for their failure reports. */
const running = new Map<string, ThreadRequest>();
globalThis.porticoReport = (error, requestId) => running.get(requestId)?.report(toFailure(error));

function receive(message: ToThread): void {
  if (!("kind" in message)) return void callers.run({ fn: message[1], call: message[0] }, run, message);
  switch (message.kind) {
    case "function":
      // All functions of an app have the same env.
      if (functions.size === 0) Object.assign(process.env, message.fn.env);
      restrictPackages(fileURLToPath(new URL(".", message.fn.url)), packages);
      return void functions.set(message.fn.id, message.fn);
    case "disconnect":
      return calls.get(message.call)?.disconnect();
    case "pull":
    case "cancel":
      return void calls.get(message.call)?.[message.kind]();
    case "ping":
      return send({ kind: "pong" });
    case "drain":
      draining = true;
      endIfIdle();
  }
}

async function run(message: RequestMessage): Promise<void> {
  const [call, fn, requestId] = message;
  const own = new ThreadRequest(message, send, () => {
    calls.delete(call);
    endIfIdle();
  });
  calls.set(call, own);
  running.set(requestId, own);
  try {
    const registered = functions.get(fn)!;
    shared[counters.begun] = call;
    const fetch = registered.fetch ?? (await load(registered));
    own.respond(await toResponseParts(await handle(fetch, message, own, registered.env as Env)));
  } catch (error) {
    own.respond({ ...internalServerError(requestId), failure: toFailure(error) });
  } finally {
    running.delete(requestId);
    if (shared[counters.running] === call) shared[counters.running] = 0;
  }
}

function handle(fetch: Fetch, message: RequestMessage, call: ThreadRequest, env: Env): Response | Promise<Response> {
  const [, , requestId, method, , , , clientAddress] = message;
  // The Fetch standard forbids these methods; `portico start` and the clouds refuse them without the function too.
  if (/^(?:CONNECT|TRACE|TRACK)$/.test(method)) return new Response(null, { status: 405 });
  const waitUntil = (promise: Promise<unknown>): void => {
    const settled: Promise<void> = Promise.resolve(promise)
      .then(
        () => {},
        (error: unknown) => print("stderr", `${requestId} ${toFailure(error).stack}`),
      )
      .finally(() => {
        backgroundWork.delete(settled);
        endIfIdle();
      });
    backgroundWork.add(settled);
  };
  const request = call.request();
  [shared[counters.running]] = message;
  const response = fetch(request, { env, requestId, clientAddress, platform, waitUntil });
  shared[counters.running] = 0;
  return response;
}

/** A function that cannot be loaded fails only its own requests. */
async function load(registered: RegisteredFunction): Promise<Fetch> {
  registered.loading ??= importFetch(registered.url);
  return (registered.fetch = await registered.loading);
}

async function importFetch(url: string): Promise<Fetch> {
  shared[counters.loading]!++;
  try {
    return ((await import(url)) as { readonly default: Fetch }).default;
  } finally {
    shared[counters.loading]!--;
  }
}

function endIfIdle(): void {
  if (draining && calls.size === 0 && backgroundWork.size === 0) send({ kind: "idle" });
}

if (hiddenVariable !== undefined) delete process.env[hiddenVariable];
// The same classes as under `portico start`.
installLazyResponse();
installLazyRequest();
port.on("message", (messages: readonly ToThread[]) => {
  for (const message of messages) receive(message);
});
send({ kind: "ready" });
