/** What a client sent as a body: framing and checksums in, the plain bytes out, or the refusal that S3 gives for a wrong one. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { WireRequest } from "../../../model/wire.ts";
import { headerValues } from "../../guard.ts";
import { invalidRequest, notSpoken, s3Error } from "./s3-error.ts";

/** The body and the checksums that came with it, all of them right. */
export interface S3Body {
  readonly body: Uint8Array;
  readonly checksums: Readonly<Record<string, string>>;
}

/** A signed payload that is not hashed, and one in chunks whose checksum follows it (API reference, "Signature Version 4"). */
export const unsignedPayload = "UNSIGNED-PAYLOAD";
export const unsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

const sums: Readonly<Record<string, (bytes: Uint8Array) => string>> = {
  crc32: (bytes) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(bytes));
    return sum.toString("base64");
  },
  sha1: (bytes) => createHash("sha1").update(bytes).digest("base64"),
  sha256: (bytes) => createHash("sha256").update(bytes).digest("base64"),
};

/** Throws AwsError: BadDigest, InvalidDigest, IncompleteBody, NotImplemented for algorithms that are not checked here. */
export function readS3Body(request: WireRequest): S3Body {
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

function checkSum(algorithm: string, given: string, body: Uint8Array): void {
  const sum = Object.hasOwn(sums, algorithm) ? sums[algorithm] : undefined;
  if (!sum) throw notSpoken(`x-amz-checksum-${algorithm}`);
  if (sum(body) !== given)
    throw s3Error("BadDigest", 400, `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`);
}

function checkMd5(given: string | undefined, body: Uint8Array): void {
  if (given === undefined) return;
  if (!/^[A-Za-z0-9+/]{22}==$/.test(given)) throw s3Error("InvalidDigest", 400, "The Content-MD5 you specified was invalid.");
  if (createHash("md5").update(body).digest("base64") !== given)
    throw s3Error("BadDigest", 400, "The Content-MD5 you specified did not match what we received.");
}

/** `HEX\r\nDATA\r\n … 0\r\nx-amz-checksum-crc32:…\r\n\r\n`. */
function unchunk({ body, headers }: WireRequest): { readonly body: Uint8Array; readonly trailers: Record<string, string> } {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const parts: Buffer[] = [];
  let at = 0;
  for (let size = -1; size !== 0;) {
    const end = bytes.indexOf("\r\n", at);
    const line = end < 0 ? "" : bytes.toString("latin1", at, end);
    if (!/^[0-9a-fA-F]{1,8}$/.test(line)) throw incomplete();
    size = Number.parseInt(line, 16);
    const start = end + 2;
    if (size > 0 && bytes.toString("latin1", start + size, start + size + 2) !== "\r\n") throw incomplete();
    parts.push(bytes.subarray(start, start + size));
    at = size > 0 ? start + size + 2 : start;
  }
  const trailers: Record<string, string> = {};
  for (const line of bytes.toString("latin1", at).split("\r\n").filter(Boolean)) {
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
  const whole = Buffer.concat(parts);
  if (headerValues(headers, "x-amz-decoded-content-length")[0] !== String(whole.length)) throw incomplete();
  return { body: whole, trailers };
}

function incomplete() {
  return s3Error("IncompleteBody", 400, "The request body terminated unexpectedly");
}
