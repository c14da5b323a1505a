/** The event an HTTP API makes of a request, payload 2.0 (facts: live fixtures of 10 Jul 2026): WireRequest in, the event's object out. */
import type { WireRequest } from "../../model/wire.ts";
import type { Destination } from "../emulator.ts";
import { apiPath } from "./api-path.ts";
import { bodyOf, commonLogTime, cookiesOf, headersOf, queryOf, unlessEmpty } from "./payload2.ts";

/** The API and stage that took the request. */
export interface HttpApi {
  readonly apiId: string;
  readonly accountId: string;
  /** Default: the host the client named. */
  readonly domainName?: string;
  /** Default `$default`. The path of another stage carries its name, as the client sent it. */
  readonly stage?: string;
}

/** Payload 2.0, whole. Keys are absent where there is nothing. */
export interface HttpApiEventDocument {
  readonly version: "2.0";
  readonly routeKey: string;
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly cookies?: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly queryStringParameters?: Readonly<Record<string, string>>;
  readonly requestContext: {
    readonly accountId: string;
    readonly apiId: string;
    readonly domainName: string;
    readonly domainPrefix: string;
    readonly http: {
      readonly method: string;
      readonly path: string;
      readonly protocol: "HTTP/1.1";
      readonly sourceIp: string;
      readonly userAgent: string;
    };
    readonly requestId: string;
    readonly routeKey: string;
    readonly stage: string;
    readonly time: string;
    readonly timeEpoch: number;
  };
  readonly pathParameters?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

/** The event. Throws URIError on a path that `apiPath` does not take: the front answers those itself. */
export function toEvent(request: WireRequest, to: Destination, api: HttpApi, now: Date = new Date()): HttpApiEventDocument {
  const { method, target, clientAddress } = request;
  const path = apiPath(target);
  if (path === undefined) throw new URIError("malformed percent escape in the path");
  const query = target.includes("?") ? target.slice(target.indexOf("?") + 1) : "";
  const headers = headersOf(request);
  const { apiId, accountId, domainName = (headers["host"] ?? "").replace(/:\d+$/, ""), stage = "$default" } = api;
  return {
    version: "2.0",
    routeKey: to.routeKey,
    rawPath: path,
    rawQueryString: query,
    ...unlessEmpty("cookies", cookiesOf(request.headers)),
    headers,
    ...unlessEmpty("queryStringParameters", queryOf(query)),
    requestContext: {
      ...{ accountId, apiId, domainName, domainPrefix: domainName.split(".", 1)[0] ?? "" },
      http: { method, path, protocol: "HTTP/1.1", sourceIp: clientAddress, userAgent: headers["user-agent"] ?? "" },
      ...{ requestId: to.requestId, routeKey: to.routeKey, stage },
      ...{ time: commonLogTime(now), timeEpoch: now.getTime() },
    },
    ...unlessEmpty("pathParameters", to.pathParameters),
    ...bodyOf(request.body, headers["content-type"]),
  };
}
