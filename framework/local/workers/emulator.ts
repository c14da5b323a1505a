/** The Workers emulation: loaded functions and requests in, answers of real workerd out, one Worker Loader isolate per function. */
import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Failure, Invocation, LoadedFunction, LogLine } from "../../model/invocation.ts";
import type { WireRequest } from "../../model/wire.ts";
import type { Destination, Emulator } from "../emulator.ts";
import { jsonAnswer } from "../guard.ts";
import { readAnswer, type WorkerdAnswer } from "./answer.ts";
import { watchCpu } from "./cpu-limit.ts";
import { forward, sendsBody } from "./forward.ts";
import { keepConnections, type KeptConnections, SilentlyClosed } from "./kept-connections.ts";
import { headersTooLarge, maxCpuMs, refusedAnswer, refusedByEdge } from "./limits.ts";
import { createLoadedFunctions, type LoadedFunctions } from "./loaded-functions.ts";
import { type Host, newestCompatibilityDate, startHost } from "./miniflare.ts";

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
  const loaded = createLoadedFunctions();
  const compatibilityDate = usableDate(options);
  const open = (): Promise<Workerd> => {
    const opening = start({ ...options, compatibilityDate }, token, loaded);
    // Told by the call that needs it.
    opening.catch(() => undefined);
    return opening;
  };
  let host = open();
  const watch = watchCpu({
    ping: async () => ping(await host),
    limitMs: options.cpuMs ?? maxCpuMs,
    // One thread runs every function: with the one that does not end, all go.
    onExceeded: () => {
      host = host.then((stuck) => stuck.close()).then(open);
      host.catch(() => undefined);
    },
  });
  const run = async (hop: Hop, fn: LoadedFunction): Promise<Invocation> => {
    const asked = host;
    const left = watch.enter();
    const answered = loaded.hold(hop.key, fn);
    try {
      return await toInvocation(await send(await asked, hop), token);
    } catch (error) {
      if (asked !== host) return cpuExceeded(options.cpuMs ?? maxCpuMs, hop.key);
      if (!overflows.has((error as NodeJS.ErrnoException).code)) throw error;
      return undeliverable(500, headersTooLarge("more than 1 MB of"), false);
    } finally {
      answered();
      left();
    }
  };
  return {
    invoke(fn, request, to) {
      const refused = refusedByEdge(request);
      if (refused) return Promise.resolve({ response: refused, cold: false });
      return run({ key: `${fn.id}/${fn.hash}`, token, request, to }, fn);
    },
    // workerd drops isolates that nobody asks for.
    retire: (id) => loaded.retire(id),
    async close() {
      watch.close();
      const running = await host.catch(() => undefined);
      await running?.close();
    },
  };
}

/** A running workerd and our connections to it. */
interface Workerd extends Host {
  readonly connections: KeptConnections;
}

/** How the two clients say that an answer's head has more than 1 MB. */
const overflows: ReadonlySet<string | undefined> = new Set(["HPE_HEADER_OVERFLOW", "UND_ERR_HEADERS_OVERFLOW"]);

async function start(options: WorkersOptions, token: string, loaded: LoadedFunctions): Promise<Workerd> {
  const { compatibilityDate } = options;
  const [script, isolate, cap] = (await Promise.all(["host-worker.mjs", "isolate-worker.mjs", "pbkdf2-cap.mjs"].map(read))) as [
    string,
    string,
    string,
  ];
  const host = await startHost({
    script,
    bindings: { TOKEN: token },
    source: async (path) => {
      const fn = loaded.get(decodeURIComponent(path.slice(1)));
      if (!fn) throw new Error(`No function is loaded as ${path}`);
      return JSON.stringify({ compatibilityDate, compatibilityFlags: ["nodejs_compat"], ...(await toWorker(fn, { isolate, cap }, token)) });
    },
    onLine: ({ level, message }) => {
      const [, id = "host", text = message] = /^\[([a-z0-9-]+)\] ?(.*)$/s.exec(message) ?? [];
      options.onLog({ function: id, stream: level === "error" || level === "warn" ? "stderr" : "stdout", text });
    },
  });
  const connections = keepConnections(host.port);
  return { port: host.port, connections, close: async () => void (await Promise.all([connections.close(), host.close()])) };
}

function usableDate({ compatibilityDate, onNotice }: WorkersOptions): string {
  const newest = newestCompatibilityDate();
  if (compatibilityDate <= newest) return compatibilityDate;
  onNotice(`the local workerd knows compatibility dates up to ${newest}; running with that instead of ${compatibilityDate}`);
  return newest;
}

/** The texts of what stands around a function in its isolate. */
interface Wrappers {
  readonly isolate: string;
  readonly cap: string;
}

/** A function's folder as Worker Loader code: its module, its wasm files, and the development wrapper as the main module. */
async function toWorker(fn: LoadedFunction, { isolate, cap }: Wrappers, token: string): Promise<object> {
  const names = (await readdir(fn.directory)).filter((name) => name !== fn.main && name.endsWith(".wasm"));
  const wasm = await Promise.all(
    names.map(async (name) => [name, { wasmBase64: await readFile(join(fn.directory, name), "base64") }] as const),
  );
  const js = await readFile(join(fn.directory, fn.main), "utf8");
  const words = { TOKEN: token, FUNCTION: fn.id, MAIN: fn.main };
  return {
    mainModule: "isolate.js",
    modules: {
      "isolate.js": isolate.replaceAll(/PORTICO_(TOKEN|FUNCTION|MAIN)/g, (_, word: keyof typeof words) => words[word]),
      "pbkdf2-cap.mjs": { js: cap.replaceAll("PORTICO_DERIVES_KEYS", String(js.includes("pbkdf2"))) },
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

async function send({ port, connections }: Workerd, { key, token, request, to }: Hop): Promise<WorkerdAnswer> {
  const { method, target: url, body, clientAddress } = request;
  const headers: (readonly [string, string])[] = [
    [`x-${token}-key`, key],
    ["cf-ray", to.requestId],
    ["cf-connecting-ip", clientAddress],
  ];
  for (const header of request.headers) if (!platformHeaders.has(header[0].toLowerCase())) headers.push(header);
  const forwarded = { method, url, headers, body };
  if (!sendsBody(forwarded)) {
    try {
      return await connections.ask(forwarded);
    } catch (error) {
      // Once more, on a connection of its own.
      if (!(error instanceof SilentlyClosed)) throw error;
    }
  }
  return readAnswer(await forward(false, port, forwarded));
}

/** Resolves when workerd has answered anything. */
const ping = async ({ connections }: Workerd): Promise<void> =>
  void (await connections.ask({ method: "GET", url: "/", headers: [["host", "ping"]] }));

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

async function toInvocation({ status, headers, body }: WorkerdAnswer, token: string): Promise<Invocation> {
  const prefix = `x-${token}-`;
  const answered: (readonly [string, string])[] = [];
  let text: string | undefined;
  let cold = false;
  for (const header of headers) {
    if (!header[0].startsWith(prefix)) answered.push(header);
    else if (header[0].endsWith("-failure")) text = header[1];
    else if (header[0].endsWith("-cold")) cold = header[1] === "true";
  }
  const failure = text === undefined ? undefined : (JSON.parse(decodeURIComponent(text)) as Failure);
  const refused = refusedAnswer(answered);
  if (refused) {
    if (body instanceof ReadableStream) await body.cancel();
    return undeliverable(500, refused, cold);
  }
  return { response: { status, headers: answered, body }, cold, ...(failure && { failure }) };
}
