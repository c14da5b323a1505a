/** AWS JSON 1.0 as SQS speaks it: X-Amz-Target names the operation, and an error has its older name in a header. */
import { randomUUID } from "node:crypto";
import { headerValues, type HttpRequest, type HttpResponse } from "../../model/http-message.ts";
import type { AwsError } from "../aws/aws-error.ts";
import { sqsError } from "./errors.ts";

const target = "AmazonSQS";

/** The names in the older query protocol, where they differ from the shape's (client-sqs, awsQueryError). */
const queryNames: Readonly<Record<string, string>> = {
  QueueDoesNotExist: "AWS.SimpleQueueService.NonExistentQueue",
  MessageNotInflight: "AWS.SimpleQueueService.MessageNotInflight",
  UnsupportedOperation: "AWS.SimpleQueueService.UnsupportedOperation",
  InvalidParameterValueException: "InvalidParameterValue",
  MissingRequiredParameterException: "MissingParameter",
  AccessDeniedException: "AccessDenied",
};

/** The shapes of SQS's own errors; the others are of all services. */
const ownErrors: ReadonlySet<string> = new Set([
  "InvalidAddress",
  "InvalidAttributeName",
  "InvalidMessageContents",
  "MessageNotInflight",
  "OverLimit",
  "QueueDoesNotExist",
  "ReceiptHandleIsInvalid",
  "RequestThrottled",
  "UnsupportedOperation",
]);

/** The name of the operation. Throws UnknownOperationException for one that is not among `known`. */
export function operationOf({ method, headers }: HttpRequest, known: Readonly<Record<string, unknown>>): string {
  const given = headerValues(headers, "x-amz-target")[0];
  const type = headerValues(headers, "content-type")[0]?.split(";")[0]?.trim();
  if (given === undefined && type === "application/x-www-form-urlencoded")
    throw unknown("does not support the older query protocol; use a client that speaks AWS JSON, as current SDKs do");
  const [prefix, name = ""] = (given ?? "").split(".");
  if (method === "POST" && type === "application/x-amz-json-1.0" && prefix === target && Object.hasOwn(known, name))
    return name;
  throw unknown(`does not support ${given ?? method}, or not with content-type ${type ?? "none"}`);
}

const unknown = (text: string): AwsError => sqsError("UnknownOperationException", `Portico's local SQS ${text}`);

/** The members of a request. Throws SerializationException when the body is not a JSON object. */
export function membersOf({ body }: HttpRequest): Readonly<Record<string, unknown>> {
  let members: unknown;
  try {
    members = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw Object.assign(sqsError("SerializationException", "The body is not JSON"), { cause });
  }
  if (typeof members === "object" && members !== null && !Array.isArray(members))
    return members as Record<string, unknown>;
  throw sqsError("SerializationException", "Start of structure or map found where not expected");
}

/** An answer; undefined members are left out. */
export const sqsResponse = (members: Readonly<Record<string, unknown>>): HttpResponse => toHttp(200, members, []);

/** An error as SQS writes it. */
export function writeSqsError({ code, status, message, details }: AwsError): HttpResponse {
  const space = ownErrors.has(code) ? "com.amazonaws.sqs" : "com.amazon.coral.service";
  const isDenied = code === "AccessDeniedException";
  const members = { __type: `${space}#${code}`, [isDenied ? "Message" : "message"]: message, ...details };
  const queryName = Object.hasOwn(queryNames, code) ? queryNames[code] : code;
  const fault = status >= 500 ? "Receiver" : "Sender";
  return toHttp(isDenied ? 403 : status, members, [["x-amzn-query-error", `${queryName};${fault}`]]);
}

function toHttp(
  status: number,
  members: Readonly<Record<string, unknown>>,
  more: readonly (readonly [string, string])[],
): HttpResponse {
  const headers = [
    ["x-amzn-requestid", randomUUID()],
    ["content-type", "application/x-amz-json-1.0"],
    ...more,
  ] as const;
  return { status, headers, body: Buffer.from(JSON.stringify(members)) };
}
