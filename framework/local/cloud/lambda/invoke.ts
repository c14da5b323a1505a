/** Invoke: an event in, the function's own answer (or its error, still HTTP 200) out. */
import { randomUUID } from "node:crypto";
import type { LambdaOutcome, ResponseSink } from "../../lambda/outcome.ts";
import { functionArn } from "../arn.ts";
import { AwsError } from "../aws-error.ts";
import { loadedFunction, servingVersion } from "../loaded-function.ts";
import type { Call, Operation } from "../operation.ts";
import type { Region } from "../region.ts";
import { reservedRuntime } from "../reserved-runtime.ts";
import { findFunction, isPending, refOf } from "./find-function.ts";
import { conflict, invalid } from "./refusals.ts";

/** Bytes of a synchronous request (quotas page: 6 MB). */
const maxPayload = 6_291_456;

function eventOf({ body }: Call): Uint8Array {
  if (body.length > maxPayload) {
    throw new AwsError(
      "RequestTooLargeException",
      413,
      `${body.length} byte payload is too large for the RequestResponse invocation type (limit ${maxPayload} bytes)`,
    );
  }
  if (body.length === 0) return Buffer.from("{}");
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new AwsError("InvalidRequestContentException", 400, `Could not parse request body into json: ${(cause as Error).message}`);
  }
  return body;
}

/** An invocation that passed every check. */
export interface PreparedInvocation {
  /** The version that will answer. */
  readonly version: string;
  /** Absent for a dry run. A sink takes a streamed answer. */
  readonly run?: (sink?: ResponseSink) => Promise<LambdaOutcome>;
}

/** Checks a call of Invoke or InvokeWithResponseStream. Throws AwsError. */
export function prepareInvocation(call: Call, region: Region): PreparedInvocation {
  const { record, version, qualifier } = findFunction(refOf(call), region);
  const type = call.header("x-amz-invocation-type") ?? "RequestResponse";
  if (type !== "RequestResponse" && type !== "DryRun") throw invalid(`Portico's local cloud does not speak the invocation type ${type}`);
  for (const [header, member] of [
    ["x-amz-client-context", "ClientContext"],
    ["x-amz-tenant-id", "TenantId"],
  ] as const)
    if (call.header(header) !== undefined) throw invalid(`Portico's local cloud does not speak ${member}`);
  const event = eventOf(call);
  if (isPending(version, region)) {
    throw conflict("The operation cannot be performed at this time. The function is currently in the following state: Pending");
  }
  const serving = servingVersion(record, version, region);
  if (type === "DryRun") return { version: serving.version };
  const tail = call.header("x-amz-log-type") === "Tail";
  const facts = { requestId: randomUUID(), arn: functionArn(record.name, qualifier), version: serving.version, tail };
  const fn = loadedFunction(record.name, serving, region);
  const run = (sink?: ResponseSink) => reservedRuntime(record, region).invoke(fn, event, { ...facts, ...(sink && { sink }) });
  return { version: serving.version, run };
}

/** The 429 for an outcome that says so; its payload holds the reason. */
export function throttledBy({ payload }: LambdaOutcome): AwsError {
  const { Reason = "CallerRateLimitExceeded" } = JSON.parse(Buffer.from(payload).toString("utf8")) as { Reason?: string };
  return new AwsError("TooManyRequestsException", 429, "Rate Exceeded.", { Reason });
}

export const invoke: Operation = async (call, region) => {
  const { version, run } = prepareInvocation(call, region);
  if (!run) return { status: 204 };
  const outcome = await run();
  if (outcome.throttled) throw throttledBy(outcome);
  const headers: [string, string][] = [
    ["x-amz-executed-version", version],
    ["content-type", "application/json"],
  ];
  if (outcome.logTail) headers.push(["x-amz-log-result", Buffer.from(outcome.logTail).toString("base64")]);
  if (outcome.functionError) headers.push(["x-amz-function-error", outcome.functionError]);
  return { status: 200, headers, body: outcome.payload };
};
