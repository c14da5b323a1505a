/** The HTTP response that an HTTP API makes of a function's result (developer guide, "Lambda proxy integrations"). */
import type { HttpHeaders, HttpResponse } from "../../model/http-message.ts";
import type { InvocationResult } from "../lambda/invocation.ts";

/** The API's own response: `{"message": …}`, with the request's id in a header. */
export function gatewayResponse(status: number, message: string, requestId: string): HttpResponse {
  const headers = [
    ["content-type", "application/json"],
    ["apigw-requestid", requestId],
  ] as const;
  return { status, headers, body: Buffer.from(JSON.stringify({ message })) };
}

/** Headers that the API sets itself or drops. */
const droppedHeaders: ReadonlySet<string> = new Set([
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
// oxlint-disable-next-line no-control-regex -- control characters are what it matches
const badValue = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Undefined when they are malformed: every value must be a string. */
export function headersOf(given: unknown): HttpHeaders | undefined {
  const headers = new Map<string, string>();
  if (!isRecord(given ?? {})) return undefined;
  for (const [name, value] of Object.entries(given ?? {})) {
    if (typeof value !== "string" || !headerName.test(name) || badValue.test(value)) return undefined;
    if (!droppedHeaders.has(name.toLowerCase())) headers.set(name.toLowerCase(), value);
  }
  return [...headers];
}

/** Set-Cookie headers; undefined when the cookies are no list of strings. */
export function cookiesOf(given: unknown): HttpHeaders | undefined {
  if (!Array.isArray(given ?? [])) return undefined;
  const cookies = (given ?? []) as readonly unknown[];
  if (!cookies.every((cookie): cookie is string => typeof cookie === "string" && !badValue.test(cookie)))
    return undefined;
  return cookies.map((cookie) => ["set-cookie", cookie] as const);
}

function bodyOf(body: unknown, isBase64Encoded: unknown): Uint8Array | undefined {
  if (body === undefined || body === null) return new Uint8Array();
  if (typeof body !== "string") return undefined;
  if (isBase64Encoded !== true) return Buffer.from(body);
  return /^[A-Za-z0-9+/]*={0,2}$/.test(body) ? Buffer.from(body, "base64") : undefined;
}

/** A result object with a statusCode; undefined when it is malformed. */
function explicitResponse(result: Readonly<Record<string, unknown>>): HttpResponse | undefined {
  const { statusCode, isBase64Encoded } = result;
  if (typeof statusCode !== "number" || !Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599)
    return undefined;
  const headers = headersOf(result["headers"]);
  const cookies = cookiesOf(result["cookies"]);
  const body = bodyOf(result["body"], isBase64Encoded);
  if (!headers || !cookies || !body) return undefined;
  // AWS does not document this default; setting a type always avoids it.
  const hasType = body.byteLength === 0 || headers.some(([name]) => name === "content-type");
  return {
    status: statusCode,
    headers: [...headers, ...(hasType ? [] : [["content-type", "text/plain;charset=utf-8"] as const]), ...cookies],
    body,
  };
}

/** Without a statusCode any JSON value is the body of a 200; undefined for a malformed result. */
export function responseOf(payload: Uint8Array): HttpResponse | undefined {
  let result: unknown;
  try {
    result = JSON.parse(Buffer.from(payload).toString());
  } catch {
    return undefined;
  }
  if (isRecord(result) && "statusCode" in result) return explicitResponse(result);
  return { status: 200, headers: [["content-type", "application/json"]], body: payload };
}

/** A timeout or throttling is 503, a function error or a malformed result 500; neither tells the cause. */
export function toResponse(result: InvocationResult, requestId: string): HttpResponse {
  if (result.timedOut || result.throttled) return gatewayResponse(503, "Service Unavailable", requestId);
  const response = result.functionError ? undefined : responseOf(result.payload);
  if (!response) return gatewayResponse(500, "Internal Server Error", requestId);
  return { ...response, headers: [...response.headers, ["apigw-requestid", requestId]] };
}
