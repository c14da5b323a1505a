/** The node emulation: loaded functions and requests in, answers of the functions themselves out, all in this process. */
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Failure, Invocation, LoadedFunction, LogLine } from "../../model/invocation.ts";
import type { WireRequest, WireResponse } from "../../model/wire.ts";
import type { Fetch } from "../../runtime/function.ts";
import type { Env } from "../../runtime/handler.ts";
import { plainParts } from "../../node/plain-response.ts";
import { type BodyReader, readAhead } from "../../node/read-ahead.ts";
import type { Destination, Emulator } from "../emulator.ts";
import { toRequest, toWireResponse } from "../web.ts";
import { type SharedProcess, shareProcess } from "./shared-process.ts";

/** How the emulation is set up. */
export interface NodeEmulatorOptions {
  /** Gets what functions print, and what they throw or reject where nobody awaits it. */
  readonly onLog: (line: LogLine) => void;
}

/** A module by the hash it was imported with. */
interface Loaded {
  readonly hash: string;
  readonly fetch: Promise<Fetch>;
}

/** What running calls reported, by request id: the hook is the process's, so emulations share it. */
const running = new Map<string, { failure?: Failure }>();

/**
 * A function's module is imported once per hash, and a module that cannot be loaded fails its own calls alone. Node keeps every module
 * that was ever imported: a long session grows by the bytes of each edit.
 */
export function createNodeEmulator({ onLog }: NodeEmulatorOptions): Emulator {
  const modules = new Map<string, Loaded>();
  globalThis.porticoReport = (error, requestId) => {
    const call = running.get(requestId);
    if (call) call.failure = toFailure(error);
  };
  let shared: SharedProcess | undefined;
  return {
    async invoke(fn, request, to) {
      const cold = modules.get(fn.id)?.hash !== fn.hash;
      shared ??= shareProcess(onLog);
      return shared.run(fn.id, async () => {
        if (cold) modules.set(fn.id, { hash: fn.hash, fetch: importFetch(fn) });
        const { fetch } = modules.get(fn.id)!;
        return { ...(await run(fetch, fn, { request, to, onLog })), cold };
      });
    },
    retire(id) {
      modules.delete(id);
    },
    async close() {
      modules.clear();
      shared?.release();
    },
  };
}

/** The query makes it another module for Node, so that new code is loaded beside the old. */
async function importFetch({ directory, main, hash }: LoadedFunction): Promise<Fetch> {
  const url = pathToFileURL(join(directory, main));
  url.search = hash;
  const module = (await import(url.href)) as { readonly default: Fetch };
  return module.default;
}

interface Asked {
  readonly request: WireRequest;
  readonly to: Destination;
  readonly onLog: (line: LogLine) => void;
}

async function run(loading: Promise<Fetch>, fn: LoadedFunction, { request, to, onLog }: Asked): Promise<Omit<Invocation, "cold">> {
  const { requestId, left } = to;
  const record: { failure?: Failure } = {};
  running.set(requestId, record);
  const waitUntil = (promise: Promise<unknown>): void =>
    void Promise.resolve(promise).catch((error: unknown) =>
      onLog({ function: fn.id, stream: "stderr", text: `${requestId} ${toFailure(error).stack}` }),
    );
  try {
    const fetch = await loading;
    const call = { env: fn.env as Env, requestId, clientAddress: request.clientAddress, platform: { name: "node" }, waitUntil } as const;
    // The Web has no Request for these; `portico start` and the clouds answer them without the function too.
    if (/^(?:CONNECT|TRACE|TRACK)$/.test(request.method)) return { response: { status: 405, headers: [], body: new Uint8Array() } };
    const response = await fetch(toRequest(request, left), call);
    return { response: await toAnswer(response), ...record };
  } catch (error) {
    return { response: bare500(requestId), failure: toFailure(error) };
  } finally {
    running.delete(requestId);
  }
}

/** As `portico start` sends it: what is in memory whole. Rejects with what `start` answers 500 for. */
async function toAnswer(response: Response): Promise<WireResponse> {
  // Not asked of a plain one, which that would make a whole one.
  if (!plainParts(response) && (response.bodyUsed || response.body?.locked))
    throw new TypeError("The handler returned a Response whose body something already reads");
  const wire = toWireResponse(response);
  if (!(wire.body instanceof ReadableStream)) return wire;
  const begun = await readAhead(wire.body);
  return { ...wire, body: "whole" in begun ? begun.whole : streamOf(begun.rest) };
}

const streamOf = ({ next, cancel }: BodyReader): ReadableStream<Uint8Array> =>
  new ReadableStream(
    {
      pull: async (controller) => {
        const part = await next();
        if (part) controller.enqueue(part);
        else controller.close();
      },
      cancel,
    },
    { highWaterMark: 0 },
  );

function bare500(requestId: string): WireResponse {
  const body = new TextEncoder().encode(JSON.stringify({ error: "Internal Server Error", requestId }));
  return { status: 500, headers: [["content-type", "application/json"]], body };
}

/** Our own frames, which sit below the function's in this one process, are nobody's clue. */
const ownFolder = new URL("../../", import.meta.url);
const ownFolders = [ownFolder.href, fileURLToPath(ownFolder)];

/** Anything can be thrown. */
function toFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), stack: `${String(error)} (thrown, and no Error)` };
  // They can be set to anything.
  const [name, message] = [String(error.name), String(error.message)];
  const stack = typeof error.stack === "string" ? error.stack : `${name}: ${message}`;
  const lines = stack.split("\n").filter((line) => !ownFolders.some((folder) => line.includes(folder)));
  return { name, message, stack: lines.join("\n") };
}
