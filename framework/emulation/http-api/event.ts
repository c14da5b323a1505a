/** The event, payload format 2.0, that an HTTP API makes of a request, as recorded from AWS in July 2026. */
import type { HttpRequest } from "../../model/http-message.ts";
import type { Destination } from "../emulator.ts";
import { apiPath } from "./routing.ts";
import { bodyOf, commonLogTime, cookiesOf, headersOf, queryOf, unlessEmpty } from "./payload-format-2.ts";

/** The API and stage of the request. */
export interface HttpApi {
  readonly apiId: string;
  readonly accountId: string;
  /** Default: the request's Host. */
  readonly domainName?: string;
  /** Default `$default`. The path of another stage begins with its name, as the client sent it. */
  readonly stage?: string;
  /** The stage's; none when absent. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** A complete event. Empty keys are absent. */
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
  readonly stageVariables?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

/** Throws URIError on a path that `apiPath` refuses: the API responds to those itself. */
export function toEvent(
  request: HttpRequest,
  to: Destination,
  api: HttpApi,
  now: Date = new Date(),
): HttpApiEventDocument {
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
      accountId,
      apiId,
      domainName,
      domainPrefix: domainName.split(".", 1)[0] ?? "",
      http: { method, path, protocol: "HTTP/1.1", sourceIp: clientAddress, userAgent: headers["user-agent"] ?? "" },
      requestId: to.requestId,
      routeKey: to.routeKey,
      stage,
      time: commonLogTime(now),
      timeEpoch: now.getTime(),
    },
    ...unlessEmpty("pathParameters", to.pathParameters),
    ...unlessEmpty("stageVariables", api.variables ?? {}),
    ...bodyOf(request.body, headers["content-type"]),
  };
}
