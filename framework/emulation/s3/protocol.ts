/** The REST-XML protocol of S3: requests are matched to operations, responses are XML or an object's bytes. */
import { randomBytes } from "node:crypto";
import { headerValues, type HttpRequest, type HttpResponse } from "../../model/http-message.ts";
import type { AwsError } from "../aws/aws-error.ts";
import { element } from "../aws/xml.ts";
import { readS3Body } from "./request-body.ts";
import { notSupported, s3Error } from "./errors.ts";
import type { S3Binding, S3Call, S3Response } from "./operation.ts";

/** The names that S3 has for the errors of signature verification. */
const errorCodes: Readonly<Record<string, string>> = {
  MissingAuthenticationTokenException: "AccessDenied",
  IncompleteSignatureException: "AuthorizationHeaderMalformed",
  UnrecognizedClientException: "InvalidAccessKeyId",
  InvalidSignatureException: "SignatureDoesNotMatch",
};

/** Headers that every call may carry: of the signature, of checksums, and of the expected bucket owner. */
const commonHeaders = new RegExp(
  "^x-amz-(?:date|security-token|content-sha256|user-agent|expected-bucket-owner|trailer|decoded-content-length|" +
    "sdk-checksum-algorithm|checksum-[a-z0-9]+)$",
);
/** Preconditions and ranges change what a call means as much as an x-amz header does. */
const otherHeaders = /^(?:x-amz-.+|if-.+|range)$/;

/** A request whose operation is known. */
export interface NamedCall {
  readonly operation: string;
  /** Reads headers and body. Throws AwsError for those that the operation would not honour. */
  read(): S3Call;
}

/**
 * Throws AwsError when method, path and query name no operation, or a parameter that it would not honour.
 * @param account that owns all buckets
 */
export function nameCall(
  request: HttpRequest,
  operations: Readonly<Record<string, S3Binding>>,
  account: string,
): NamedCall {
  const [rawPath = "", search = ""] = request.target.split(/\?(.*)/s);
  const [rawBucket = "", rawKey = ""] = rawPath.slice(1).split(/\/(.*)/s);
  const query = new URLSearchParams(search);
  const template = rawKey !== "" ? "/{Bucket}/{Key+}" : rawBucket !== "" ? "/{Bucket}" : "/";
  const match = findBinding(`${request.method} ${template}`, query, operations);
  if (!match) throw notSupported(`${request.method} ${request.target}`);
  const [operation, binding] = match;
  return {
    operation,
    read() {
      checkHeaders(request, binding, account);
      return {
        bucket: decode(rawBucket),
        key: decode(rawKey),
        query,
        header: (name) => headerValues(request.headers, name)[0],
        metadata: metadataOf(request),
        ...readS3Body(request),
      };
    },
  };
}

function findBinding(
  methodAndPath: string,
  query: URLSearchParams,
  operations: Readonly<Record<string, S3Binding>>,
): readonly [string, S3Binding] | undefined {
  const parameters = [...query.keys()].filter((name) => name !== "x-id");
  return Object.entries(operations).find(([, { binding, query: known = [] }]) => {
    const [where, subresource] = binding.split("?");
    const [name, value] = subresource?.split("=") ?? [];
    if (where !== methodAndPath || (name !== undefined && query.get(name) !== (value ?? ""))) return false;
    return parameters.every((parameter) => parameter === name || known.includes(parameter));
  });
}

function checkHeaders(request: HttpRequest, { headers = [] }: S3Binding, account: string): void {
  const names = request.headers.map(([name]) => name.toLowerCase());
  const unknown = names.find(
    (name) => otherHeaders.test(name) && !commonHeaders.test(name) && !headers.some((known) => isKnown(known, name)),
  );
  if (unknown !== undefined) throw notSupported(unknown);
  const [owner] = headerValues(request.headers, "x-amz-expected-bucket-owner");
  if (owner === undefined || owner === account) return;
  if (!/^\d{12}$/.test(owner))
    throw s3Error(
      "InvalidBucketOwnerAWSAccountID",
      400,
      "The value of the expected bucket owner parameter must be an AWS account ID",
    );
  throw s3Error("AccessDenied", 403, "Access Denied");
}

const isKnown = (known: string, name: string): boolean =>
  known.endsWith("*") ? name.startsWith(known.slice(0, -1)) : known === name;

function metadataOf({ headers }: HttpRequest): Record<string, string> {
  const lowerCase = headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => name.startsWith("x-amz-meta-"));
  return Object.fromEntries(lowerCase.map(([name, value]) => [name.slice("x-amz-meta-".length), value]));
}

/** Throws InvalidURI. */
export function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw s3Error("InvalidURI", 400, "Couldn't parse the specified URI.");
  }
}

function ids(): readonly (readonly [string, string])[] {
  return [
    ["x-amz-request-id", randomBytes(8).toString("hex").toUpperCase()],
    ["x-amz-id-2", randomBytes(48).toString("base64")],
    ["server", "AmazonS3"],
  ];
}

/** The response as it is sent. */
export function s3Response({ status, headers = [], body }: S3Response): HttpResponse {
  if (typeof body !== "string") return { status, headers: [...ids(), ...headers], body: body ?? new Uint8Array(0) };
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n${body}`;
  return { status, headers: [...ids(), ["content-type", "application/xml"], ...headers], body: Buffer.from(text) };
}

/** An error as the SDK reads it. */
export function writeS3Error({ code, status, message, details }: AwsError): HttpResponse {
  if (status === 304) return s3Response({ status });
  const headers = ids();
  const parts = [
    element("Code", errorCodes[code] ?? code),
    element("Message", message),
    ...Object.entries(details).map(([name, value]) => element(name, String(value))),
  ];
  const [requestId, hostId] = headers.map(([, value]) => value);
  const error = element("Error", [...parts, element("RequestId", requestId), element("HostId", hostId)]);
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${error}`;
  return { status, headers: [...headers, ["content-type", "application/xml"]], body: Buffer.from(body) };
}
