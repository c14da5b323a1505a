/** The entry `portico/testing`: a handler or a route's module and a plain Request in, its Response out; no server. */
import { byApp, byMethod } from "../runtime/function.ts";
import type { Call, Context, Env, FetchApp, Handler, Method } from "../runtime/handler.ts";

/** A route file as `import * as route` gives it. */
export type RouteModule = { readonly [M in Method]?: Handler<never> } & { readonly default?: FetchApp };

/** A `Handler`, named by its params rather than its path, so that a test's params are checked against them. */
export type HandlerOf<P> = (request: Request, context: Omit<Context, "params"> & { readonly params: P }) => Response | Promise<Response>;

/** What a test says about the call. */
export interface InvokeOptions<P = Readonly<Record<string, string>>> {
  readonly params?: P;
  readonly env?: Readonly<Record<string, unknown>>;
  /** What middleware would have set. */
  readonly var?: Readonly<Record<string, unknown>>;
  /** Any other part of the call. */
  readonly call?: Partial<Call>;
}

/** A call with a fresh request id, no env and no client address. A rejected `waitUntil` promise fails the test, as an unhandled rejection does. */
export const createCall = (overrides: Partial<Call> = {}): Call => ({
  env: {} as Env,
  requestId: crypto.randomUUID(),
  clientAddress: undefined,
  platform: { name: "node" },
  waitUntil: (promise) => void promise,
  ...overrides,
});

/**
 * Calls a route. An HttpError becomes its answer, as in production; anything else that is thrown is thrown at the test.
 * @param request a Request, or a path for a GET
 */
export async function invoke<P = Readonly<Record<string, string>>>(
  route: HandlerOf<P> | RouteModule,
  request: Request | string,
  options: InvokeOptions<P> = {},
): Promise<Response> {
  const handler = (typeof route === "function" ? route : fromModule(route)) as HandlerOf<P>;
  const asked = typeof request === "string" ? new Request(new URL(request, "http://localhost")) : request;
  const call = createCall({ ...(options.env && { env: options.env as Env }), ...options.call });
  try {
    return await handler(asked, { ...call, params: (options.params ?? {}) as P, var: options.var ?? {} });
  } catch (error) {
    const own = (error as { getResponse?: () => Response } | undefined)?.getResponse?.();
    if (own) return own;
    throw error;
  }
}

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] as const;

/** The module as one handler: HEAD follows GET, any other method is 405. */
function fromModule(module: RouteModule): Handler<never> {
  if (module.default) return byApp(module.default);
  const { GET } = module;
  const handlers = { ...(GET && { HEAD: GET }), ...module } as Readonly<Record<string, Handler>>;
  const allow = methods.filter((method) => handlers[method] || method === "OPTIONS").join(", ");
  return byMethod({ __proto__: null, ...handlers } as unknown as Readonly<Record<string, Handler>>, allow);
}
