/**
 * The HTTP server of `portico dev`: answers each request from static files, from a function in the target's emulation,
 * or with an error page.
 */
import { randomUUID } from "node:crypto";
import { uploadsFunctionId } from "../bundler/function-groups.ts";
import type { LambdaFront } from "../model/app.ts";
import type { FunctionSource, LoadedFunction } from "../model/invocation.ts";
import type { BuiltAsset } from "../model/manifest.ts";
import type { Target } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";
import type { HttpRequest, HttpResponse } from "../model/http-message.ts";
import type { AccessRecord } from "../http/access-log.ts";
import type { ClientDisconnect } from "../http/client-disconnect.ts";
import type { Emulator } from "../emulation/emulator.ts";
import { type RoutedResponse, withAccessLog } from "../http/access-logging.ts";
import {
  createDevRouting,
  type DevRoute,
  type DevRouting,
  type RouteDecision,
  type RoutingDecision,
  trailingSlashRedirect,
} from "./dev-routing.ts";
import { createDirectoryServer, type DirectoryServer } from "./directory-server.ts";
import { buildErrorResponse, type FailedRequest, failureResponse } from "./error-page.ts";
import { defaultMaxBody, listen, type ListenOptions } from "../http/loopback-server.ts";
import { apiPageResponse } from "./api-page.ts";
import type { OpenApiDocument } from "./openapi-document.ts";
import { badRequestResponse, notFoundResponse } from "./not-found-page.ts";
import { identityResponse, requestIdentity } from "./server-identity.ts";
import { type MappedFailure, mapFailure } from "./source-frame.ts";
import { createStaticFiles, type StaticFiles } from "./static-files.ts";
import { toHttpResponse } from "../http/response-conversion.ts";
import { toHeaders } from "../http/to-request.ts";
import { isUploadPath, uploadsPath } from "../runtime/path.ts";
import { maxBody, maxHead } from "../emulation/workers/limits.ts";

/** A failed request, its failure and its status, for the terminal. */
export interface FailureReport extends FailedRequest {
  readonly failure: MappedFailure;
  readonly status: number;
}

/** The way from a route to its function's response, and the receivers of its failures. */
interface FunctionRunner {
  /** Absolute path of the app; assets are read from it when they are requested. */
  readonly root: string;
  readonly target: Target;
  readonly emulator: Emulator;
  readonly source: FunctionSource;
  /** A function threw and a page showed it. */
  readonly onFailure: (report: FailureReport) => void;
  /** A function that does not build (UserError, once per build), or a bug. */
  readonly onError: (error: unknown) => void;
}

/** The settings of a gateway and the receivers of its reports. */
export interface GatewayOptions extends FunctionRunner {
  /** 0 takes a free one. */
  readonly port: number;
  /** Host names besides the loopback ones. */
  readonly hosts?: readonly string[];
  /** Of target lambda: an HTTP API, when absent. */
  readonly front?: LambdaFront;
  /** As in hosting.json. */
  readonly trailingSlash?: "redirect";
  /** Describes the app's API, which runs its code; absent for a folder without functions/. */
  readonly describe?: () => Promise<OpenApiDocument>;
  /**
   * Set for a folder without functions/: each path without a route is looked up in the root itself. Gives a file's
   * Content-Type.
   */
  readonly directory?: (file: string) => string;
  /** Called once per request, when its response is sent. */
  readonly onAccess: (record: AccessRecord) => void;
}

/** A gateway that listens. */
export interface Gateway {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Swaps routes and assets at once. Throws UserError for a conflict; the earlier ones then stay. */
  update(content: { readonly routes: readonly DevRoute[]; readonly assets: readonly BuiltAsset[] }): void;
  /** Stops listening. Its creator closes the emulator. */
  close(): Promise<void>;
}

/** The files that are served at one moment, and where each path leads. */
interface Content {
  readonly routing: DevRouting;
  readonly directory: DirectoryServer | undefined;
  readonly files: StaticFiles;
}

/** One request. */
interface Exchange {
  readonly request: HttpRequest;
  readonly requestId: string;
  readonly disconnect: ClientDisconnect;
}

/** Listens at once and serves nothing until `update`. Rejects with UserError when the port is taken. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { root, target, emulator, source, onFailure, onAccess } = options;
  const directory = options.directory && createDirectoryServer(root, options.directory);
  const files = createStaticFiles(root);
  const onError = reportOnce(options.onError);
  const runner: FunctionRunner = { root, target, emulator, source, onFailure, onError };
  const front = options.front === "function-url" ? options.front : target;
  let routing = createDevRouting(front, [], []);
  const handle = async (request: HttpRequest, disconnect: ClientDisconnect): Promise<HttpResponse> => {
    const identity = identityResponse(request, { root });
    if (identity) return identity;
    const page = options.describe && (await apiPageResponse(request, options.describe));
    if (page) return page;
    const exchange = { request, requestId: randomUUID(), disconnect };
    return withAccessLog({ ...exchange, onAccess }, () =>
      answer(exchange, { routing, directory, files }, options, runner),
    );
  };
  const { port, url, close } = await listen({
    port: options.port,
    hosts: options.hosts ?? [],
    ...limitsOf(target),
    handle,
    onError,
  }).catch(async (error: unknown) => {
    throw await withPortOwner(error, options.port);
  });
  return {
    port,
    url,
    update: ({ routes, assets }) => {
      routing = createDevRouting(front, routes, assets);
    },
    close,
  };
}

/** Names the app whose `portico dev` has the port. */
async function withPortOwner(error: unknown, port: number): Promise<unknown> {
  if (!(error instanceof UserError) || error.code !== "PORT_IN_USE") return error;
  const owner = await requestIdentity(port).catch(() => undefined);
  if (!owner) return error;
  return new UserError(error.code, `${error.message} by portico dev of ${owner.root}`, error.fix, { cause: error });
}

