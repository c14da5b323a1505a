/** A page's POST of a form to a bucket: checks signature, policy and permission, and stores the file as an object. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { headerValues, type HttpRequest, type HttpResponse } from "../../model/http-message.ts";
import { AwsError } from "../aws/aws-error.ts";
import type { Caller } from "../aws/policy.ts";
import type { FindKey, SigningKey } from "../aws/signature.ts";
import { element } from "../aws/xml.ts";
import { crossOriginHeaders, preflight } from "./cross-origin.ts";
import { authorizeS3 } from "./data-plane.ts";
import { invalidArgument, notSupported, s3Error } from "./errors.ts";
import { checkBucket, checkKey, storeObject } from "./objects.ts";
import type { ObjectPlane, S3Response } from "./operation.ts";
import { type PostForm, readPostForm } from "./post-form.ts";
import { checkPolicy } from "./post-policy.ts";
import { decode, s3Response, writeS3Error } from "./protocol.ts";

/** Whose signatures count. */
export interface FormAuthority<K extends SigningKey> {
  readonly region: string;
  readonly findKey: FindKey<K>;
  /** Undefined for the account's own key, which may do everything. Throws AwsError for a role that is gone. */
  callerOf(key: K): Caller | undefined;
}

/** Whether a page sends it to a bucket: a form, which has no signature but its own, or whether it may send one. */
export const isFormRequest = ({ method, target, headers }: HttpRequest): boolean =>
  (method === "POST" || method === "OPTIONS") &&
  /^\/[^/?]+\/?$/.test(target) &&
  headerValues(headers, "authorization").length === 0;

/** Answers a request of which `isFormRequest` is true, errors included. */
export async function answerForm<K extends SigningKey>(
  request: HttpRequest,
  plane: ObjectPlane,
  authority: FormAuthority<K>,
): Promise<HttpResponse> {
  const { pathname } = new URL(request.target, "http://s3");
  let headers: ReturnType<typeof crossOriginHeaders> = [];
  try {
    const bucket = decode(pathname.split("/")[1]!);
    checkBucket({ bucket }, plane);
    const rules = plane.findBucket(bucket)!.cors;
    if (request.method === "OPTIONS") return s3Response(preflight(request, rules));
    headers = crossOriginHeaders(request, rules);
    const response = s3Response(await postObject(request, bucket, plane, authority));
    return { ...response, headers: [...response.headers, ...headers] };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const response = writeS3Error(error);
    return { ...response, headers: [...response.headers, ...headers] };
  }
}

async function postObject<K extends SigningKey>(
  request: HttpRequest,
  bucket: string,
  plane: ObjectPlane,
  authority: FormAuthority<K>,
): Promise<S3Response> {
  const form = readPostForm(request);
  const fields = expanded(form);
  const key = fields.get("key");
  if (!key) throw missing("key");
  const policy = fields.get("policy");
  // Nobody is anonymous: no bucket is public.
  if (policy === undefined) throw s3Error("AccessDenied", 403, "Access Denied");
  const signer = verify(fields, policy, plane.now(), authority);
  checkPolicy(policy, { fields: new Map([...fields, ["bucket", bucket]]), size: form.file.byteLength }, plane.now());
  const caller = authority.callerOf(signer);
  if (caller) authorizeS3(caller, "s3:PutObject", { bucket, key });
  checkKey(key);
  const headers = storedFields(fields);
  await plane.writeDelay();
  const call = {
    bucket,
    key,
    query: new URLSearchParams(),
    header: (name: string) => headers.get(name),
    metadata: {},
    body: form.file,
    checksums: {},
  };
  return toAnswer(fields, request, storeObject(call, plane));
}

/** `${filename}` in a field is the name of the file. */
const expanded = ({ fields, filename }: PostForm): ReadonlyMap<string, string> =>
  new Map([...fields].map(([name, value]) => [name, value.replaceAll("${filename}", () => filename)]));

const missing = (name: string) =>
  invalidArgument(
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    name,
  );

/** Milliseconds that a signature is good for at most, and that it may be ahead of the clock. */
const week = 7 * 24 * 3600 * 1000;
const maxAhead = 15 * 60 * 1000;

