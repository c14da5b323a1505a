/** The Workers emulation: loaded functions and requests in, answers of real workerd out, one Worker Loader isolate per function. */
import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { Agent, IncomingMessage } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Failure, Invocation, LoadedFunction, LogLine } from "../../model/invocation.ts";
import type { WireHeaders, WireRequest } from "../../model/wire.ts";
import type { Destination, Emulator } from "../emulator.ts";
import { jsonAnswer } from "../guard.ts";
import { watchCpu } from "./cpu-limit.ts";
import { answeredHeaders, forward } from "./forward.ts";
import { headersTooLarge, maxCpuMs, refusedAnswer, refusedByEdge } from "./limits.ts";
import { type Host, newestCompatibilityDate, startHost } from "./miniflare.ts";

// Not imported: a module's namespace reads every export, and node:http's getters load its fetch implementation (18 ms).
const { Agent: HttpAgent } = process.getBuiltinModule("node:http");

/** How the emulation is set up. */
export interface WorkersOptions {
  /** YYYY-MM-DD, as hosting.json has it. */
  readonly compatibilityDate: string;
  readonly onLog: (line: LogLine) => void;
  /** Told once, in words, when something differs from the cloud. */
  readonly onNotice: (text: string) => void;
  /** Milliseconds that a Worker may compute without a pause. Default 30,000, the Paid plan's CPU time. */
  readonly cpuMs?: number;
}

const read = (file: string): Promise<string> => readFile(new URL(file, import.meta.url), "utf8");

/**
 * Starts workerd at once, for the first call to find it there; every function gets an isolate of its own, made when it is first asked
 * for. Throws UserError MINIFLARE_MISSING.
 */
export function createWorkersEmulator(options: WorkersOptions): Emulator {
  const token = randomBytes(12).toString("hex");
  const agent = new HttpAgent({ keepAlive: true });
  const loaded = new Map<string, LoadedFunction>();
  const compatibilityDate = usableDate(options);
  const open = (): Promise<Host> => {
    const opening = start({ ...options, compatibilityDate }, token, loaded);
    // Told by the call that needs it.
    opening.catch(() => undefined);
    return opening;
  };
  let host = open();
  const watch = watchCpu({
    ping: async () => ping(agent, (await host).port),
    limitMs: options.cpuMs ?? maxCpuMs,
    // One thread runs every function: with the one that does not end, all go.
    onExceeded: () => {
      host = host.then((stuck) => stuck.close()).then(open);
      host.catch(() => undefined);
    },
  });
  const run = async (hop: Hop): Promise<Invocation> => {
    const asked = host;
    const left = watch.enter();
    try {
      return await toInvocation(await send(agent, (await asked).port, hop), token);
    } catch (error) {
      if (asked !== host) return cpuExceeded(options.cpuMs ?? maxCpuMs, hop.key);
      if ((error as NodeJS.ErrnoException).code !== "HPE_HEADER_OVERFLOW") throw error;
      return undeliverable(500, headersTooLarge("more than 1 MB of"), false);
    } finally {
      left();
    }
  };
  return {
    invoke(fn, request, to) {
      const refused = refusedByEdge(request);
      if (refused) return Promise.resolve({ response: refused, cold: false });
      const key = `${fn.id}/${fn.hash}`;
      loaded.set(key, fn);
      return run({ key, token, request, to });
    },
    retire(id) {
      // workerd drops isolates that nobody asks for; what must not happen is that an old build is loaded anew.
      for (const key of loaded.keys()) if (key.startsWith(`${id}/`)) loaded.delete(key);
    },
    async close() {
      watch.close();
      agent.destroy();
      const running = await host.catch(() => undefined);
      await running?.close();
    },
  };
}

async function start(options: WorkersOptions, token: string, loaded: ReadonlyMap<string, LoadedFunction>): Promise<Host> {
  const { compatibilityDate } = options;
  const [script, isolate] = await Promise.all([read("host-worker.mjs"), read("isolate-worker.mjs")]);
  return startHost({
    script,
    bindings: { TOKEN: token },
    source: async (path) => {
      const fn = loaded.get(decodeURIComponent(path.slice(1)));
      if (!fn) throw new Error(`No function is loaded as ${path}`);
      return JSON.stringify({ compatibilityDate, compatibilityFlags: ["nodejs_compat"], ...(await toWorker(fn, isolate, token)) });
    },
    onLine: ({ level, message }) => {
      const [, id = "host", text = message] = /^\[([a-z0-9-]+)\] ?(.*)$/s.exec(message) ?? [];
      options.onLog({ function: id, stream: level === "error" || level === "warn" ? "stderr" : "stdout", text });
    },
  });
}

