/** Invoke: runs a function with an event. A function's error is a response with status 200. */
import { randomUUID } from "node:crypto";
import type { InvocationResult, ResponseSink } from "../../../emulation/lambda/invocation.ts";
import { functionArn } from "../arn.ts";
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import type { Uses } from "../backends.ts";
import type { RestCall, RestOperation } from "../rest-operation.ts";
import { findFunction, isPending, pending, refOf, servingVersion } from "./function-lookup.ts";
import { invalid, violation } from "./errors.ts";
import { maxEvent } from "./event-queue.ts";

/** Largest synchronous request in bytes (quotas page: 6 MB). */
const maxPayload = 6_291_456;

function eventOf({ body }: RestCall, isEvent: boolean): Uint8Array {
  const limit = isEvent ? maxEvent : maxPayload;
  if (body.length > limit) {
    throw new AwsError(
      "RequestTooLargeException",
      413,
      `${body.length} byte payload is too large for the ${isEvent ? "Event" : "RequestResponse"} invocation type ` +
        `(limit ${limit} bytes)`,
    );
  }
  if (body.length === 0) return Buffer.from("{}");
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new AwsError(
      "InvalidRequestContentException",
      400,
      `Could not parse request body into json: ${(cause as Error).message}`,
    );
  }
  return body;
}

/** A call that passed every check. */
export interface PreparedInvocation {
  /** The version that runs. */
  readonly version: string;
  /** True where nobody waits for the result. */
  readonly isEvent: boolean;
  /** Absent for a dry run. A sink receives a streamed response. */
  readonly run?: (sink?: ResponseSink) => Promise<InvocationResult>;
}

/** The collections and backends of an invocation. */
export type InvocationUseName = "functions" | "runtime" | "loadFunction" | "clock";

/** Checks a call of Invoke or InvokeWithResponseStream. Throws AwsError. @param types that the operation has */
export function prepareInvocation(
  call: RestCall,
  { functions, runtime, loadFunction, clock }: Uses<InvocationUseName>,
  types: readonly string[],
): PreparedInvocation {
  const { record, version, qualifier } = findFunction(refOf(call), functions);
  const type = call.header("x-amz-invocation-type") ?? "RequestResponse";
  if (!types.includes(type))
    throw violation("invocationType", type, `Member must satisfy enum value set: [${types.join(", ")}]`);
  for (const [header, member] of [
    ["x-amz-client-context", "ClientContext"],
    ["x-amz-tenant-id", "TenantId"],
  ] as const)
    if (call.header(header) !== undefined) throw invalid(`Portico's local cloud does not support ${member}`);
  const event = eventOf(call, type === "Event");
  if (isPending(version, clock.now())) throw pending();
  const serving = servingVersion(record, version, clock.now());
  if (type === "DryRun") return { version: serving.version, isEvent: false };
  const tail = call.header("x-amz-log-type") === "Tail";
  const context = { requestId: randomUUID(), arn: functionArn(record.name, qualifier), version: serving.version, tail };
  const fn = loadFunction(record.name, serving);
  const run = (sink?: ResponseSink) => runtime.invoke(fn, event, { ...context, ...(sink && { sink }) });
  return { version: serving.version, isEvent: type === "Event", run };
}

/** The 429 error for a throttled invocation; its payload contains the reason. */
export function throttlingError({ payload }: InvocationResult): AwsError {
  const { Reason = "CallerRateLimitExceeded" } = JSON.parse(Buffer.from(payload).toString("utf8")) as {
    Reason?: string;
  };
  return new AwsError("TooManyRequestsException", 429, "Rate Exceeded.", { Reason });
}

export const invoke: RestOperation<InvocationUseName | "events"> = async (call, uses) => {
  const { version, isEvent, run } = prepareInvocation(call, uses, ["RequestResponse", "Event", "DryRun"]);
  if (!run) return { status: 204 };
  if (isEvent) {
    uses.events.add(run);
    return { status: 202 };
  }
  const outcome = await run();
  if (outcome.throttled) throw throttlingError(outcome);
  const headers: [string, string][] = [
    ["x-amz-executed-version", version],
    ["content-type", "application/json"],
  ];
  if (outcome.logTail) headers.push(["x-amz-log-result", Buffer.from(outcome.logTail).toString("base64")]);
  if (outcome.functionError) headers.push(["x-amz-function-error", outcome.functionError]);
  return { status: 200, headers, body: outcome.payload };
};
