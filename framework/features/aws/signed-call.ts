/**
 * Signed calls to AWS's JSON services from inside a Lambda function. Node's modules are got as they are needed: an
 * import of node:https loads all of it (docs/decisions/036), and the SDK is a hundred times this size.
 */
const { createHmac, hash } = process.getBuiltinModule("node:crypto");

/** An answer that is no success, or what Node threw in place of one. */
export interface AwsCallError extends Error {
  /** The service's name of the error, or Node's. */
  readonly code?: string;
  /** Of the answer; absent where none came, or none that is JSON. */
  readonly status?: number;
  /** The answer's body. */
  readonly body?: Readonly<Record<string, unknown>>;
}

/** A service's API. */
export interface AwsService {
  readonly name: string;
  /** Of the header X-Amz-Target: `DynamoDB_20120810`. */
  readonly target: string;
  readonly endpoint: URL;
}

/** Milliseconds without an answer after which a call is lost. */
const answerMs = 5000;

/**
 * Milliseconds after which connections are not used again. An environment may have been frozen for long, and a
 * connection that the service has closed meanwhile would lose the next call.
 */
const idleMs = 15_000;

/** Milliseconds to wait at most before each repetition; the wait is random. */
const waits = [50, 200, 800];

/**
 * What became of a call that failed. `undone`: it did not happen, for want of a connection or of capacity
 * (`ThrottlingException`, SQS's `RequestThrottled`, and DynamoDB's own names), and the same call may succeed later.
 * `lost`: it may have happened, or may yet, since there was no answer, or the service failed.
 */
export const outcomeOf = (error: AwsCallError): "undone" | "refused" | "lost" =>
  isUnsent(error as {}) || /Throttl|ThroughputExceeded|RequestLimitExceeded/.test(error.code!)
    ? "undone"
    : error.status! < 500
      ? "refused"
      : "lost";

/** Calls an operation of a service. Rejects with AwsCallError. @param repeats whether a lost call is repeated, too */
export type SignedCall = <T>(operation: string, input: object, repeats?: boolean) => Promise<T>;

/** Credentials and region are those of the function's environment. A call that did not happen is repeated. */
export function createSignedCall(service: AwsService): SignedCall {
  const send = createSender(service.endpoint);
  return async <T>(operation: string, input: object, repeats?: boolean): Promise<T> => {
    const body = JSON.stringify(input);
    for (let attempt = 0; ; attempt++) {
      try {
        return (await send(signedHeaders(service, operation, body), body)) as T;
      } catch (error) {
        const outcome = outcomeOf(error as AwsCallError);
        const wait = waits[attempt];
        if (!(outcome === "undone" || (outcome === "lost" && repeats)) || wait === undefined) throw error;
        await new Promise((done) => setTimeout(done, Math.random() * wait));
      }
    }
  };
}

/** HMAC-SHA256. */
export const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
/** Whether nothing was sent for want of a connection. Where a name has several addresses, the error has `errors`. */
export const isUnsent = ({ syscall, errors }: { readonly syscall?: string; readonly errors?: unknown }): boolean =>
  !!errors || /^(?:connect|getaddrinfo)$/.test(syscall!);
/** SHA-256 in hex. */
export const sha256 = (text: string): string => hash("sha256", text);

/** Signature Version 4 (docs.aws.amazon.com/IAM, "Create a signed AWS API request"). */
function signedHeaders({ name, target, endpoint }: AwsService, operation: string, body: string) {
  const env = process.env;
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = [date.slice(0, 8), env["AWS_REGION"]!, name, "aws4_request"];
  // In the order of their names.
  const headers: Record<string, string> = {
    "content-type": "application/x-amz-json-1.0",
    host: endpoint.host,
    "x-amz-date": date,
    ...(env["AWS_SESSION_TOKEN"] && { "x-amz-security-token": env["AWS_SESSION_TOKEN"] }),
    "x-amz-target": `${target}.${operation}`,
  };
  const lines = Object.entries(headers).map((header) => header.join(":"));
  const signed = Object.keys(headers).join(";");
  const request = ["POST", endpoint.pathname, "", ...lines, "", signed, sha256(body)].join("\n");
  const text = ["AWS4-HMAC-SHA256", date, scope.join("/"), sha256(request)].join("\n");
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${env["AWS_SECRET_ACCESS_KEY"]}`);
  const credential = `${env["AWS_ACCESS_KEY_ID"]}/${scope.join("/")}`;
  const signature = hmac(key, text).toString("hex");
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signed}, Signature=${signature}`,
  };
}

type Incoming = InstanceType<ReturnType<typeof process.getBuiltinModule<"node:http">>["IncomingMessage"]>;

/** Sends a body over connections that are kept open between calls, and reads the answer. Rejects with AwsCallError. */
function createSender(endpoint: URL) {
  const { Agent, request } = process.getBuiltinModule(endpoint.protocol === "http:" ? "node:http" : "node:https");
  const agent = new Agent({ keepAlive: true });
  let lastUse = 0;
  return async (headers: Readonly<Record<string, string>>, content: string): Promise<unknown> => {
    // What is under way for so long has failed.
    if (Date.now() - lastUse > idleMs) agent.destroy();
    lastUse = Date.now();
    const answer = await new Promise<Incoming>((resolve, reject) => {
      const call = request(endpoint, { method: "POST", agent, headers, timeout: answerMs }, resolve);
      call.on("timeout", () => call.destroy(new Error(`no answer for ${answerMs} ms`)));
      call.on("error", reject).end(content);
    });
    let text = "";
    for await (const part of answer.setEncoding("utf8")) text += part;
    lastUse = Date.now();
    const body = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const status = answer.statusCode!;
    if (status === 200) return body;
    // `com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException`.
    const code = String(body["__type"]).replace(/.*#/, "");
    throw Object.assign(new Error(`${code}: ${String(body["message"] ?? body["Message"])}`), { code, status, body });
  };
}
