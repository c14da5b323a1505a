/** Makes one route's function: its exported handlers in, `(request, call, params) → Response` out; it never throws. */
import type { Call, FetchApp, Handler } from "./handler.ts";
import type { Found } from "./path.ts";
import { problem } from "./problem.ts";

/** A plain route's handlers by method: HEAD included where GET is, and without a prototype, since any token can be a method. */
export interface Handlers {
  readonly [method: string]: Handler;
}

/** A route ready to be called; errors have become answers. */
export type RouteFunction = (request: Request, call: Call, params: Found) => Response | Promise<Response>;

/** A whole app, or one function of it, as one call. */
export type Fetch = (request: Request, call: Call) => Response | Promise<Response>;

/** True only in the development build (esbuild `define`); absent when the runtime runs unbundled. */
declare const PORTICO_DEV: boolean;
declare global {
  /** Set by the development emulation: receives what an answer must not show. */
  var porticoReport: ((error: unknown, requestId: string) => void) | undefined;
}

/** The answer to a thrown value: its own (`getResponse`, as HttpError and Hono's HTTPException have) or a bare 500. */
export const errorResponse = (error: unknown, { requestId }: Call): Response =>
  (error as { getResponse?: () => Response } | undefined)?.getResponse?.() ??
  (typeof PORTICO_DEV !== "undefined" && PORTICO_DEV ? globalThis.porticoReport?.(error, requestId) : console.error(requestId, error),
  problem(500, "Internal Server Error", requestId));

/**
 * A plain route as one handler; any other method is answered here, without a body (RFC 9110 sections 9.3.7 and 15.5.6).
 * @param allow the Allow header, which the build knows
 */
export const byMethod =
  (handlers: Handlers, allow: string): Handler =>
  (request, context) =>
    (handlers[request.method] ?? (() => new Response(null, { status: request.method === "OPTIONS" ? 204 : 405, headers: { allow } })))(
      request,
      context,
    );

/** What a handler gave, without its body for HEAD. Throws where it is no Response. */
const checked = (request: Request, response: Response): Response => {
  if (typeof PORTICO_DEV !== "undefined" && PORTICO_DEV && typeof response?.clone !== "function")
    throw new TypeError(`The handler returned ${typeof response}, not a Response`);
  // Read, so that in production too a handler that returned something else, or nothing, fails here.
  void response.clone.length;
  return request.method === "HEAD" ? (void response.body?.cancel(), new Response(null, response)) : response;
};

/** Binds a route's handler, middleware included, into a function that never throws or rejects; its answer is there when the handler's is. */
export const createFunction =
  (handler: Handler): RouteFunction =>
  (request, call, params) => {
    try {
      const made = handler(request, { ...call, params, var: {} });
      // A promise has no status; to make one, and to wait for it, would cost as much as all else here.
      if ((made as Partial<Response>)?.status) return checked(request, made as Response);
      return (async () => checked(request, await made))().catch((error) => checked(request, errorResponse(error, call)));
    } catch (error) {
      return checked(request, errorResponse(error, call));
    }
  };

/**
 * A function that serves one route alone; it checks the path itself, since fronts differ on trailing slashes.
 * @param pattern over the URL, which a Request has normalised; to parse it again would cost more than all else here
 * @param toParams `decodeParams` where the pattern has params, else what gives none
 */
export const serveRoute =
  (pattern: RegExp, route: RouteFunction, toParams: (groups: Found) => Found): Fetch =>
  (request, call) => {
    const found = pattern.exec(request.url);
    return found ? route(request, call, toParams(found.groups!)) : problem(404, "Not Found");
  };

/** What of a Hono app is read here; `errorHandler` is Hono's own until the app sets another with `onError`. */
interface HonoLike {
  readonly constructor: new () => { readonly errorHandler?: unknown };
  readonly errorHandler?: unknown;
  onError?(handler: (error: unknown, c: { readonly executionCtx: Call }) => Response): void;
}

/**
 * A default export with `fetch`, such as a Hono app, as one handler: it gets the env, and the context as its execution context. What is
 * thrown inside a Hono app that has no error handler of its own is answered, logged and shown in development as everywhere else.
 */
export const byApp = (app: FetchApp): Handler => {
  const hono = app as unknown as HonoLike;
  if (hono.onError && hono.errorHandler && hono.errorHandler === new hono.constructor().errorHandler) {
    hono.onError((error, c) => errorResponse(error, c.executionCtx));
  }
  return (request, context) => app.fetch(request, context.env as never, context as never);
};
