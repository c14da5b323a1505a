/** Delays calls to AWS so that they stay within its calls per second. */
import type { Clock } from "../clock.ts";

/** Calls per second, by group of calls that share a limit. */
export interface RateLimits {
  /**
   * Lambda's control plane but for GetFunction, GetPolicy and Invoke, which have limits of their own ("Lambda quotas").
   */
  readonly lambda?: number;
  readonly getFunction?: number;
  /** All of API Gateway's control plane; it lets 40 through at once. */
  readonly apigateway?: number;
}

/** AWS's default quotas (docs.aws.amazon.com, "Lambda quotas", "Quotas for HTTP APIs"); a little is left to others. */
export const awsRates: Required<RateLimits> = { lambda: 14, getFunction: 90, apigateway: 9 };

type ApiCall = { readonly service: string; readonly operation: string };

/** The limit that a call counts against, if it is one of those. */
export function limitOf({ service, operation }: ApiCall): keyof RateLimits | undefined {
  if (service === "apigateway") return "apigateway";
  if (service !== "lambda" || operation.startsWith("Invoke")) return undefined;
  return operation === "GetFunction" ? "getFunction" : "lambda";
}

/** Spreads calls evenly: each has a moment before which it is not sent. */
export function createRateLimiter(clock: Clock, rates: RateLimits): (call: ApiCall) => Promise<void> {
  const next = new Map<keyof RateLimits, number>();
  return async (call) => {
    const limit = limitOf(call);
    const rate = limit && rates[limit];
    if (!limit || !rate) return;
    const now = clock.now();
    const turn = Math.max(now, next.get(limit) ?? 0);
    next.set(limit, turn + 1000 / rate);
    if (turn > now) await clock.sleep(turn - now);
  };
}
