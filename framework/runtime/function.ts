/** Makes one route's function: its exported handlers in, `(request, call, params) → Response` out; it never throws. */
import { errorResponse, isWhole } from "./error-response.ts";
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

/** True only in the development build (esbuild `define`); absent when the runtime runs unbundled. */
declare const PORTICO_DEV: boolean;

/** For who wrote the handler. */
const whyNot = (given: Response | undefined): string => {
  if (typeof given?.clone !== "function") return `The handler returned ${typeof given}, not a Response`;
  return `The handler returned ${given.status ? "a Response whose body was read before" : "Response.error()"}`;
};

/** What a handler gave, without its body for HEAD. Throws TypeError where it cannot be sent. */
const checked = (request: Request, call: Call, response: Response): Response => {
  if (!isWhole(response)) throw new TypeError(typeof PORTICO_DEV !== "undefined" && PORTICO_DEV ? whyNot(response) : "no valid Response");
  if (request.method !== "HEAD") return response;
  // Not left alone: a body that fails to end, or that somebody reads, would end the process in Lambda's next event.
  call.waitUntil(response.body?.cancel() as Promise<void>);
  return new Response(null, response);
};

/** Binds a route's handler, middleware included, into a function that never throws or rejects; its answer is there when the handler's is. */
export const createFunction =
  (handler: Handler): RouteFunction =>
  (request, call, params) => {
    try {
      const made = handler(request, { ...call, params, var: {} });
      // To make a promise, and to wait for it, would cost as much as all else here.
      if (!(made as Partial<Promise<Response>>)?.then) return checked(request, call, made as Response);
      return (async () => checked(request, call, await made))().catch((error) => checked(request, call, errorResponse(error, call)));
    } catch (error) {
      return checked(request, call, errorResponse(error, call));
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
