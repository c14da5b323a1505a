/** The server of `portico dev`: HTTP in; static files, functions through the target's emulation, and error pages out. */
import { randomUUID } from "node:crypto";
import type { LambdaFront } from "../model/app.ts";
import type { Failure, FunctionSource, LoadedFunction } from "../model/invocation.ts";
import type { BuiltAsset } from "../model/manifest.ts";
import type { Target } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";
import type { WireRequest, WireResponse } from "../model/wire.ts";
import type { AccessRecord } from "./access-log.ts";
import type { ClientLeft } from "./client-left.ts";
import type { Emulator } from "./emulator.ts";
import { brokenResponse, type FailedCall, failureResponse } from "./error-page.ts";
import { createFolderSite, type FolderSite } from "./folder-site.ts";
import { jsonAnswer } from "./guard.ts";
import { listen } from "./listen.ts";
import { measured } from "./measured.ts";
import { missingResponse } from "./missing-page.ts";
import { type MappedFailure, mapFailure } from "./source-frame.ts";
import { createStaticFiles, type StaticFiles } from "./static-files.ts";
import { createTables, type Decision, type DevRoute, type Tables } from "./tables.ts";
import { headersOf, toWireResponse } from "./web.ts";
import { maxBody, maxHead } from "./workers/limits.ts";

/** A function threw; for the terminal. */
export interface FailureReport extends FailedCall {
  readonly failure: MappedFailure;
  readonly status: number;
}

/** What the gateway serves, and whom it tells. */
export interface GatewayOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** Host names besides the loopback ones. */
  readonly hosts?: readonly string[];
  readonly target: Target;
  /** Of target lambda: an HTTP API, when absent. */
  readonly front?: LambdaFront;
  /** Absolute path of the app; assets are read from it when they are asked for. */
  readonly root: string;
  readonly emulator: Emulator;
  readonly source: FunctionSource;
  /** Set where there is no functions/: every path that is no route is looked up in the root itself. Gives a file's Content-Type. */
  readonly folder?: (file: string) => string;
  /** Once per request, when its answer is out. */
  readonly onAccess: (record: AccessRecord) => void;
  /** A function threw and a page showed it. */
  readonly onFailure: (report: FailureReport) => void;
  /** A function that does not build (UserError, once per build), or a bug. */
  readonly onError: (error: unknown) => void;
}

/** A gateway that listens. */
export interface Gateway {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Swaps routes and assets at once. Throws UserError where they clash; then the ones before keep serving. */
  update(now: { readonly routes: readonly DevRoute[]; readonly assets: readonly BuiltAsset[] }): void;
  /** Stops listening; the emulator is its owner's to close. */
  close(): Promise<void>;
}

/** An answer, and what the access log says of it. */
interface Answer {
  readonly response: WireResponse;
  readonly route?: string;
  readonly cold?: boolean;
}

/** What is served at one moment, and by whom. */
interface Serving {
  readonly tables: Tables;
  readonly site: FolderSite | undefined;
  readonly files: StaticFiles;
}

/** What one request carries through the gateway. */
interface Exchange {
  readonly request: WireRequest;
  readonly requestId: string;
  readonly left: ClientLeft;
  readonly options: GatewayOptions;
}

