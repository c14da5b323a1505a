/** The rate limit of Cloudflare's API: 1,200 calls in five minutes (docs: API limits). */
import type { HttpResponse } from "../../model/http-message.ts";
import type { Clock } from "../clock.ts";
import { toErrorResponse } from "./response-envelope.ts";

const window = 5 * 60 * 1000;
const maxCalls = 1200;

/** Counts a call. Returns undefined to let it pass, or the seconds for which every call is refused. */
export type RateLimit = () => number | undefined;

/** One call too many blocks all calls for the next five minutes. */
export function createRateLimit(clock: Clock): RateLimit {
  let calls: number[] = [];
  let blockedUntil = 0;
  return () => {
    const now = clock.now();
    if (now < blockedUntil) return Math.ceil((blockedUntil - now) / 1000);
    calls = calls.filter((time) => now - time < window);
    calls.push(now);
    if (calls.length <= maxCalls) return undefined;
    blockedUntil = now + window;
    calls = [];
    return window / 1000;
  };
}

/** The answer to a refused call. */
export function rateLimitResponse(seconds: number): HttpResponse {
  const headers = [
    ["retry-after", String(seconds)],
    ["x-ratelimit-limit", "1200"],
    ["x-ratelimit-remaining", "0"],
    ["x-ratelimit-reset", String(seconds)],
  ] as const;
  return toErrorResponse(
    { code: 971, status: 429, message: "Please wait and consider throttling your request speed" },
    headers,
  );
}
