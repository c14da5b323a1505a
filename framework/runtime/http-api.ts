/** The Lambda front "HTTP API, payload 2.0": event in, Request out; Response in, result object out. */
import type { Asked, Opened } from "./lambda-handler.ts";
import { escapePath } from "./path.ts";

/** The parts of a payload 2.0 event that are read here (docs.aws.amazon.com, "HTTP API Lambda integrations"). */
export interface HttpApiEvent {
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly cookies?: readonly string[] | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes never come from a front; one that has text without a type hands them over, since a Request would give text a type. */
  readonly body?: string | Uint8Array<ArrayBuffer> | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext: {
    readonly domainName: string;
    readonly stage: string;
    readonly http: { readonly method: string; readonly sourceIp: string };
  };
}

/** What API Gateway accepts back. */
export interface HttpApiResult {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

/** Makes the request of what an event has: headers by names in lower case, and cookies apart from them. */
export type MakeRequest = (
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  cookies: readonly string[] | null | undefined,
  body: string | Uint8Array<ArrayBuffer> | null,
) => Request;

/**
 * Builds the client's request. rawPath comes decoded (facts: HTTP API events of 10 Jul 2026) and, on a named stage, with its prefix.
 * Neither path nor Host can move the origin: the host is checked, and the path is escaped after it and a slash. Throws on an event
 * that no HTTP client could have caused.
 * @param escape for fronts whose path is not decoded @param make for other than the usual web classes
 */
export const openEvent = (
  {
    rawPath,
    rawQueryString,
    cookies,
    headers,
    body,
    isBase64Encoded,
    requestContext: {
      stage,
      domainName,
      http: { method, sourceIp },
    },
  }: HttpApiEvent,
  escape: (path: string) => string = escapePath,
  make: MakeRequest = (url, method, headers, cookies, body) =>
    // oxlint-disable-next-line unicorn/no-invalid-fetch-options -- the method is the event's, and GET comes without a body
    new Request(url, { method, headers: cookies ? { ...headers, cookie: cookies.join("; ") } : headers, body }),
): Asked => {
  // The names are in lower case, and cookies come apart from them (API Gateway, "payload format version").
  const { host = "", "x-forwarded-proto": scheme } = headers;
  const origin = (scheme === "http" ? scheme : "https") + "://" + (/^[\w.:-]+$/.test(host) ? host : domainName);
  // Only `$default` may begin with "$", and only it is not in the path.
  return [
    make(
      origin + "/" + escape(rawPath.slice(stage[0] === "$" ? 1 : stage.length + 2)) + (rawQueryString && "?" + rawQueryString),
      method,
      headers,
      cookies,
      !body || /^(GET|HEAD)$/.test(method) ? null : isBase64Encoded ? Buffer.from(body as string, "base64") : body,
    ),
    sourceIp,
  ];
};

/** As `openEvent`, with the way back. */
export const openHttpApi = (event: HttpApiEvent): Opened<HttpApiResult> => [...openEvent(event), toHttpApi];

/** The stage, if the path has its prefix; under a custom domain it has none. */
export const stageOf = (path: string, stage: string): string => (`${path}/`.startsWith(`/${stage}/`) ? stage : "$default");

/** By name, cookies apart from them. What `fetch` gave has been decoded: an encoding and a length of before would be lies. */
export const headersOf = (response: Response): Record<string, string> => {
  const { "set-cookie": _, ...headers } = Object.fromEntries(response.headers);
  if (response.url) ["content-encoding", "content-length"].forEach((name) => delete headers[name]);
  return headers;
};

/** Text goes as it is; anything that is not UTF-8, or carries a Content-Encoding, goes as base64. */
export const toHttpApi = async (response: Response): Promise<HttpApiResult> => {
  const headers = headersOf(response);
  const bytes = Buffer.from(await response.arrayBuffer());
  const isBase64Encoded = "content-encoding" in headers || !process.getBuiltinModule("buffer").isUtf8(bytes);
  return {
    statusCode: response.status,
    headers,
    cookies: response.headers.getSetCookie(),
    body: bytes.toString(isBase64Encoded ? "base64" : "utf8"),
    isBase64Encoded,
  };
};
