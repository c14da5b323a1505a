/** Throttling: token buckets with the rate limits of Lambda and API Gateway, and their errors. */
import { AwsError } from "../../emulation/aws/aws-error.ts";
import type { Clock } from "../clock.ts";

/** A bucket of `burst` tokens, refilled with `perSecond`. Operations with the same bucket share it. */
interface Limit {
  readonly bucket: string;
  readonly perSecond: number;
  readonly burst: number;
}

/**
 * Lambda's control plane: 15 calls a second for all operations together, except two with limits of their own (quotas
 * page, "API request rate"). Invocations have no limit here.
 */
const lambdaLimits: Readonly<Record<string, Limit | undefined>> = {
  GetFunction: { bucket: "lambda GetFunction", perSecond: 100, burst: 100 },
  GetPolicy: { bucket: "lambda GetPolicy", perSecond: 15, burst: 15 },
  Invoke: undefined,
  InvokeWithResponseStream: undefined,
};
const lambdaDefault: Limit = { bucket: "lambda", perSecond: 15, burst: 15 };

/**
 * API Gateway: a limit for all calls together, and one deployment in five seconds (quotas page, "Amazon API Gateway
 * quotas for creating, deploying and managing an API").
 */
const gatewayAll: Limit = { bucket: "apigateway", perSecond: 10, burst: 40 };
const gatewayDeployment: Limit = { bucket: "apigateway CreateDeployment", perSecond: 0.2, burst: 1 };

function limitsOf(service: string, operation: string): readonly Limit[] {
  if (service === "apigateway")
    return operation === "CreateDeployment" ? [gatewayDeployment, gatewayAll] : [gatewayAll];
  if (service !== "lambda") return [];
  const limit = Object.hasOwn(lambdaLimits, operation) ? lambdaLimits[operation] : lambdaDefault;
  return limit ? [limit] : [];
}

/** A class, since it holds the levels of the buckets. */
export class Throttle {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { level: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes the tokens of a call. Throws TooManyRequestsException (429) when a bucket is empty, and takes none then. */
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

/** Only Lambda sends Retry-After. */
function tooMany(service: string, seconds: number): AwsError {
  if (service !== "lambda") return new AwsError("TooManyRequestsException", 429, "Too Many Requests");
  const error = new AwsError("TooManyRequestsException", 429, "Rate exceeded", { Reason: "CallerRateLimitExceeded" });
  return error.with({ "retry-after": String(Math.ceil(seconds)) });
}
