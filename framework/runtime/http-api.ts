/** Payload format 2.0 of HTTP APIs and function URLs: makes a Request of an event, and a result of a Response. */
import type { ClientRequest, OpenedEvent } from "./lambda-handler.ts";
import { canonicalPath, escapePath } from "./path.ts";

/** The parts of a payload 2.0 event that are read here (docs.aws.amazon.com, "HTTP API Lambda integrations"). */
export interface HttpApiEvent {
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly cookies?: readonly string[] | null;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * AWS sends strings; adapters of other formats pass bytes for text without a content type, since a Request would add
   * one.
   */
  readonly body?: string | Uint8Array<ArrayBuffer> | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext: {
    readonly domainName: string;
    readonly stage: string;
    readonly http: { readonly method: string; readonly sourceIp: string | undefined };
  };
}

/** The result that API Gateway accepts. */
export interface HttpApiResult {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

/** Makes a Request of an event's parts: headers by lower-case names, and cookies apart from them. */
export type MakeRequest = (
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  cookies: readonly string[] | "" | null | undefined,
  body: string | Uint8Array<ArrayBuffer> | null,
) => Request;

/**
 * Makes the client's request. An HTTP API's rawPath is decoded (observed on 10 Jul 2026) and begins with the stage if
 * that is a named one. Neither path nor Host can change the origin: the host is checked, and the path is escaped after
 * it and a slash. Throws for an event that no HTTP client could have caused.
 * @param escape for event sources whose path is not decoded
 * @param make for web classes other than the platform's
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
    // oxlint-disable-next-line unicorn/no-invalid-fetch-options -- the event's method; GET has no body
    new Request(url, { method, headers: cookies ? { ...headers, cookie: cookies.join("; ") } : headers, body }),
): ClientRequest => {
  // Header names are in lower case, and cookies are apart from them (API Gateway, "payload format version").
  const { host = "", "x-forwarded-proto": scheme } = headers;
  const origin = (scheme === "http" ? scheme : "https") + "://" + (/^[\w.:-]+$/.test(host) ? host : domainName);
  // Only `$default` begins with "$", and only it is not in the path.
  return [
    make(
      origin +
        "/" +
        escape(rawPath.slice(stage[0] === "$" ? 1 : stage.length + 2)) +
        (rawQueryString && "?" + rawQueryString),
      method,
      headers,
      // With an empty list, the cookie header stays as it is.
      cookies?.[0] && cookies,
      !body || /^(GET|HEAD)$/.test(method) ? null : isBase64Encoded ? Buffer.from(body as string, "base64") : body,
    ),
    sourceIp,
  ];
};

/**
 * Tells a function URL's event from an HTTP API's by its host: `<id>.lambda-url.<region>.on.aws`, in China
 * `….amazonaws.com.cn`.
 */
export const isFunctionUrl = ({ requestContext }: HttpApiEvent): boolean =>
  /^[\w-]+\.lambda-url\./.test(requestContext.domainName);

/** Throws on a malformed escape in the path. */
export const openFunctionUrl = (event: HttpApiEvent): ClientRequest => openEvent(event, canonicalPath);

/** As `openEvent`, with the conversion of the response. */
export const openHttpApi = (event: HttpApiEvent): OpenedEvent<HttpApiResult> => [...openEvent(event), toHttpApi];

/** The stage, if the path begins with it, which it does not under a custom domain. */
export const stageOf = (path: string, stage: string): string =>
  `${path}/`.startsWith(`/${stage}/`) ? stage : "$default";

/**
 * A response's headers by name, without its cookies. A response of `fetch` is decoded, so that its original encoding
 * and length no longer apply.
 */
export const resultHeaders = (response: Response): Record<string, string> => {
  const { "set-cookie": _, ...headers } = Object.fromEntries(response.headers);
  if (response.url) ["content-encoding", "content-length"].forEach((name) => delete headers[name]);
  return headers;
};

/** The result for a response: a body that is not UTF-8, or has a Content-Encoding, is sent as base64. */
export const toHttpApi = async (response: Response): Promise<HttpApiResult> => {
  const headers = resultHeaders(response);
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
