/** `rateLimit`: counts requests in the store, and refuses those beyond a limit in a window of time. */
import { jsonError } from "../../runtime/error-response.ts";
import type { Context } from "../../runtime/handler.ts";
import type { OpenEngine } from "./engine.ts";
import { callOf, type HonoContext } from "./middleware.ts";
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
  ({ limit, window, key = addressOf, name = `${limit}/${window}` }: RateLimitOptions): RateLimit => {
    const check = async (request: Request, context: Context): Promise<Response | undefined> => {
      const row = newRow(`${name}/${await key(request, context)}`, 1, { ttl: window });
      const found = await open(context.platform, "_rate-limit").add({ ...row, value: 1 });
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

/** `2001:db8:0:1` of an IPv6 address, all of an IPv4 address, empty for none. */
function addressOf(_: Request, { clientAddress = "" }: Context): string {
  if (clientAddress.includes(".") || !clientAddress.includes(":")) return clientAddress;
  const [start = "", end] = clientAddress.split("::");
  const [head, tail] = [start, end ?? ""].map((part) => part.split(":").filter(Boolean)) as [string[], string[]];
  return [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail].slice(0, 4).join(":");
}