function usableDate({ compatibilityDate, onNotice }: WorkersOptions): string {
  const newest = newestCompatibilityDate();
  if (compatibilityDate <= newest) return compatibilityDate;
  onNotice(`the local workerd knows compatibility dates up to ${newest}; running with that instead of ${compatibilityDate}`);
  return newest;
}

/** A function's folder as Worker Loader code: its module, its wasm files, and the development wrapper as the main module. */
async function toWorker(fn: LoadedFunction, isolate: string, token: string): Promise<object> {
  const names = (await readdir(fn.directory)).filter((name) => name !== fn.main && name.endsWith(".wasm"));
  const wasm = await Promise.all(
    names.map(async (name) => [name, { wasmBase64: await readFile(join(fn.directory, name), "base64") }] as const),
  );
  const js = await readFile(join(fn.directory, fn.main), "utf8");
  const words = { TOKEN: token, FUNCTION: fn.id, MAIN: fn.main, DERIVES_KEYS: String(js.includes("pbkdf2")) };
  return {
    mainModule: "isolate.js",
    modules: {
      "isolate.js": isolate.replaceAll(/PORTICO_(TOKEN|FUNCTION|MAIN|DERIVES_KEYS)/g, (_, word: keyof typeof words) => words[word]),
      [fn.main]: { js },
      ...Object.fromEntries(wasm),
    },
    env: fn.env,
  };
}

interface Hop {
  readonly key: string;
  readonly token: string;
  readonly request: WireRequest;
  readonly to: Destination;
}

/** Cloudflare sets these on every request; what a client sends under those names never arrives. */
const platformHeaders = new Set(["cf-ray", "cf-connecting-ip"]);

function send(agent: Agent, port: number, { key, token, request, to }: Hop): Promise<IncomingMessage> {
  const { method, target, body, clientAddress } = request;
  const headers: WireHeaders = [
    [`x-${token}-key`, key],
    ["cf-ray", to.requestId],
    ["cf-connecting-ip", clientAddress],
    ...request.headers.filter(([name]) => !platformHeaders.has(name.toLowerCase())),
  ];
  return forward(agent, port, { method, url: target, headers, body });
}

/** Resolves when workerd has answered anything. */
async function ping(agent: Agent, port: number): Promise<void> {
  const answer = await forward(agent, port, { method: "GET", url: "/", headers: [["host", "ping"]], body: null });
  answer.resume();
}

const undeliverable = (status: number, failure: Failure, cold: boolean): Invocation => ({
  response: jsonAnswer(status, { error: status === 503 ? "Service Unavailable" : "Internal Server Error" }),
  cold,
  failure,
});

/** Cloudflare's error 1102. Who else was asked at that time cannot be told from the one that does not end. */
function cpuExceeded(milliseconds: number, key: string): Invocation {
  const [id] = key.split("/", 1);
  const message =
    `workerd did not answer for ${milliseconds / 1000} s while ${id} ran, so it was started again: ` +
    "a function computes without end. Cloudflare's CPU limit is 30 s (Paid) or 10 ms (Free), its answer 503";
  return undeliverable(503, { name: "ExceededCpu", message, stack: "" }, false);
}

/** Up to this many bytes are read whole, which costs a tenth of a stream. */
const smallBytes = 65_536;

/** Only what says how long it is, and that soon: all else may be there to be seen as it comes. */
async function bodyOf(message: IncomingMessage): Promise<Uint8Array | ReadableStream<Uint8Array>> {
  const length = Number(message.headers["content-length"] ?? Number.NaN);
  if (!(length <= smallBytes)) return Readable.toWeb(message) as ReadableStream<Uint8Array>;
  const parts: Buffer[] = [];
  const { promise: whole, resolve, reject } = Promise.withResolvers<void>();
  message.on("data", (part: Buffer) => parts.push(part));
  message.on("end", resolve);
  message.on("error", reject);
  await whole;
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

async function toInvocation(message: IncomingMessage, token: string): Promise<Invocation> {
  const prefix = `x-${token}-`;
  const answered: (readonly [string, string])[] = [];
  const owns = new Map<string, string>();
  for (const header of answeredHeaders(message)) {
    if (header[0].startsWith(prefix)) owns.set(header[0].slice(prefix.length), header[1]);
    else answered.push(header);
  }
  const own = (name: string): string | undefined => owns.get(name);
  const text = own("failure");
  const failure = text === undefined ? undefined : (JSON.parse(decodeURIComponent(text)) as Failure);
  const refused = refusedAnswer(answered);
  if (refused) {
    message.destroy();
    return undeliverable(500, refused, own("cold") === "true");
  }
  return {
    response: {
      status: message.statusCode ?? 502,
      headers: answered,
      body: await bodyOf(message),
    },
    cold: own("cold") === "true",
    ...(failure && { failure }),
  };
}
