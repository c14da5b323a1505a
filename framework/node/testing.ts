/** The entry `portico/testing`: calls a handler or a route's module with a Request, without a server. */
import { byApp, byMethod } from "../runtime/route-function.ts";
import type { Call, Context, Env, FetchApp, Handler, Method } from "../runtime/handler.ts";

/** A route file, imported with `import * as route`. */
export type RouteModule = { readonly [M in Method]?: Handler<never> } & { readonly default?: FetchApp };

/** A `Handler` with the type of its params in place of its path, so that a test's params are checked. */
export type HandlerOf<P> = (
  request: Request,
  context: Omit<Context, "params"> & { readonly params: P },
) => Response | Promise<Response>;

/** The parts of the call that a test sets. */
export interface InvokeOptions<P = Readonly<Record<string, string>>> {
  readonly params?: P;
  readonly env?: Readonly<Record<string, unknown>>;
  /** Values that middleware would set. */
  readonly var?: Readonly<Record<string, unknown>>;
  /** Other parts of the call. */
  readonly call?: Partial<Call>;
}

/**
 * A call with a fresh request id, no env, no client address, and a store that is empty when the process begins. A
 * rejected `waitUntil` promise fails the test, as an unhandled rejection does.
 */
export const createCall = (overrides: Partial<Call> = {}): Call => ({
  env: {} as Env,
  requestId: crypto.randomUUID(),
  clientAddress: undefined,
  platform: { name: "node", data: ":memory:" },
  waitUntil: (promise) => void promise,
  ...overrides,
});

/**
 * Calls a route. An HttpError becomes its response, as in production; other errors are thrown.
 * @param request a Request, or a path for a GET
 */
export async function invoke<P = Readonly<Record<string, string>>>(
  route: HandlerOf<P> | RouteModule,
  request: Request | string,
  options: InvokeOptions<P> = {},
): Promise<Response> {
  const handler = (typeof route === "function" ? route : fromModule(route)) as HandlerOf<P>;
  const given = typeof request === "string" ? new Request(new URL(request, "http://localhost")) : request;
  const call = createCall({ ...(options.env && { env: options.env as Env }), ...options.call });
  try {
    return await handler(given, { ...call, params: (options.params ?? {}) as P, var: options.var ?? {} });
  } catch (error) {
    const response = (error as { getResponse?: () => Response } | undefined)?.getResponse?.();
    if (response) return response;
    throw error;
  }
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] as const;

/** The module as one handler: HEAD calls GET, and methods that are not exported are answered 405. */
function fromModule(module: RouteModule): Handler<never> {
  if (module.default) return byApp(module.default);
  const { GET } = module;
  const handlers = { ...(GET && { HEAD: GET }), ...module } as Readonly<Record<string, Handler>>;
  const allow = methods.filter((method) => handlers[method] || method === "OPTIONS").join(", ");
  return byMethod({ __proto__: null, ...handlers } as unknown as Readonly<Record<string, Handler>>, allow);
}
