/** What an HTTP API makes of a function's outcome (facts: response rules of payload 2.0): LambdaOutcome in, WireResponse out. */
import type { WireHeaders, WireResponse } from "../../model/wire.ts";
import type { LambdaOutcome } from "../lambda/outcome.ts";

/** The gateway's own answer: `{"message": …}`, with the request's id in a header. */
export function gatewayAnswer(status: number, message: string, requestId: string): WireResponse {
  const headers = [
    ["content-type", "application/json"],
    ["apigw-requestid", requestId],
  ] as const;
  return { status, headers, body: Buffer.from(JSON.stringify({ message })) };
}

/** The gateway frames and dates its answers itself. */
const dropped: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "content-length",
  "date",
  "server",
  "apigw-requestid",
]);

/** RFC 9110 section 5: a token, and a value without control characters. */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// oxlint-disable-next-line no-control-regex -- exactly these must not get through
const badValue = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Undefined when they are not as AWS wants them: every value a string. */
export function headersOf(given: unknown): WireHeaders | undefined {
  const headers = new Map<string, string>();
  if (!isRecord(given ?? {})) return undefined;
  for (const [name, value] of Object.entries(given ?? {})) {
    if (typeof value !== "string" || !headerName.test(name) || badValue.test(value)) return undefined;
    if (!dropped.has(name.toLowerCase())) headers.set(name.toLowerCase(), value);
  }
  return [...headers];
}

/** As Set-Cookie fields; undefined when they are no list of texts. */
export function cookiesOf(given: unknown): WireHeaders | undefined {
  if (!Array.isArray(given ?? [])) return undefined;
  const cookies = (given ?? []) as readonly unknown[];
  if (!cookies.every((cookie): cookie is string => typeof cookie === "string" && !badValue.test(cookie))) return undefined;
  return cookies.map((cookie) => ["set-cookie", cookie] as const);
}

function bodyOf(body: unknown, isBase64Encoded: unknown): Uint8Array | undefined {
  if (body === undefined || body === null) return new Uint8Array();
  if (typeof body !== "string") return undefined;
  if (isBase64Encoded !== true) return Buffer.from(body);
  return /^[A-Za-z0-9+/]*={0,2}$/.test(body) ? Buffer.from(body, "base64") : undefined;
}

/** A result object with a statusCode; undefined when it is malformed. */
function explicitResponse(result: Readonly<Record<string, unknown>>): WireResponse | undefined {
  const { statusCode, isBase64Encoded } = result;
  if (typeof statusCode !== "number" || !Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599) return undefined;
  const headers = headersOf(result["headers"]);
  const cookies = cookiesOf(result["cookies"]);
  const body = bodyOf(result["body"], isBase64Encoded);
  if (!headers || !cookies || !body) return undefined;
  // Facts mark the default as believed: always setting a type avoids it.
  const typed = body.byteLength === 0 || headers.some(([name]) => name === "content-type");
  return {
    status: statusCode,
    headers: [...headers, ...(typed ? [] : [["content-type", "text/plain;charset=utf-8"] as const]), ...cookies],
    body,
  };
}

/** Without a statusCode any JSON value is the body of a 200; undefined for what is malformed. */
export function responseOf(payload: Uint8Array): WireResponse | undefined {
  let result: unknown;
  try {
    result = JSON.parse(Buffer.from(payload).toString());
  } catch {
    return undefined;
  }
  if (isRecord(result) && "statusCode" in result) return explicitResponse(result);
  return { status: 200, headers: [["content-type", "application/json"]], body: payload };
}

/** A timeout or too many events at once is 503; a function error or a malformed result 500; and nothing of why in either. */
export function toResponse(outcome: LambdaOutcome, requestId: string): WireResponse {
  if (outcome.timedOut || outcome.throttled) return gatewayAnswer(503, "Service Unavailable", requestId);
  const response = outcome.functionError ? undefined : responseOf(outcome.payload);
  if (!response) return gatewayAnswer(500, "Internal Server Error", requestId);
  return { ...response, headers: [...response.headers, ["apigw-requestid", requestId]] };
}
