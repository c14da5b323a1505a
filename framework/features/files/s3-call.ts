/** Signed calls to one S3 bucket, and signed upload forms for it, with the credentials of the environment. */
import { hmac, sha256 } from "../aws/signed-call.ts";
import type { Content, FormLimits, FormTarget } from "./engine.ts";
import { FileError } from "./file-error.ts";

/** A request to the bucket. */
export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "DELETE";
  /** Of an object; empty for the bucket itself. */
  readonly name?: string;
  /** In the order of their names. */
  readonly query?: Readonly<Record<string, string>>;
  /** Beside those that every request has, which are signed. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: Content;
}

/** A response whose body is read as it is needed. */
export type S3Answer = InstanceType<ReturnType<typeof process.getBuiltinModule<"node:http">>["IncomingMessage"]>;

/** Calls a bucket, and makes forms for it. */
export interface Bucket {
  /** Rejects with FileError where there is no answer, for 5xx and for a bucket that is not there or not permitted. */
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

/** @param url of the bucket, with a slash at its end @param bucket its name */
export function openBucket(url: URL, bucket: string): Bucket {
  const { Agent, request } = process.getBuiltinModule(url.protocol === "http:" ? "node:http" : "node:https");
  const agent = new Agent({ keepAlive: true });
  let lastUse = 0;
  const attempt = (asked: S3Request): Promise<S3Answer> => {
    if (Date.now() - lastUse > idleMs) agent.destroy();
    lastUse = Date.now();
    const { path, headers } = signed(url, asked);
    return new Promise((resolve, reject) => {
      const { hostname, port } = url;
      const call = request({ hostname, port, path, method: asked.method, headers, agent, timeout: answerMs });
      call.on("response", resolve).on("error", reject);
      call.on("timeout", () => call.destroy(new Error(`no answer for ${answerMs} ms`)));
      if (asked.content) void write(asked.content.parts, call).catch((error: Error) => call.destroy(error));
      else call.end();
    });
  };
  return {
    async send(asked) {
      for (let tries = 0; ; tries++) {
        const { answer, error } = await attempt(asked).then(
          (found) => ({ answer: found, error: undefined }),
          (cause: unknown) => ({ answer: undefined, error: cause }),
        );
        if (answer && answer.statusCode! < 500) return answer;
        answer?.resume();
        if (error instanceof FileError) throw error;
        const undone = answer?.statusCode === 503 || isUnsent(error);
        const isRead = asked.method === "GET" || asked.method === "HEAD";
        const wait = waits[tries];
        if ((undone || isRead) && (!asked.content || Array.isArray(asked.content.parts)) && wait !== undefined) {
          await new Promise((done) => setTimeout(done, Math.random() * wait));
          continue;
        }
        if (undone || isRead) throw new FileError("FILE_BUSY", "S3 does not answer; try later", error);
        throw new FileError("FILE_OUTCOME_UNKNOWN", "S3 gave no answer; the write may have happened", error);
      }
    },
    form: (name, limits) => formOf(url, bucket, name, limits),
  };
}

/** Without a connection nothing was sent. */
const isUnsent = (error: unknown): boolean =>
  /^(?:connect|getaddrinfo)$/.test((error as NodeJS.ErrnoException | undefined)?.syscall ?? "");

/** Writes as fast as the connection takes it. */
async function write(
  parts: Content["parts"],
  call: { write(part: Uint8Array): boolean; once(name: "drain", then: () => void): unknown; end(): unknown },
): Promise<void> {
  for await (const part of parts) if (!call.write(part)) await new Promise<void>((done) => call.once("drain", done));
  call.end();
}

/** The payload is not hashed, which TLS protects (S3 API reference, "Signature calculations"). */
function signed(url: URL, { method, name = "", query = {}, headers: more = {}, content }: S3Request) {
  const { date, scope, credential, token, sign } = signerOf(process.env);
  const path = url.pathname + name.split("/").map(escape).join("/");
  const search = Object.entries(query)
    .map(([key, value]) => `${escape(key)}=${escape(value)}`)
    .join("&");
  const signedOnes: Record<string, string> = {
    host: url.host,
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    "x-amz-date": date,
    ...(token && { "x-amz-security-token": token }),
  };
  const names = Object.keys(signedOnes).join(";");
  const lines = Object.entries(signedOnes).map(([key, value]) => `${key}:${value}\n`);
  const canonical = [method, path, search, lines.join(""), names, "UNSIGNED-PAYLOAD"].join("\n");
  const signature = sign(["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n"));
  return {
    path: search ? `${path}?${search}` : path,
    headers: {
      ...signedOnes,
      ...more,
      ...(content && { "content-length": `${content.size}` }),
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
    },
  };
}

/** A form with a policy, whose conditions S3 checks (S3 API reference, "Browser-based uploads using POST"). */
function formOf(url: URL, bucket: string, name: string, { maxBytes, type, expires }: FormLimits): FormTarget {
  const { date, credential, token, sign } = signerOf(process.env);
  const fields = {
    key: name,
    "Content-Type": type,
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
  const policy = Buffer.from(text).toString("base64");
  return { url: url.href, fields: { ...fields, policy, "x-amz-signature": sign(policy) } };
}
