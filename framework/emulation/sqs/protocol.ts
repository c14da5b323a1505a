/** AWS JSON 1.0 as SQS speaks it: X-Amz-Target names the operation, and an error has its older name in a header. */
import { randomUUID } from "node:crypto";
import { headerValues, type HttpRequest, type HttpResponse } from "../../model/http-message.ts";
import type { AwsError } from "../aws/aws-error.ts";
import { sqsError } from "./errors.ts";

const target = "AmazonSQS";

/** The names in the older query protocol, where they differ from the shape's (client-sqs, awsQueryError). */
const queryNames: Readonly<Record<string, string>> = {
  QueueDeletedRecently: "AWS.SimpleQueueService.QueueDeletedRecently",
  QueueNameExists: "QueueAlreadyExists",
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
  "InvalidAttributeValue",
  "InvalidMessageContents",
  "MessageNotInflight",
  "OverLimit",
  "QueueDeletedRecently",
  "QueueDoesNotExist",
  "QueueNameExists",
  "ReceiptHandleIsInvalid",
  "RequestThrottled",
  "UnsupportedOperation",
]);

/** Whether a client speaks the older query protocol, as AWS's command line did before 2.14. */
export const isQueryProtocol = ({ headers }: Pick<HttpRequest, "headers">): boolean =>
  headerValues(headers, "x-amz-target").length === 0 &&
  contentTypeOf({ headers }) === "application/x-www-form-urlencoded";

const contentTypeOf = ({ headers }: Pick<HttpRequest, "headers">): string | undefined =>
  headerValues(headers, "content-type")[0]?.split(";")[0]?.trim();

/** The error for a client that speaks it. */
export const queryProtocolRefused = (): AwsError =>
  unknown("does not support the older query protocol; use a client that speaks AWS JSON, as current SDKs do");

/** The name of the operation. Throws UnknownOperationException for one that is not among `known`. */
export function operationOf({ method, headers }: HttpRequest, known: Readonly<Record<string, unknown>>): string {
  if (isQueryProtocol({ headers })) throw queryProtocolRefused();
  const given = headerValues(headers, "x-amz-target")[0];
  const type = contentTypeOf({ headers });
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
