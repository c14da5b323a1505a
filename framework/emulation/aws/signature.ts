/** Verifies Signature Version 4, with the errors of AWS, and reads the service and region of the signature. */
import { createHash, timingSafeEqual } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import { headerValues, type HttpRequest } from "../../model/http-message.ts";
import { AwsError } from "./aws-error.ts";
import { Sha256 } from "./sha256.ts";

/** Largest difference between a signature's date and the clock, in milliseconds. */
const maxSkew = 5 * 60 * 1000;

/**
 * x-amz-content-sha256 of a payload that is not hashed, and of one in chunks that is followed by its checksum (S3 API
 * reference, "Signature Version 4").
 */
export const unsignedPayload = "UNSIGNED-PAYLOAD";
export const unsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/** A pair of keys that signs requests. */
export interface SigningKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Finds the key that a request names by its id, and by its session token if it is a temporary one. */
export type FindKey<K extends SigningKey> = (accessKeyId: string, sessionToken: string | undefined) => K | undefined;

/** The parts of an Authorization header. */
interface Authorization {
  readonly accessKeyId: string;
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const authorizationPattern = new RegExp(
  String.raw`^AWS4-HMAC-SHA256 Credential=([^\s/,]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, ?` +
    "SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$",
);

/** The service and region of a signature. */
export interface Scope {
  readonly service: string;
  readonly region: string;
}

/** The scope in a request whose signature is not verified yet. It decides in which protocol an error is written. */
export function claimedScope(request: HttpRequest): Scope | undefined {
  return authorizationOf(request);
}

function authorizationOf(request: HttpRequest): Authorization | undefined {
  const [header, ...more] = headerValues(request.headers, "authorization");
  const parts = more.length === 0 ? authorizationPattern.exec(header ?? "") : null;
  if (!parts) return undefined;
  const [, accessKeyId = "", day = "", region = "", service = "", signed = "", signature = ""] = parts;
  return { accessKeyId, day, region, service, signedHeaders: signed.split(";"), signature };
}

/**
 * Throws AwsError (403) unless the signature was made with a key that `findKey` knows over the bytes of this request,
 * within five minutes of one of `clocks` (epoch ms): a client uses the machine's clock until a response's Date shows it
 * the cloud's.
 */
export async function verifySignature<K extends SigningKey>(
  request: HttpRequest,
  findKey: FindKey<K>,
  clocks: readonly number[],
): Promise<{ readonly scope: Scope; readonly key: K }> {
  const authorization = authorizationOf(request);
  if (!authorization) {
    if (headerValues(request.headers, "authorization").length === 0)
      throw new AwsError("MissingAuthenticationTokenException", 403, "Missing Authentication Token");
    throw new AwsError(
      "IncompleteSignatureException",
      403,
      "The Authorization header is not a Signature Version 4 header.",
    );
  }
  const [sessionToken] = headerValues(request.headers, "x-amz-security-token");
  const key = findKey(authorization.accessKeyId, sessionToken);
  if (!key || !isSame(authorization.accessKeyId, key.accessKeyId)) {
    throw new AwsError("UnrecognizedClientException", 403, "The security token included in the request is invalid.");
  }
  checkSignedHeaders(request, authorization);
  const date = signedDate(request, authorization, clocks);
  checkPayload(request, authorization);
  if (!isSame(authorization.signature, await signatureOf(request, authorization, key, date))) throw mismatch();
  return { scope: authorization, key };
}

/** Only S3 accepts a signature without a hash of the body, which a checksum protects instead. */
function checkPayload({ headers, body }: HttpRequest, { service }: Authorization): void {
  const [hash] = headerValues(headers, "x-amz-content-sha256");
  if (hash === undefined || (service === "s3" && (hash === unsignedPayload || hash === unsignedTrailer))) return;
  if (hash !== createHash("sha256").update(body).digest("hex")) throw mismatch();
}

function mismatch(): AwsError {
  const text =
    "The request signature we calculated does not match the signature you provided. " +
    "Check your AWS Secret Access Key and signing method.";
  return new AwsError("InvalidSignatureException", 403, text);
}

/** The signature must cover host and every x-amz header. */
function checkSignedHeaders(request: HttpRequest, { signedHeaders }: Authorization): void {
  const amz = request.headers.map(([name]) => name.toLowerCase()).filter((name) => name.startsWith("x-amz-"));
  const missing = ["host", "x-amz-date", ...amz].filter((name) => !signedHeaders.includes(name));
  if (missing.length > 0)
    throw new AwsError(
      "InvalidSignatureException",
      403,
      `These headers must be signed: ${[...new Set(missing)].join(", ")}`,
    );
}

function signedDate(request: HttpRequest, authorization: Authorization, clocks: readonly number[]): Date {
  const [text = "", ...more] = headerValues(request.headers, "x-amz-date");
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  const date = new Date(
    parts ? `${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}:${parts[5]}:${parts[6]}Z` : Number.NaN,
  );
  if (more.length > 0 || Number.isNaN(date.getTime()))
    throw new AwsError("IncompleteSignatureException", 403, "Date must be in ISO-8601 'basic format'.");
  if (!text.startsWith(authorization.day))
    throw new AwsError("InvalidSignatureException", 403, "Date in Credential scope does not match the request's date.");
  const [age = 0] = clocks
    .map((now) => now - date.getTime())
    .toSorted((left, right) => Math.abs(left) - Math.abs(right));
  if (age > maxSkew)
    throw new AwsError("InvalidSignatureException", 403, `Signature expired: ${text} is now more than 5 minutes old.`);
  if (-age > maxSkew)
    throw new AwsError(
      "InvalidSignatureException",
      403,
      `Signature not yet current: ${text} is still later than now plus 5 minutes.`,
    );
  return date;
}

async function signatureOf(
  request: HttpRequest,
  authorization: Authorization,
  key: SigningKey,
  signingDate: Date,
): Promise<string> {
  const { service, region, signedHeaders } = authorization;
  // S3 signs the path as sent; the other services sign it escaped once more.
  const signer = new SignatureV4({
    service,
    region,
    credentials: { accessKeyId: key.accessKeyId, secretAccessKey: key.secretAccessKey },
    sha256: Sha256,
    applyChecksum: false,
    uriEscapePath: service !== "s3",
  });
  const [path = "", search = ""] = splitOnce(request.target, "?");
  const headers = Object.fromEntries(
    signedHeaders.map((name) => [name, headerValues(request.headers, name).join(",")]),
  );
  const unsigned = {
    method: request.method,
    protocol: "http:",
    hostname: "",
    path,
    query: queryBag(search),
    headers,
    body: request.body,
  };
  const signed = await signer.sign(unsigned, { signingDate, signableHeaders: new Set(signedHeaders) });
  return /Signature=([0-9a-f]{64})$/.exec(signed.headers["authorization"] ?? "")?.[1] ?? "";
}

function queryBag(search: string): Record<string, string | string[]> {
  const bag: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const pair of search.split("&").filter((pair) => pair !== "")) {
    const [name = "", value = ""] = splitOnce(pair, "=").map(decode);
    (bag[name] ??= []).push(value);
  }
  return bag;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw mismatch();
  }
}

function splitOnce(text: string, separator: string): readonly string[] {
  const index = text.indexOf(separator);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}

/** Compares in constant time: hashes, since the texts may differ in length. */
function isSame(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