/** Listens at once and serves nothing until `update`. Rejects with UserError when the port is taken. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const site = options.folder && createFolderSite(options.root, options.folder);
  const files = createStaticFiles(options.root);
  const told = new WeakSet<UserError>();
  const onError = (error: unknown): void => {
    // A broken function fails every request with the same error.
    if (error instanceof UserError) {
      if (told.has(error)) return;
      told.add(error);
    }
    options.onError(error);
  };
  const front = options.front === "function-url" ? options.front : options.target;
  let tables = createTables(front, [], []);
  const own = { ...options, onError };
  const handle = async (request: WireRequest, left: ClientLeft): Promise<WireResponse> => {
    const exchange: Exchange = { request, requestId: randomUUID(), left, options: own };
    return logged(exchange, () => answer(exchange, { tables, site, files }));
  };
  const limits = options.target === "workers" ? { maxHead, maxBody: maxBody + 1 } : {};
  const { port, url, close } = await listen({ port: options.port, hosts: options.hosts ?? [], ...limits, handle, onError });
  return {
    port,
    url,
    update: ({ routes, assets }) => {
      tables = createTables(front, routes, assets);
    },
    close,
  };
}

/** Tells the access log once the last byte is out, or the client has left. */
async function logged({ request, requestId, left, options }: Exchange, give: () => Promise<Answer>): Promise<WireResponse> {
  const { clientAddress, method, target } = request;
  const time = new Date();
  const start = performance.now();
  const tell = (status: number, bytes: number, { route, cold }: Omit<Answer, "response">): void =>
    options.onAccess({
      ...{ time, clientAddress, method, target, status, bytes, durationMs: performance.now() - start, requestId },
      ...(route !== undefined && { route }),
      ...(cold !== undefined && { cold }),
      aborted: left.happened,
    });
  try {
    const { response, ...facts } = await give();
    return measured(response, method, (bytes) => tell(response.status, bytes, facts));
  } catch (error) {
    tell(500, 0, {});
    throw error;
  }
}

async function answer(exchange: Exchange, serving: Serving): Promise<Answer> {
  const { request } = exchange;
  const { tables, site } = serving;
  const [path = "/"] = request.target.split("?", 1);
  let decision: Decision;
  try {
    decision = tables.decide(request.method, path);
  } catch (error) {
    if (error instanceof URIError) return { response: jsonAnswer(400, { error: "Bad Request" }) };
    throw error;
  }
  if (decision.kind === "route") return runRoute(exchange, decision);
  return { response: (await staticAnswer(exchange, decision, serving)) ?? missingResponse(request, site ? undefined : tables.routes) };
}

async function staticAnswer(
  { request }: Exchange,
  decision: Exclude<Decision, { kind: "route" }>,
  { tables: { page }, site, files }: Serving,
): Promise<WireResponse | undefined> {
  const { path } = decision;
  const [, query] = /^[^?]*(\?.*)?$/.exec(request.target) ?? [];
  const asked = new Request(`http://localhost${path}${query ?? ""}`, { method: request.method, headers: headersOf(request) });
  const found =
    (decision.kind === "asset" ? await files.answer(asked, decision.asset) : await site?.(asked)) ??
    (page && (await files.missing(asked, page)));
  return found instanceof Response ? toWireResponse(found) : found;
}

async function runRoute(exchange: Exchange, decision: Extract<Decision, { kind: "route" }>): Promise<Answer> {
  const { request, requestId, left, options } = exchange;
  const { route, routeKey, pathParameters } = decision;
  const call: FailedCall = { request, requestId, route: route.pattern, file: route.file };
  let fn: LoadedFunction;
  try {
    fn = await options.source.load(route.function);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    options.onError(error);
    return { response: brokenResponse(error, call), route: route.pattern };
  }
  const { response, cold, failure } = await options.emulator.invoke(fn, request, { routeKey, pathParameters, requestId, left });
  if (!failure || response.status < 500) return { response, cold, route: route.pattern };
  return { response: await failed(exchange, { response, failure, fn, call }), cold, route: route.pattern };
}

interface Failed {
  readonly response: WireResponse;
  readonly failure: Failure;
  readonly fn: LoadedFunction;
  readonly call: FailedCall;
}

/** The emulation's answer gives way to ours, its status kept. */
async function failed({ options }: Exchange, { response, failure, fn, call }: Failed): Promise<WireResponse> {
  const { status, body } = response;
  if (body instanceof ReadableStream) await body.cancel();
  const mapped = await mapFailure(failure, fn, options.root);
  options.onFailure({ ...call, failure: mapped, status });
  return failureResponse(status, mapped, call);
}
