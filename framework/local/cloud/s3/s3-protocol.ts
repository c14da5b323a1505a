/** S3's own protocol: a signed request in, the operation that it names and the wire answer (XML, or an object's bytes) out. */
import { randomBytes } from "node:crypto";
import type { WireRequest, WireResponse } from "../../../model/wire.ts";
import { headerValues } from "../../guard.ts";
import { account } from "../arn.ts";
import type { AwsError } from "../aws-error.ts";
import type { PreparedCall } from "../operation.ts";
import { element } from "../xml.ts";
import { readS3Body } from "./s3-body.ts";
import { notSpoken, s3Error } from "./s3-error.ts";
import type { S3Answer, S3Binding, S3Call } from "./s3-operation.ts";
import { s3Table } from "./s3-table.ts";

/** Headers that every call may carry: of the signature, of checksums, of who must own the bucket. */
const plainHeaders =
  /^x-amz-(?:date|content-sha256|user-agent|expected-bucket-owner|trailer|decoded-content-length|sdk-checksum-algorithm|checksum-[a-z0-9]+)$/;
/** Preconditions and ranges change what a call means as much as an x-amz header does. */
const otherHeaders = /^(?:x-amz-.+|if-.+|range)$/;

/** Finds the operation that method, path and query name; throws AwsError when there is none, or when it would not honour something. */
export function prepareS3(request: WireRequest): PreparedCall {
  const [rawPath = "", search = ""] = request.target.split(/\?(.*)/s);
  const [rawBucket = "", rawKey = ""] = rawPath.slice(1).split(/\/(.*)/s);
  const query = new URLSearchParams(search);
  const at = rawKey !== "" ? "/{Bucket}/{Key+}" : rawBucket !== "" ? "/{Bucket}" : "/";
  const found = findBinding(`${request.method} ${at}`, query);
  if (!found) throw notSpoken(`${request.method} ${request.target}`);
  const [operation, binding] = found;
  return {
    operation,
    async run(region) {
      checkHeaders(request, binding);
      const call: S3Call = {
        bucket: decode(rawBucket),
        key: decode(rawKey),
        query,
        header: (name) => headerValues(request.headers, name)[0],
        metadata: metadataOf(request),
        ...readS3Body(request),
      };
      return s3Answer(await binding.run(call, region));
    },
  };
}

function findBinding(place: string, query: URLSearchParams): readonly [string, S3Binding] | undefined {
  const given = [...query.keys()].filter((name) => name !== "x-id");
  return Object.entries(s3Table).find(([, { binding, query: known = [] }]) => {
    const [where, sub] = binding.split("?");
    const [name, value] = sub?.split("=") ?? [];
    if (where !== place || (name !== undefined && query.get(name) !== (value ?? ""))) return false;
    return given.every((one) => one === name || known.includes(one));
  });
}

function checkHeaders(request: WireRequest, { headers = [] }: S3Binding): void {
  const names = request.headers.map(([name]) => name.toLowerCase());
  const odd = names.find((name) => otherHeaders.test(name) && !plainHeaders.test(name) && !headers.some((known) => isKnown(known, name)));
  if (odd !== undefined) throw notSpoken(odd);
  const [owner] = headerValues(request.headers, "x-amz-expected-bucket-owner");
  if (owner === undefined || owner === account) return;
  if (!/^\d{12}$/.test(owner))
    throw s3Error("InvalidBucketOwnerAWSAccountID", 400, "The value of the expected bucket owner parameter must be an AWS account ID");
  throw s3Error("AccessDenied", 403, "Access Denied");
}

const isKnown = (known: string, name: string): boolean => (known.endsWith("*") ? name.startsWith(known.slice(0, -1)) : known === name);

function metadataOf({ headers }: WireRequest): Record<string, string> {
  const own = headers.map(([name, value]) => [name.toLowerCase(), value] as const).filter(([name]) => name.startsWith("x-amz-meta-"));
  return Object.fromEntries(own.map(([name, value]) => [name.slice("x-amz-meta-".length), value]));
}

function decode(text: string): string {
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

function s3Answer({ status, headers = [], body }: S3Answer): WireResponse {
  if (typeof body !== "string") return { status, headers: [...ids(), ...headers], body: body ?? new Uint8Array(0) };
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n${body}`;
  return { status, headers: [...ids(), ["content-type", "application/xml"], ...headers], body: Buffer.from(text) };
}

/** A refusal as the SDK reads it; to HEAD only its status can be told. */
export function s3Refusal({ code, status, message, details }: AwsError): WireResponse {
  if (status === 304) return s3Answer({ status });
  const headers = ids();
  const parts = [
    element("Code", code),
    element("Message", message),
    ...Object.entries(details).map(([name, value]) => element(name, value)),
  ];
  const [requestId, hostId] = headers.map(([, value]) => value);
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${element("Error", [...parts, element("RequestId", requestId), element("HostId", hostId)])}`;
  return { status, headers: [...headers, ["content-type", "application/xml"]], body: Buffer.from(body) };
}
