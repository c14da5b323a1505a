/** AWS JSON 1.0 as DynamoDB speaks it: X-Amz-Target names the operation, and every answer carries its checksum. */
import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { headerValues, type HttpRequest, type HttpResponse } from "../../model/http-message.ts";
import { AwsError } from "../aws/aws-error.ts";
import { serialization } from "./errors.ts";

const target = "DynamoDB_20120810";

/** The shapes of errors that are not DynamoDB's own begin so. */
const foreignErrors: Readonly<Record<string, string>> = {
  ValidationException: "com.amazon.coral.validate",
  ThrottlingException: "com.amazon.coral.availability",
  SerializationException: "com.amazon.coral.service",
  UnknownOperationException: "com.amazon.coral.service",
  AccessDeniedException: "com.amazon.coral.service",
  UnrecognizedClientException: "com.amazon.coral.service",
  InvalidSignatureException: "com.amazon.coral.service",
  IncompleteSignatureException: "com.amazon.coral.service",
  MissingAuthenticationTokenException: "com.amazon.coral.service",
};

/** The name of the operation. Throws UnknownOperationException for one that is not among `known`. */
export function operationOf({ method, target: path, headers }: HttpRequest, known: Readonly<Record<string, unknown>>) {
  const given = headerValues(headers, "x-amz-target")[0] ?? "";
  const [prefix, name = ""] = given.split(".");
  const type = headerValues(headers, "content-type")[0]?.split(";")[0]?.trim();
  const isKnown = prefix === target && Object.hasOwn(known, name);
  if (method === "POST" && path === "/" && type === "application/x-amz-json-1.0" && isKnown) return name;
  throw new AwsError(
    "UnknownOperationException",
    400,
    `Portico's local DynamoDB does not support ${given || method}, or not with content-type ${type ?? "none"}`,
  );
}

/** The members of a request. Throws SerializationException when the body is not a JSON object. */
export function membersOf({ body }: HttpRequest): Readonly<Record<string, unknown>> {
  let members: unknown;
  try {
    members = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw Object.assign(serialization("The body is not JSON"), { cause });
  }
  if (typeof members === "object" && members !== null && !Array.isArray(members))
    return members as Record<string, unknown>;
  throw serialization("Start of structure or map found where not expected");
}

/** An answer; undefined members are left out. */
export const dynamoResponse = (members: Readonly<Record<string, unknown>>): HttpResponse => toHttp(200, members);

/** An error as DynamoDB writes it. */
export function writeDynamoError({ code, status, message, details }: AwsError): HttpResponse {
  const space = Object.hasOwn(foreignErrors, code) ? foreignErrors[code] : "com.amazonaws.dynamodb.v20120810";
  const text = code === "AccessDeniedException" ? { Message: message } : { message };
  // Errors of signatures are 403 in other services, 400 here.
  return toHttp(status === 403 ? 400 : status, { __type: `${space}#${code}`, ...text, ...details });
}

function toHttp(status: number, members: Readonly<Record<string, unknown>>): HttpResponse {
  const body = Buffer.from(JSON.stringify(members));
  const headers = [
    [
      "x-amzn-requestid",
      randomBytes(32)
        .toString("base64")
        .toUpperCase()
        .replace(/[^A-Z0-9]/g, "0")
        .padEnd(52, "0"),
    ],
    ["content-type", "application/x-amz-json-1.0"],
    ["x-amz-crc32", String(crc32(body))],
  ] as const;
  return { status, headers, body };
}
