/** The Workers emulation: runs all functions of an app in one Worker of a real workerd. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Agent } from "node:http";
import type { Failure, Invocation, LoadedFunction, LogLine } from "../../model/invocation.ts";
import { type HttpRequest, type HttpResponse, jsonResponse } from "../../model/http-message.ts";
import type { Destination, Emulator } from "../emulator.ts";
import { compatibilityFlags as flagsOf } from "../../model/app.ts";
import { UserError } from "../../model/user-error.ts";
import { countBytes } from "../../http/count-bytes.ts";
import { watchCpu } from "./cpu-limit.ts";
import { headersTooLarge, maxCpuMs, refusedResponse, refusedByEdge } from "./limits.ts";
import { fallbackModule } from "./module-fallback.ts";
import { createLoadedFunctions } from "./loaded-functions.ts";
import { type Host, type HostOptions, newestCompatibilityDate, startHost } from "./miniflare.ts";
import { startRolling } from "./rolling-restart.ts";
import type { WorkerBindings } from "./worker-bindings.ts";
import { forward, readResponse, type WorkerdResponse } from "./workerd-proxy.ts";

/** How the emulation is set up. */
export interface WorkersOptions {
  /** YYYY-MM-DD, as hosting.json has it. */
  readonly compatibilityDate: string;
  /** The complete list, those that are always sent among them. */
  readonly compatibilityFlags: readonly string[];
  readonly onLog: (line: LogLine) => void;
  /** Called once, with a sentence, when the emulation differs from the cloud. */
  readonly onNotice: (text: string) => void;
  /** Called at each start of workerd. Without it, or where it gives undefined, the functions have no bindings. */
  readonly bindings?: () => Promise<WorkerBindings | undefined>;
  /** Milliseconds that a Worker may compute without a pause. Default 30,000, the Paid plan's CPU time. */
  readonly cpuMs?: number;
}

const read = (file: string): Promise<string> => readFile(new URL(file, import.meta.url), "utf8");

/** The emulation, whose workerd can be restarted. */
export interface WorkersEmulator extends Emulator {
  /** Reads the bindings again; running requests end in the workerd that they began in. */
  restart(): void;
}

/** Bytes of loaded modules that make an edit restart workerd, which never unloads the modules of old builds. */
const maxLoadedBytes = 64 * 1024 * 1024;

/**
 * Starts workerd at once, before the first request; workerd loads a function at its first request. Throws UserError
 * MINIFLARE_MISSING.
 */
export function createWorkersEmulator(options: WorkersOptions): WorkersEmulator {
  const token = randomBytes(12).toString("hex");
  const loaded = createLoadedFunctions();
  const compatibilityDate = usableDate(options);
  let loadedBytes = 0;
  const workerds = startRolling(() => {
    loadedBytes = 0;
    return start({ ...options, compatibilityDate }, token, (path) =>
      fallbackModule(path, loaded.get, (bytes) => (loadedBytes += bytes)),
    );
  });
  const cpuMs = options.cpuMs ?? maxCpuMs;
  const watch = watchCpu({
    // A workerd that is still starting cannot respond yet.
    ping: async () => (workerds.current().isStarted ? ping(await workerds.current().workerd) : undefined),
    limitMs: cpuMs,
    // One thread runs every function, so an endless loop blocks all of them.
    onExceeded: workerds.replaceStuck,
  });
  const run = async (hop: Hop, fn: LoadedFunction): Promise<Invocation> => {
    const { used, release } = workerds.enter();
    const releaseBuild = loaded.hold(hop.key, fn);
    await used.workerd.catch(() => undefined);
    const endWatch = watch.enter();
    try {
      const invocation = await toInvocation(await send(await used.workerd, hop), token);
      return { ...invocation, response: countBytes(invocation.response, hop.request.method, release) };
    } catch (error) {
      release();
      if (used.isStuck && !hop.to.disconnect?.happened) return cpuExceeded(cpuMs, hop.key);
      return failedHop(error, hop);
    } finally {
      releaseBuild();
      endWatch();
    }
  };
  return {
    invoke(fn, request, to) {
      const refused = refusedByEdge(request);
      if (refused) return Promise.resolve({ response: refused, cold: false });
      return run({ key: `${fn.id}/${fn.hash}`, token, request, to }, fn);
    },
    retire(id) {
      loaded.retire(id);
      if (loadedBytes > maxLoadedBytes) workerds.restart();
    },
    restart: workerds.restart,
    async close() {
      watch.close();
      await workerds.close();
    },
  };
}

/**
 * The invocation of a request without a response; rethrows an error that is neither the client's nor the function's.
 */
function failedHop(error: unknown, { to }: Hop): Invocation {
  if (to.disconnect?.happened) return { response: clientClosedRequest, cold: false };
  if ((error as NodeJS.ErrnoException).code !== "HPE_HEADER_OVERFLOW") throw error;
  return undeliverable(500, headersTooLarge("more than 1 MB of"), false);
}

const defaultFlags = flagsOf({});

/** For the access log alone: 499 is nginx's status for a client that disconnected. */
const clientClosedRequest: HttpResponse = { status: 499, headers: [], body: new Uint8Array() };

/** A running workerd and our connections to it. */
interface Workerd extends Host {
  readonly agent: Agent;
}

/**
 * Throws UserError COMPATIBILITY_FLAGS where workerd does not start with flags that hosting.json names; workerd has
 * printed why.
 */
