/** The event, payload format 2.0, that a function URL makes of a request, as recorded from AWS in July 2026. */
import { headerValues, type HttpRequest } from "../../model/http-message.ts";
import {
  bodyOf,
  commonLogTime,
  cookiesOf,
  decodedPath,
  headersOf,
  queryOf,
  unlessEmpty,
} from "../http-api/payload-format-2.ts";

/** A function URL with AuthType NONE: `https://<urlId>.lambda-url.<region>.on.aws/`. */
export interface FunctionUrl {
  readonly urlId: string;
  readonly region: string;
}

/** A complete event. Empty keys are absent. */
export interface FunctionUrlEventDocument {
  readonly version: "2.0";
  readonly routeKey: "$default";
  /** As the client sent it, not decoded. */
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly cookies?: readonly string[];
  /** With the Cookie header, which an HTTP API removes. */
  readonly headers: Readonly<Record<string, string>>;
  readonly queryStringParameters?: Readonly<Record<string, string>>;
  readonly requestContext: {
    readonly accountId: "anonymous";
    readonly apiId: string;
    readonly domainName: string;
    readonly domainPrefix: string;
    readonly http: {
      readonly method: string;
      /** Decoded, unless an escape is malformed. */
      readonly path: string;
      readonly protocol: "HTTP/1.1";
      readonly sourceIp: string;
      readonly userAgent: string;
    };
    readonly requestId: string;
    readonly routeKey: "$default";
    readonly stage: "$default";
    readonly time: string;
    readonly timeEpoch: number;
  };
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

/** @param requestId a UUID */
export function toUrlEvent(
  request: HttpRequest,
  requestId: string,
  url: FunctionUrl,
  now: Date = new Date(),
): FunctionUrlEventDocument {
  const { method, target, clientAddress } = request;
  const [rawPath = ""] = target.split("?", 1);
  const rawQueryString = target.slice(rawPath.length + 1);
  const headers = headersOf(request, headerValues(request.headers, "cookie").join("; "));
  const { urlId, region } = url;
  const http = { method, path: decodedPath(target) ?? rawPath, protocol: "HTTP/1.1", sourceIp: clientAddress } as const;
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath,
    rawQueryString,
    ...unlessEmpty("cookies", cookiesOf(request.headers)),
    headers,
    ...unlessEmpty("queryStringParameters", queryOf(rawQueryString)),
    requestContext: {
      accountId: "anonymous",
      apiId: urlId,
      domainName: `${urlId}.lambda-url.${region}.on.aws`,
      domainPrefix: urlId,
      http: { ...http, userAgent: headers["user-agent"] ?? "" },
      requestId,
      routeKey: "$default",
      stage: "$default",
      time: commonLogTime(now),
      timeEpoch: now.getTime(),
    },
    ...bodyOf(request.body, headers["content-type"]),
  };
}
