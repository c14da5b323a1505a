/** Makes one route's function of its exported handlers: it turns errors into responses and never throws. */
import { errorResponse, isSendable, jsonError } from "./error-response.ts";
import { appMessage, handlerMessage, returnValueMessage } from "./development-errors.ts";
import type { Call, FetchApp, Handler } from "./handler.ts";
import type { ParamValues } from "./path.ts";

/**
 * A route's handlers by method: HEAD if there is GET. The record has no prototype, since a method can have any name.
 */
export interface Handlers {
  readonly [method: string]: Handler;
}

/** A route that can be called; it answers errors itself. */
export type RouteFunction = (request: Request, call: Call, params: ParamValues) => Response | Promise<Response>;

/** An app, or one function of it. */
export type Fetch = (request: Request, call: Call) => Response | Promise<Response>;

/** True only in the development build (esbuild `define`); absent when the runtime runs unbundled. */
declare const PORTICO_DEV: boolean;

/**
 * A route's handlers as one. Other methods are answered here, without a body (RFC 9110 sections 9.3.7 and 15.5.6).
 * @param allow the Allow header, which the build writes
 */
export const byMethod = (handlers: Handlers, allow: string): Handler => {
  if (typeof PORTICO_DEV !== "undefined" && PORTICO_DEV)
    for (const method in handlers)
      if (typeof handlers[method] !== "function") throw new TypeError(handlerMessage(method, handlers[method]));
  return (request, context) =>
    (
      handlers[request.method] ??
      (() => new Response(null, { status: request.method === "OPTIONS" ? 204 : 405, headers: { allow } }))
    )(request, context);
};

/** The handler's response, without its body for HEAD. Throws TypeError for a value that cannot be sent. */
const checked = (request: Request, call: Call, response: Response): Response => {
  if (!isSendable(response))
    throw new TypeError(
      typeof PORTICO_DEV !== "undefined" && PORTICO_DEV ? returnValueMessage(response) : "not a Response",
    );
  if (request.method !== "HEAD") return response;
  // Cancelled, since a body that fails later would end the process during Lambda's next event.
  call.waitUntil(response.body?.cancel() as Promise<void>);
  return new Response(null, response);
};

/**
 * Makes a route's handler, middleware included, a function that never throws or rejects. It is synchronous if the
 * handler is.
 */
export const createFunction =
  (handler: Handler): RouteFunction =>
  (request, call, params) => {
    try {
      const result = handler(request, { ...call, params, var: {} });
      // A promise would double the time of a call.
      if (!(result as Partial<Promise<Response>>)?.then) return checked(request, call, result as Response);
      return (async () => checked(request, call, await result))().catch((error) =>
        checked(request, call, errorResponse(error, call)),
      );
    } catch (error) {
      return checked(request, call, errorResponse(error, call));
    }
  };

/**
 * Serves one route alone. It checks the path itself, since event sources differ on trailing slashes.
 * @param pattern for the URL, which a Request has normalised; parsing it again would take most of the time of a call
 * @param toParams `decodeParams` if the pattern has params
 */
export const serveRoute =
  (pattern: RegExp, route: RouteFunction, toParams: (groups: ParamValues) => ParamValues): Fetch =>
  (request, call) => {
    const found = pattern.exec(request.url);
    return found ? route(request, call, toParams(found.groups!)) : jsonError(404, "Not Found");
  };

/**
 * The parts of a Hono app that are used here; `errorHandler` is Hono's own until the app sets another with `onError`.
 */
interface HonoLike {
  readonly constructor: new () => { readonly errorHandler?: unknown };
  readonly errorHandler?: unknown;
  onError?(handler: (error: unknown, c: { readonly executionCtx: Call }) => Response): void;
}

/**
 * A default export with `fetch`, such as a Hono app, as one handler: `fetch` gets the env, and the context as its
 * execution context. Errors inside a Hono app without an error handler of its own are answered and reported as in other
 * routes. Throws TypeError without `fetch`: such a function must not start, so that no release sends traffic to it.
 */
export const byApp = (app: FetchApp): Handler => {
  if (typeof app?.fetch !== "function")
    throw new TypeError(
      typeof PORTICO_DEV !== "undefined" && PORTICO_DEV ? appMessage(app) : "The default export has no fetch",
    );
  const hono = app as unknown as HonoLike;
  if (hono.onError && hono.errorHandler && hono.errorHandler === new hono.constructor().errorHandler) {
    hono.onError((error, c) => errorResponse(error, c.executionCtx));
  }
  return (request, context) => app.fetch(request, context.env as never, context as never);
};
