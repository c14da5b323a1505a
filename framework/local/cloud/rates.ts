/** The services' rate limits: calls in; nothing, or the refusal of one that came too soon, out. */
import { AwsError } from "./aws-error.ts";
import type { Clock } from "./clock.ts";

/** Calls share a bucket; it holds `burst` and gets `perSecond` back. */
interface Limit {
  readonly bucket: string;
  readonly perSecond: number;
  readonly burst: number;
}

/** Lambda's control plane: 15 calls a second for all but two of its operations (quotas page, "API request rate"); invocations do not count. */
const lambdaLimits: Readonly<Record<string, Limit | undefined>> = {
  GetFunction: { bucket: "lambda GetFunction", perSecond: 100, burst: 100 },
  GetPolicy: { bucket: "lambda GetPolicy", perSecond: 15, burst: 15 },
  Invoke: undefined,
  InvokeWithResponseStream: undefined,
};
const lambdaRest: Limit = { bucket: "lambda", perSecond: 15, burst: 15 };

/** API Gateway: all calls together, and one deployment in five seconds (quotas page, "creating, deploying and managing an API"). */
const gatewayAll: Limit = { bucket: "apigateway", perSecond: 10, burst: 40 };
const gatewayDeployment: Limit = { bucket: "apigateway CreateDeployment", perSecond: 0.2, burst: 1 };

function limitsOf(service: string, operation: string): readonly Limit[] {
  if (service === "apigateway") return operation === "CreateDeployment" ? [gatewayDeployment, gatewayAll] : [gatewayAll];
  if (service !== "lambda") return [];
  const limit = Object.hasOwn(lambdaLimits, operation) ? lambdaLimits[operation] : lambdaRest;
  return limit ? [limit] : [];
}

/** Held open with the cloud. */
export class Rates {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { level: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a call. Throws TooManyRequestsException (429), and then does not count it. */
  take(service: string, operation: string): void {
    const now = this.#clock.now();
    const limits = limitsOf(service, operation).map((limit) => ({ limit, level: this.#level(limit, now) }));
    const waits = limits.map(({ limit, level }) => (level >= 1 ? 0 : (1 - level) / limit.perSecond));
    const wait = Math.max(0, ...waits);
    if (wait > 0) throw tooMany(service, wait);
    for (const { limit, level } of limits) this.#buckets.set(limit.bucket, { level: level - 1, at: now });
  }

  #level({ bucket, perSecond, burst }: Limit, now: number): number {
    const { level, at } = this.#buckets.get(bucket) ?? { level: burst, at: now };
    return Math.min(burst, level + ((now - at) / 1000) * perSecond);
  }
}

/** Lambda alone says when to come again. */
function tooMany(service: string, seconds: number): AwsError {
  if (service !== "lambda") return new AwsError("TooManyRequestsException", 429, "Too Many Requests");
  const error = new AwsError("TooManyRequestsException", 429, "Rate exceeded", { Reason: "CallerRateLimitExceeded" });
  return error.with({ "retry-after": String(Math.ceil(seconds)) });
}
