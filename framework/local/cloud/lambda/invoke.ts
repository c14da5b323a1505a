/** Invoke: an event in, the function's own answer (or its error, still HTTP 200) out. */
import { randomUUID } from "node:crypto";
import { functionArn } from "../arn.ts";
import { AwsError } from "../aws-error.ts";
import { loadedFunction, servingVersion } from "../loaded-function.ts";
import type { Call, Operation } from "../operation.ts";
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

export const invoke: Operation = async (call, region) => {
  const { record, version, qualifier } = findFunction(refOf(call), region);
  const type = call.header("x-amz-invocation-type") ?? "RequestResponse";
  if (type !== "RequestResponse" && type !== "DryRun") throw invalid(`Portico's local cloud does not speak the invocation type ${type}`);
  if (call.header("x-amz-client-context") !== undefined) throw invalid("Portico's local cloud does not speak ClientContext");
  const event = eventOf(call);
  if (isPending(version, region)) {
    throw conflict("The operation cannot be performed at this time. The function is currently in the following state: Pending");
  }
  if (type === "DryRun") return { status: 204 };
  const serving = servingVersion(record, version, region);
  const fn = loadedFunction(record.name, serving, region.code);
  const outcome = await region.runtime.invoke(fn, event, {
    requestId: randomUUID(),
    arn: functionArn(record.name, qualifier),
    tail: call.header("x-amz-log-type") === "Tail",
  });
  if (outcome.throttled) throw new AwsError("TooManyRequestsException", 429, "Rate Exceeded.");
  const headers: [string, string][] = [
    ["x-amz-executed-version", serving.version],
    ["content-type", "application/json"],
  ];
  if (outcome.logTail) headers.push(["x-amz-log-result", Buffer.from(outcome.logTail).toString("base64")]);
  if (outcome.functionError) headers.push(["x-amz-function-error", outcome.functionError]);
  return { status: 200, headers, body: outcome.payload };
};
