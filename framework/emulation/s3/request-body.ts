/** The body of an S3 request: removes the aws-chunked framing and verifies the client's checksums. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { unsignedTrailer } from "../aws/signature.ts";
import { headerValues, type HttpRequest } from "../../model/http-message.ts";
import { invalidRequest, notSupported, s3Error } from "./errors.ts";

/** The body without framing, and the verified checksums that came with it. */
export interface S3Body {
  readonly body: Uint8Array;
  readonly checksums: Readonly<Record<string, string>>;
}

const sums: Readonly<Record<string, (bytes: Uint8Array) => string>> = {
  crc32: (bytes) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(bytes));
    return sum.toString("base64");
  },
  sha1: (bytes) => createHash("sha1").update(bytes).digest("base64"),
  sha256: (bytes) => createHash("sha256").update(bytes).digest("base64"),
};

/** Throws AwsError: BadDigest, InvalidDigest, IncompleteBody, or NotImplemented for other algorithms. */
export function readS3Body(request: HttpRequest): S3Body {
  const [hash] = headerValues(request.headers, "x-amz-content-sha256");
  if (hash === undefined) throw invalidRequest("Missing required header for this request: x-amz-content-sha256");
  const isChunked = hash === unsignedTrailer;
  const { body, trailers } = isChunked ? unchunk(request) : { body: request.body, trailers: {} };
  const sent = Object.fromEntries(
    request.headers.map(([name, value]) => [name.toLowerCase(), value] as const).filter(([name]) => isChecksum(name)),
  );
  const checksums = { ...sent, ...trailers };
  for (const [name, value] of Object.entries(checksums)) checkSum(name.slice("x-amz-checksum-".length), value, body);
  checkMd5(headerValues(request.headers, "content-md5")[0], body);
  return { body, checksums };
}

function isChecksum(name: string): boolean {
  return name.startsWith("x-amz-checksum-") && name !== "x-amz-checksum-mode" && name !== "x-amz-checksum-algorithm";
}

function checkSum(algorithm: string, checksum: string, body: Uint8Array): void {
  const sum = Object.hasOwn(sums, algorithm) ? sums[algorithm] : undefined;
  if (!sum) throw notSupported(`x-amz-checksum-${algorithm}`);
  if (sum(body) !== checksum)
    throw s3Error(
      "BadDigest",
      400,
      `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
    );
}

function checkMd5(checksum: string | undefined, body: Uint8Array): void {
  if (checksum === undefined) return;
  if (!/^[A-Za-z0-9+/]{22}==$/.test(checksum))
    throw s3Error("InvalidDigest", 400, "The Content-MD5 you specified was invalid.");
  if (createHash("md5").update(body).digest("base64") !== checksum)
    throw s3Error("BadDigest", 400, "The Content-MD5 you specified did not match what we received.");
}

/** `HEX\r\nDATA\r\n … 0\r\nx-amz-checksum-crc32:…\r\n\r\n`. */
function unchunk({ body, headers }: HttpRequest): {
  readonly body: Uint8Array;
  readonly trailers: Record<string, string>;
} {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const parts: Buffer[] = [];
  let offset = 0;
  for (let size = -1; size !== 0;) {
    const end = bytes.indexOf("\r\n", offset);
    const line = end < 0 ? "" : bytes.toString("latin1", offset, end);
    if (!/^[0-9a-fA-F]{1,8}$/.test(line)) throw incomplete();
    size = Number.parseInt(line, 16);
    const start = end + 2;
    if (size > 0 && bytes.toString("latin1", start + size, start + size + 2) !== "\r\n") throw incomplete();
    parts.push(bytes.subarray(start, start + size));
    offset = size > 0 ? start + size + 2 : start;
  }
  const trailers: Record<string, string> = {};
  for (const line of bytes.toString("latin1", offset).split("\r\n").filter(Boolean)) {
    const [name = "", value = ""] = line.split(/:(.*)/s);
    trailers[name.trim().toLowerCase()] = value.trim();
  }
  const promised = headerValues(headers, "x-amz-trailer").map((name) => name.toLowerCase());
  if (Object.keys(trailers).some((name) => !promised.includes(name)) || promised.some((name) => !(name in trailers)))
    throw s3Error(
      "MalformedTrailerError",
      400,
      "The request contained trailing data that was not well-formed or did not conform to our published schema.",
    );
  const content = Buffer.concat(parts);
  if (headerValues(headers, "x-amz-decoded-content-length")[0] !== String(content.length)) throw incomplete();
  return { body: content, trailers };
}

function incomplete() {
  return s3Error("IncompleteBody", 400, "The request body terminated unexpectedly");
}