/** Epoch ms of `20260131T235959Z`; NaN for any other text. */
function timeOf(date: string): number {
  const iso = /^\d{8}T\d{6}Z$/.test(date) ? date.replace(/(..)(..)T(..)(..)/, "-$1-$2T$3:$4:") : "";
  return Date.parse(iso);
}

/** The key that signed the policy ("Authenticating requests in browser-based uploads using POST"). */
function verify<K extends SigningKey>(
  fields: ReadonlyMap<string, string>,
  policy: string,
  now: number,
  { region, findKey }: FormAuthority<K>,
): K {
  const [algorithm, credential, date, signature] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-signature",
  ].map((name) => {
    const value = fields.get(name);
    if (!value) throw missing(name);
    return value;
  }) as [string, string, string, string];
  if (algorithm !== "AWS4-HMAC-SHA256") throw invalidArgument("Only AWS4-HMAC-SHA256 is supported", "x-amz-algorithm");
  const [id = "", day = "", ...scope] = credential.split("/");
  const signedAt = timeOf(date);
  if (scope.join("/") !== `${region}/s3/aws4_request` || Number.isNaN(signedAt) || day !== date.slice(0, 8))
    throw invalidArgument(
      `the Credential is mal-formed; expecting ID/DATE/${region}/s3/aws4_request`,
      "X-Amz-Credential",
    );
  if (now - signedAt > week) throw s3Error("AccessDenied", 403, "Request has expired");
  if (signedAt - now > maxAhead) throw s3Error("AccessDenied", 403, "Request is not valid yet");
  const token = fields.get("x-amz-security-token");
  const key = findKey(id, token);
  if (!key && token !== undefined)
    throw s3Error("InvalidToken", 400, "The provided token is malformed or otherwise invalid.");
  if (key?.accessKeyId !== id)
    throw s3Error("InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records.");
  const expected = Buffer.from(signPolicy(policy, key.secretAccessKey, [day, ...scope]));
  const given = Buffer.from(signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given))
    throw s3Error(
      "SignatureDoesNotMatch",
      403,
      "The request signature we calculated does not match the signature you provided. " +
        "Check your key and signing method.",
    );
  return key;
}

/** The field `x-amz-signature`, in hex. @param scope day, region, service and `aws4_request` */
export function signPolicy(policy: string, secret: string, scope: readonly string[]): string {
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
  return hmac(scope.reduce<string | Buffer>(hmac, `AWS4${secret}`), policy).toString("hex");
}

/** The fields that become headers of the object. Throws NotImplemented for those that would not be honoured. */
function storedFields(fields: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const authentication = /^x-amz-(?:algorithm|credential|date|signature|security-token)$/;
  for (const name of fields.keys()) {
    const isAction = /^(?:acl|tagging|redirect)$/.test(name);
    if (isAction || (name.startsWith("x-amz-") && !authentication.test(name)))
      throw notSupported(`the field ${name} of a form`);
  }
  return new Map([...fields].filter(([name]) => /^(?:content-|cache-control$|expires$)/.test(name)));
}

/** 204 unless the form asks for 200 or 201, or for the page that follows: 303, whatever else it asks for. */
function toAnswer(
  fields: ReadonlyMap<string, string>,
  { headers }: HttpRequest,
  { bucket, key, etag }: { readonly bucket: string; readonly key: string; readonly etag: string },
): S3Response {
  const next = fields.get("success_action_redirect") ?? "";
  // What is no URL is ignored.
  if (URL.canParse(next)) {
    const url = new URL(next);
    for (const [name, value] of Object.entries({ bucket, key, etag })) url.searchParams.append(name, value);
    return { status: 303, headers: [["location", url.href]] };
  }
  const [, host = ""] = headers.find(([name]) => name.toLowerCase() === "host") ?? [];
  const location = `http://${host}/${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
  const told = [
    ["etag", etag],
    ["location", location],
  ] as const;
  const wanted = fields.get("success_action_status");
  if (wanted !== "201") return { status: wanted === "200" ? 200 : 204, headers: told };
  const parts = Object.entries({ Location: location, Bucket: bucket, Key: key, ETag: etag }).map(([name, text]) =>
    element(name, text),
  );
  return { status: 201, headers: told, body: element("PostResponse", parts) };
}
