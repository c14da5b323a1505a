/** `rateLimit`: counts requests in the store, and refuses those beyond a limit in a window of time. */
import { networkOf } from "../../runtime/client-address.ts";
import { jsonError } from "../../runtime/error-response.ts";
import type { Context } from "../../runtime/handler.ts";
import { callOf, type HonoContext } from "../../runtime/hono-context.ts";
import type { OpenEngine } from "./engine.ts";
import { newRow } from "./store.ts";

/** What is limited. */
export interface RateLimitOptions {
  /** Requests that a window of time has room for. */
  readonly limit: number;
  /** Seconds of a window, which begins with a key's first request. */
  readonly window: number;
  /** Who asks; by default the client's address, of IPv6 its first 64 bits, which one client has to itself. */
  readonly key?: (request: Request, context: Context) => string | Promise<string>;
  /** Limits of one name share their counts. By default those of the same limit and window do. */
  readonly name?: string;
}

/** Middleware; and in a handler a function that gives the refusal, or undefined where the request may go on. */
export interface RateLimit {
  (c: HonoContext, next: () => Promise<void>): Promise<Response | undefined>;
  (request: Request, context: Omit<Context, "params">): Promise<Response | undefined>;
}

/** Binds `rateLimit` to a target's engine. */
export const createRateLimit =
  (open: OpenEngine) =>
  ({
    limit,
    window,
    key = (_, context) => networkOf(context),
    name = `${limit}/${window}`,
  }: RateLimitOptions): RateLimit => {
    const check = async (request: Request, context: Context): Promise<Response | undefined> => {
      const row = newRow(`${name}/${await key(request, context)}`, 1, { ttl: window });
      const found = await open(context.platform, "_rate-limit").add(row);
      if (found && (found.value as number) <= limit) return undefined;
      const response = jsonError(429, "Too Many Requests");
      // RFC 6585 section 4.
      response.headers.set("retry-after", `${Math.max(1, Math.ceil(((found?.expires ?? 0) - Date.now()) / 1000))}`);
      return response;
    };
    return async (call: HonoContext | Request, rest: (() => Promise<void>) | Omit<Context, "params">) => {
      if (typeof rest !== "function") return check(call as Request, rest as Context);
      const refused = await check(...callOf(call as HonoContext));
      if (!refused) await rest();
      return refused;
    };
  };
