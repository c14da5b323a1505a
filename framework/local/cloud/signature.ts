/** Verifies Signature Version 4: a request and the cloud's key in, the service and region it was signed for out, or the refusal AWS would give. */
import { createHash, timingSafeEqual } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import type { WireRequest } from "../../model/wire.ts";
import { headerValues } from "../guard.ts";
import { AwsError } from "./aws-error.ts";
import type { CloudKey } from "./key.ts";
import { unsignedPayload, unsignedTrailer } from "./s3/s3-body.ts";
import { Sha256 } from "./sha256.ts";

/** How far a signature's date may be from our clock, milliseconds. */
const skew = 5 * 60 * 1000;

/** The parts of an Authorization header. */
interface Claim {
  readonly accessKeyId: string;
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** What a signature was made for. */
export interface Scope {
  readonly service: string;
  readonly region: string;
}

/** The scope that a request claims, not yet to be trusted; it only decides in which protocol a refusal is written. */
export function claimedScope(request: WireRequest): Scope | undefined {
  return claimOf(request);
}

function claimOf(request: WireRequest): Claim | undefined {
  const [header, ...more] = headerValues(request.headers, "authorization");
  const form =
    /^AWS4-HMAC-SHA256 Credential=([A-Z0-9]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;
  const parts = more.length === 0 ? form.exec(header ?? "") : null;
  if (!parts) return undefined;
  const [, accessKeyId = "", day = "", region = "", service = "", signed = "", signature = ""] = parts;
  return { accessKeyId, day, region, service, signedHeaders: signed.split(";"), signature };
}

/**
 * Throws AwsError (403) unless the request was signed with `key`, over these very bytes, within five minutes of one of `clocks` (epoch
 * ms): a client goes by the machine's clock until an answer's Date tells it the cloud's.
 */
export async function verifySignature(request: WireRequest, key: CloudKey, clocks: readonly number[]): Promise<Scope> {
  const claim = claimOf(request);
  if (!claim) {
    if (headerValues(request.headers, "authorization").length === 0)
      throw new AwsError("MissingAuthenticationTokenException", 403, "Missing Authentication Token");
    throw new AwsError("IncompleteSignatureException", 403, "The Authorization header is not a Signature Version 4 header.");
  }
  // The key is a long-term one: a session token can only have come from somebody's real credentials.
  const hasToken = headerValues(request.headers, "x-amz-security-token").length > 0;
  if (hasToken || !isSame(claim.accessKeyId, key.accessKeyId)) {
    throw new AwsError("UnrecognizedClientException", 403, "The security token included in the request is invalid.");
  }
  checkSignedHeaders(request, claim);
  const date = signedDate(request, claim, clocks);
  checkPayload(request, claim);
  if (!isSame(claim.signature, await signatureOf(request, claim, key, date))) throw mismatch();
  return claim;
}

/** S3 alone lets a client sign without a hash of the body; a checksum guards it there. */
function checkPayload({ headers, body }: WireRequest, { service }: Claim): void {
  const [hash] = headerValues(headers, "x-amz-content-sha256");
  if (hash === undefined || (service === "s3" && (hash === unsignedPayload || hash === unsignedTrailer))) return;
  if (hash !== createHash("sha256").update(body).digest("hex")) throw mismatch();
}

function mismatch(): AwsError {
  const text =
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.";
  return new AwsError("InvalidSignatureException", 403, text);
}

/** Host and every x-amz header must be under the signature, else it would prove nothing about them. */
function checkSignedHeaders(request: WireRequest, { signedHeaders }: Claim): void {
  const amz = request.headers.map(([name]) => name.toLowerCase()).filter((name) => name.startsWith("x-amz-"));
  const missing = ["host", "x-amz-date", ...amz].filter((name) => !signedHeaders.includes(name));
  if (missing.length > 0)
    throw new AwsError("InvalidSignatureException", 403, `These headers must be signed: ${[...new Set(missing)].join(", ")}`);
}

function signedDate(request: WireRequest, claim: Claim, clocks: readonly number[]): Date {
  const [text = "", ...more] = headerValues(request.headers, "x-amz-date");
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  const date = new Date(parts ? `${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}:${parts[5]}:${parts[6]}Z` : Number.NaN);
  if (more.length > 0 || Number.isNaN(date.getTime()))
    throw new AwsError("IncompleteSignatureException", 403, "Date must be in ISO-8601 'basic format'.");
  if (!text.startsWith(claim.day))
    throw new AwsError("InvalidSignatureException", 403, "Date in Credential scope does not match the request's date.");
  const [ahead = 0] = clocks.map((now) => now - date.getTime()).toSorted((left, right) => Math.abs(left) - Math.abs(right));
  if (ahead > skew) throw new AwsError("InvalidSignatureException", 403, `Signature expired: ${text} is now more than 5 minutes old.`);
  if (-ahead > skew)
    throw new AwsError("InvalidSignatureException", 403, `Signature not yet current: ${text} is still later than now plus 5 minutes.`);
  return date;
}

async function signatureOf(request: WireRequest, claim: Claim, key: CloudKey, signingDate: Date): Promise<string> {
  const { service, region, signedHeaders } = claim;
  // S3 signs the path as it is sent, the others escape it once more.
  const signer = new SignatureV4({
    service,
    region,
    credentials: key,
    sha256: Sha256,
    applyChecksum: false,
    uriEscapePath: service !== "s3",
  });
  const [path = "", search = ""] = splitOnce(request.target, "?");
  const headers = Object.fromEntries(signedHeaders.map((name) => [name, headerValues(request.headers, name).join(",")]));
  const plain = { method: request.method, protocol: "http:", hostname: "", path, query: queryBag(search), headers, body: request.body };
  const signed = await signer.sign(plain, { signingDate, signableHeaders: new Set(signedHeaders) });
  return /Signature=([0-9a-f]{64})$/.exec(signed.headers["authorization"] ?? "")?.[1] ?? "";
}

function queryBag(search: string): Record<string, string | string[]> {
  const bag: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const pair of search.split("&").filter((one) => one !== "")) {
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

function splitOnce(text: string, mark: string): readonly string[] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** Compares in constant time; hashes first, since the lengths may differ. */
function isSame(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
