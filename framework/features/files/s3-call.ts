/** Signed calls to one S3 bucket, and signed upload forms for it, with the credentials of the environment. */
import { hmac, isUnsent, sha256 } from "../aws/signed-call.ts";
import type { Content, FormLimits, FormTarget } from "./engine.ts";
import { FileError } from "./file-error.ts";

/** A request to the bucket. */
export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "DELETE";
  /** Of an object; empty for the bucket itself. */
  readonly name?: string;
  /** In the order of their names. */
  readonly query?: Readonly<Record<string, string>>;
  /** Beside those that every request has. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: Content;
}

/** A response whose body is read as it is needed. */
export type S3Answer = InstanceType<ReturnType<typeof process.getBuiltinModule<"node:http">>["IncomingMessage"]>;

/** Calls a bucket, and makes forms for it. */
export interface Bucket {
  /** Rejects with FileError where there is no answer and for 5xx, and with the content's own error. */
  send(request: S3Request): Promise<S3Answer>;
  form(name: string, limits: FormLimits): FormTarget;
}

/** Milliseconds without a byte after which a call is lost, and after which idle connections are not used again. */
const answerMs = 10_000;
const idleMs = 15_000;

/** Milliseconds to wait at most before each repetition; the wait is random. */
const waits = [50, 200, 800];

/** RFC 3986, which S3 signs by: encodeURIComponent leaves five more characters as they are. */
const escape = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

/** What signs now: the key of a day, a region and a service (IAM user guide, "Signature Version 4"). */
function signerOf(env: NodeJS.ProcessEnv) {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = [date.slice(0, 8), env["AWS_REGION"]!, "s3", "aws4_request"];
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${env["AWS_SECRET_ACCESS_KEY"]}`);
  return {
    date,
    scope: scope.join("/"),
    credential: `${env["AWS_ACCESS_KEY_ID"]}/${scope.join("/")}`,
    token: env["AWS_SESSION_TOKEN"],
    sign: (text: string): string => hmac(key, text).toString("hex"),
  };
}

/** How a call went that gave no answer. */
interface Failure {
  readonly cause: unknown;
  /** The content itself could not be read. */
  readonly isOwn: boolean;
}

/** @param url of the bucket, with a slash at its end @param bucket its name */
export function openBucket(url: URL, bucket: string): Bucket {
  const { Agent, request } = process.getBuiltinModule(url.protocol === "http:" ? "node:http" : "node:https");
  const agent = new Agent({ keepAlive: true });
  let lastUse = 0;
  const attempt = (asked: S3Request): Promise<S3Answer | Failure> => {
    if (Date.now() - lastUse > idleMs) agent.destroy();
    lastUse = Date.now();
    const { path, headers } = signed(url, asked);
    return new Promise((resolve) => {
      const { hostname, port } = url;
      const call = request({ hostname, port, path, method: asked.method, headers, agent, timeout: answerMs });
      let isOwn = false;
      const fail = (cause: unknown): void => {
        call.destroy();
        resolve({ cause, isOwn });
      };
      call.on("response", resolve).on("error", fail);
      call.on("timeout", () => call.destroy(new Error(`no answer for ${answerMs} ms`)));
      if (!asked.content) return call.end();
      const parts = watched(asked.content.parts, () => (isOwn = true));
      const { pipeline } = process.getBuiltinModule("node:stream");
      return pipeline(parts, call, (error) => error && fail(error));
    });
  };
  return {
    async send(asked) {
      const isRead = /GET|HEAD/.test(asked.method);
      const isRepeatable = !asked.content || Array.isArray(asked.content.parts);
      for (let tries = 0; ; tries++) {
        const answer = await attempt(asked);
        const failure = "cause" in answer ? answer : undefined;
        if (!("cause" in answer)) {
          if (answer.statusCode! < 500) return answer;
          answer.resume();
        }
        if (failure?.isOwn) throw failure.cause;
        // Without a connection nothing was sent, and with 503 nothing was done.
        const isUndone = failure ? isUnsent(failure.cause as {}) : (answer as S3Answer).statusCode === 503;
        const wait = waits[tries];
        if (!isUndone && !isRead)
          throw new FileError("FILE_OUTCOME_UNKNOWN", "S3 gave no answer; the write may have happened", failure?.cause);
        if (!isRepeatable || !wait) throw new FileError("FILE_BUSY", "S3 does not answer; try later", failure?.cause);
        await new Promise((done) => setTimeout(done, Math.random() * wait));
      }
    },
    form: (name, limits) => formOf(url, bucket, name, limits),
  };
}

/** The parts; `onError` is called when they fail, so that this is not taken for a failure of the call. */
async function* watched(parts: Content["parts"], onError: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* parts;
  } catch (error) {
    onError();
    throw error;
  }
}

/** The payload is not hashed, which TLS protects (S3 API reference, "Signature calculations"). */
function signed(url: URL, { method, name = "", query = {}, headers: own = {}, content }: S3Request) {
  const { date, scope, credential, token, sign } = signerOf(process.env);
  const path = url.pathname + name.split("/").map(escape).join("/");
  const search = Object.entries(query)
    .map(([key, value]) => `${escape(key)}=${escape(value)}`)
    .join("&");
  const headers: Readonly<Record<string, string>> = {
    ...own,
    host: url.host,
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    "x-amz-date": date,
    ...(token && { "x-amz-security-token": token }),
  };
  const sorted = Object.keys(headers).toSorted();
  const lines = sorted.map((header) => `${header}:${headers[header]!.trim().replace(/ +/g, " ")}\n`).join("");
  const names = sorted.join(";");
  const canonical = [method, path, search, lines, names, "UNSIGNED-PAYLOAD"].join("\n");
  const signature = sign(["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n"));
  return {
    path: search ? `${path}?${search}` : path,
    headers: {
      ...headers,
      ...(content && { "content-length": `${content.size}` }),
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
    },
  };
}

/**
 * A form with a policy, whose conditions S3 checks (S3 API reference, "POST Policy": what is not ASCII is escaped).
 * Throws FileError FILE_KEY for a key in which S3 would put the name of the visitor's file.
 */
function formOf(url: URL, bucket: string, name: string, { maxBytes, type, expires, redirect }: FormLimits): FormTarget {
  if (name.includes("${filename}")) throw new FileError("FILE_KEY", "a form's key has no ${filename}");
  const { date, credential, token, sign } = signerOf(process.env);
  const fields = {
    key: name,
    "Content-Type": type,
    ...(redirect && { success_action_redirect: redirect }),
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-credential": credential,
    "x-amz-date": date,
    ...(token && { "x-amz-security-token": token }),
  };
  const conditions = [
    { bucket },
    ["content-length-range", 0, maxBytes],
    ...Object.entries(fields).map(([field, value]) => ["eq", `$${field}`, value]),
  ];
  const text = JSON.stringify({ expiration: new Date(expires * 1000).toISOString(), conditions });
  const ascii = text.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const policy = Buffer.from(ascii).toString("base64");
  return { url: url.href, fields: { ...fields, policy, "x-amz-signature": sign(policy) } };
}