/** On Node the limit of bodies is not that of upload forms, which are held in memory here. */
function limitsOf(target: Target): Pick<ListenOptions, "maxHead" | "maxBody"> {
  if (target === "workers") return { maxHead, maxBody: maxBody + 1 };
  if (target === "lambda") return {};
  return {
    maxBody: ({ method, url = "" }) => (isUpload(method, url) ? maxBody : defaultMaxBody),
  };
}

/** @param target path and query */
const isUpload = (method: string | undefined, target: string): boolean =>
  method === "POST" && isUploadPath(target.split("?", 1)[0] ?? "");

/** A function that does not build fails every request with the same error, which is reported once. */
function reportOnce(onError: (error: unknown) => void): (error: unknown) => void {
  const reported = new WeakSet<UserError>();
  return (error) => {
    if (error instanceof UserError) {
      if (reported.has(error)) return;
      reported.add(error);
    }
    onError(error);
  };
}

async function answer(
  exchange: Exchange,
  content: Content,
  { target, front, trailingSlash }: Pick<GatewayOptions, "target" | "front" | "trailingSlash">,
  runner: FunctionRunner,
): Promise<RoutedResponse> {
  const { request, requestId } = exchange;
  const { routing, directory } = content;
  const [path = "/"] = request.target.split("?", 1);
  // Lambda's forms go to S3.
  if (isUpload(request.method, path) && target !== "lambda")
    return runRoute(exchange, uploadsDecision, routing.routes, runner);
  let decision: RoutingDecision;
  try {
    decision = routing.decide(request.method, path);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return { response: badRequestResponse({ target, ...(front && { front }) }, requestId) };
  }
  if (decision.kind === "route") return runRoute(exchange, decision, routing.routes, runner);
  const redirect =
    trailingSlash && decision.kind === "none" ? trailingSlashRedirect(request, decision.path, routing) : undefined;
  const response = redirect ?? (await staticResponse(request, decision, content));
  return { response: response ?? notFoundResponse(request, directory ? undefined : routing.routes) };
}

/** What receives upload forms, which is no route of the app's. */
const uploadsDecision: RouteDecision = {
  kind: "route",
  route: {
    id: uploadsFunctionId,
    file: "portico/files",
    pattern: `${uploadsPath}*`,
    segments: [],
    middleware: [],
    function: uploadsFunctionId,
  },
  routeKey: `POST ${uploadsPath}*`,
  pathParameters: {},
};

async function staticResponse(
  httpRequest: HttpRequest,
  decision: Exclude<RoutingDecision, { kind: "route" }>,
  { routing: { notFoundPage }, directory, files }: Content,
): Promise<HttpResponse | undefined> {
  const { path } = decision;
  const [, query] = /^[^?]*(\?.*)?$/.exec(httpRequest.target) ?? [];
  const request = new Request(`http://localhost${path}${query ?? ""}`, {
    method: httpRequest.method,
    headers: toHeaders(httpRequest.headers.flat()),
  });
  const response =
    (decision.kind === "asset" ? await files.answer(request, decision.asset) : await directory?.(request)) ??
    (notFoundPage && (await files.answerNotFound(request, notFoundPage)));
  return response instanceof Response ? toHttpResponse(response) : response;
}

async function runRoute(
  { request, requestId, disconnect }: Exchange,
  { route, routeKey, pathParameters }: RouteDecision,
  routes: DevRouting["routes"],
  runner: FunctionRunner,
): Promise<RoutedResponse> {
  const failed: FailedRequest = { request, requestId, route: route.pattern, file: route.file };
  let fn: LoadedFunction;
  try {
    fn = await runner.source.load(route.function);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    runner.onError(error);
    return { response: buildErrorResponse(error, failed), route: route.pattern };
  }
  const { response, cold, failure } = await runner.emulator.invoke(fn, request, {
    routeKey,
    pathParameters,
    requestId,
    disconnect,
  });
  if (!failure || response.status < 500) return { response, cold, route: route.pattern };
  const siblings = routes.filter((other) => other.function === route.function);
  const requested = { method: request.method, route, routes: siblings };
  const { status, body } = response;
  if (body instanceof ReadableStream) await body.cancel();
  const mapped = await mapFailure(failure, fn, runner, requested);
  runner.onFailure({ ...failed, failure: mapped, status });
  return { response: failureResponse(status, mapped, failed), cold, route: route.pattern };
}