async function startWith(flags: readonly string[], options: Omit<HostOptions, "compatibilityFlags">): Promise<Host> {
  try {
    return await startHost({ ...options, compatibilityFlags: flags });
  } catch (cause) {
    const given = flags.filter((flag) => !defaultFlags.includes(flag));
    if ((cause as { readonly code?: unknown }).code !== "ERR_RUNTIME_FAILURE" || given.length === 0) throw cause;
    const message = `the local workerd does not start with the compatibility flags ${given.join(", ")}`;
    const fix =
      'Remove flags from "workers": { "compatibilityFlags" } in hosting.json that this workerd does not know, ' +
      `or that the compatibility date ${options.compatibilityDate} enables already.`;
    throw new UserError("COMPATIBILITY_FLAGS", message, fix, { cause });
  }
}

async function start(options: WorkersOptions, token: string, fallback: HostOptions["fallback"]): Promise<Workerd> {
  const { compatibilityDate, compatibilityFlags } = options;
  const [script, cap] = (await Promise.all(["host-worker.mjs", "pbkdf2-cap.mjs"].map(read))) as [string, string];
  const bindings = await options.bindings?.();
  const constants = {
    TOKEN: token,
    BINDINGS: JSON.stringify(bindings ? bindingNames(bindings) : []),
    FILLS_PROCESS: String(compatibilityDate >= populatesProcessEnv),
    DERIVES_KEYS: "true",
  };
  const fill = (text: string): string =>
    text.replaceAll(/\bPORTICO_([A-Z_]+)\b/g, (match, name: keyof typeof constants) => constants[name] ?? match);
  const host = await startWith(compatibilityFlags, {
    modules: [
      { path: "host.mjs", contents: fill(script) },
      { path: "pbkdf2-cap.mjs", contents: fill(cap) },
    ],
    compatibilityDate,
    ...(bindings && { bindings }),
    fallback,
    onLine: ({ level, message }) => {
      const [, id = "host", text = message] = /^\[([a-z0-9_-]+)\] ?(.*)$/s.exec(message) ?? [];
      options.onLog({ function: id, stream: level === "error" || level === "warn" ? "stderr" : "stdout", text });
    },
  });
  const agent = new Agent({ keepAlive: true });
  return {
    port: host.port,
    agent,
    async close() {
      agent.destroy();
      await host.close();
    },
  };
}

/** workerd fills process.env from this date on (compatibility flag nodejs_compat_populate_process_env). */
const populatesProcessEnv = "2025-04-01";

const bindingNames = ({ values, kv, d1, r2, queues, rateLimits, services }: WorkerBindings): readonly string[] =>
  [values, kv, d1, r2, queues, rateLimits, services].flatMap((kind) => Object.keys(kind));

function usableDate({ compatibilityDate, onNotice }: WorkersOptions): string {
  const newest = newestCompatibilityDate();
  if (compatibilityDate <= newest) return compatibilityDate;
  onNotice(
    `the local workerd knows compatibility dates up to ${newest}; running with that instead of ${compatibilityDate}`,
  );
  return newest;
}

/** A request on its way to workerd. */
interface Hop {
  /** `id/hash` of the function's build. */
  readonly key: string;
  readonly token: string;
  readonly request: HttpRequest;
  readonly to: Destination;
}

/** Cloudflare sets these on every request and drops a client's own. */
const platformHeaders = new Set(["cf-ray", "cf-connecting-ip"]);

async function send({ port, agent }: Workerd, { key, token, request, to }: Hop): Promise<WorkerdResponse> {
  const { method, target: url, body, clientAddress } = request;
  const headers: (readonly [string, string])[] = [
    [`x-${token}-key`, key],
    ["cf-ray", to.requestId],
    ["cf-connecting-ip", clientAddress],
  ];
  for (const header of request.headers) if (!platformHeaders.has(header[0].toLowerCase())) headers.push(header);
  return readResponse(await forward(agent, port, { method, url, headers, body }, to.disconnect));
}

/** Resolves when workerd has responded, whatever the status. */
async function ping({ port, agent }: Workerd): Promise<void> {
  const request = { method: "GET", url: "/", headers: [["host", "ping"]], body: null } as const;
  (await forward(agent, port, request)).resume();
}

const undeliverable = (status: number, failure: Failure, cold: boolean): Invocation => ({
  response: jsonResponse(status, { error: status === 503 ? "Service Unavailable" : "Internal Server Error" }),
  cold,
  failure,
});

/** Cloudflare's error 1102, for every request of the stuck workerd: which function loops is not known. */
function cpuExceeded(milliseconds: number, key: string): Invocation {
  const [id] = key.split("/", 1);
  const message =
    `workerd did not respond for ${milliseconds / 1000} s while ${id} ran, so it was restarted: a function ` +
    "computes without end. Cloudflare's CPU limit is 30 s (Paid) or 10 ms (Free); it responds with 503";
  return undeliverable(503, { name: "ExceededCpu", message, stack: "" }, false);
}

async function toInvocation({ status, headers, body }: WorkerdResponse, token: string): Promise<Invocation> {
  const prefix = `x-${token}-`;
  const ownHeaders: (readonly [string, string])[] = [];
  let text: string | undefined;
  let cold = false;
  for (const header of headers) {
    if (!header[0].startsWith(prefix)) ownHeaders.push(header);
    else if (header[0].endsWith("-failure")) text = header[1];
    else if (header[0].endsWith("-cold")) cold = header[1] === "true";
  }
  const failure = text === undefined ? undefined : (JSON.parse(decodeURIComponent(text)) as Failure);
  const refused = refusedResponse(ownHeaders);
  if (refused) {
    if (body instanceof ReadableStream) await body.cancel();
    return undeliverable(500, refused, cold);
  }
  return { response: { status, headers: ownHeaders, body }, cold, ...(failure && { failure }) };
}
