/**
 * Event sources of Lambda functions, simulated: HTTP APIs, REST APIs, function URLs and load balancers make events of
 * requests, and responses of results.
 */
import { toUrlEvent } from "../../framework/emulation/function-url/event.ts";
import { apiPath } from "../../framework/emulation/http-api/routing.ts";
import { toEvent as toHttpApiEvent } from "../../framework/emulation/http-api/event.ts";
import { toResponse } from "../../framework/emulation/http-api/integration-response.ts";
import type { HttpHeaders, HttpRequest, HttpResponse } from "../../framework/model/http-message.ts";
import type { HttpEvent } from "../../framework/runtime/lambda.ts";

/** An event source, and what its events lose of a request. */
export interface EventSource {
  readonly name: string;
  /** The prefix of the client's path, such as a stage; may be empty. */
  readonly prefix: string;
  toEvent(request: HttpRequest): HttpEvent;
  /** Throws for a result with a key that the event source does not accept. */
  toClientResponse(result: unknown): HttpResponse;
  /** Whether the path in events is decoded, more than once. */
  readonly decodesPath: boolean;
  /** How events have the query. */
  readonly query: "verbatim" | "grouped" | "last";
  /** The separator of repeated headers; undefined if events have only the last one. */
  readonly separator: "," | ", " | undefined;
}

const pathOf = ({ target }: HttpRequest): string => target.split("?", 1)[0] ?? "";
const queryOf = ({ target }: HttpRequest): string =>
  target.includes("?") ? target.slice(target.indexOf("?") + 1) : "";
const last = <Value>(groups: ReadonlyMap<string, readonly Value[]>): Record<string, Value> =>
  Object.fromEntries([...groups].flatMap(([name, values]) => values.slice(-1).map((value) => [name, value])));

const grouped = (pairs: Iterable<readonly [string, string]>): Map<string, string[]> => {
  const groups = new Map<string, string[]>();
  for (const [name, value] of pairs) groups.set(name, [...(groups.get(name) ?? []), value]);
  return groups;
};

/** Adds the headers that every event source adds, in its capitalisation. */
const withForwarded = (
  { headers, clientAddress, scheme, port }: HttpRequest,
  spell: (name: string) => string,
): HttpHeaders => [
  ...headers.map(([name, value]) => [spell(name), value] as const),
  [spell("X-Forwarded-For"), clientAddress],
  [spell("X-Forwarded-Port"), String(port)],
  [spell("X-Forwarded-Proto"), scheme],
];
const lower = (name: string): string => name.toLowerCase();
const nullIfEmpty = <Value extends object>(value: Value): Value | null =>
  Object.keys(value).length > 0 ? value : null;

const base64 = ({ body }: HttpRequest): { body: string | null; isBase64Encoded: boolean } =>
  body.byteLength > 0
    ? { body: Buffer.from(body).toString("base64"), isBase64Encoded: true }
    : { body: null, isBase64Encoded: false };

const to = { routeKey: "$default", pathParameters: {}, requestId: "ATfSmjLgPHcESJw=" };
const now = new Date(1783711145766);

function httpApi(stage: string): EventSource {
  return {
    name: stage === "$default" ? "HTTP API" : "HTTP API, named stage",
    prefix: stage === "$default" ? "" : `/${stage}`,
    toEvent: (request) => toHttpApiEvent(request, to, { apiId: "abc", accountId: "111122223333", stage }, now),
    toClientResponse: payload2Response,
    decodesPath: true,
    query: "verbatim",
    separator: ",",
  };
}

const functionUrl: EventSource = {
  name: "function URL",
  prefix: "",
  toEvent: (request) =>
    toUrlEvent(request, "8f4f2a3c-5d6e-4f70-8a91-0123456789ab", { urlId: "abcdefg", region: "us-east-1" }, now),
  toClientResponse: payload2Response,
  decodesPath: false,
  query: "verbatim",
  separator: ",",
};

function payload2Response(result: unknown): HttpResponse {
  assertOnlyKeys(result, ["statusCode", "headers", "cookies", "body", "isBase64Encoded"]);
  return toResponse({ payload: Buffer.from(JSON.stringify(result)), cold: false, durationMs: 0 }, "id");
}

/**
 * Payload 1.0. A REST API keeps the case of headers and the escapes of the path; the stage is not in `path`, but an
 * HTTP API leaves it.
 */
function payload1(name: string, version: "1.0" | undefined, stage: string): EventSource {
  return {
    name,
    prefix: version && stage !== "$default" ? `/${stage}` : "",
    toEvent(request) {
      const path = version ? (apiPath(request.target) ?? "") : pathOf(request);
      const headers = grouped(withForwarded(request, version ? lower : (given) => given));
      const query = grouped(new URLSearchParams(queryOf(request)));
      return {
        ...(version && { version }),
        resource: "/{proxy+}",
        path,
        httpMethod: request.method,
        headers: last(headers),
        multiValueHeaders: Object.fromEntries(headers),
        queryStringParameters: nullIfEmpty(last(query)),
        multiValueQueryStringParameters: nullIfEmpty(Object.fromEntries(query)),
        pathParameters: null,
        stageVariables: null,
        requestContext: {
          accountId: "111122223333",
          apiId: "abc",
          domainName: "abc.execute-api.us-east-1.amazonaws.com",
          identity: { sourceIp: request.clientAddress, userAgent: null },
          stage,
          path: version ? path : `/${stage}${path}`,
          requestId: "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        },
        ...base64(request),
      };
    },
    toClientResponse: multiValueResponse,
    decodesPath: version !== undefined,
    query: "grouped",
    separator: ", ",
  };
}

function loadBalancer(multi: boolean): EventSource {
  return {
    name: multi ? "load balancer, multi-value" : "load balancer, single-value",
    prefix: "",
    toEvent(request) {
      const headers = grouped(withForwarded(request, lower));
      // Not decoded: pairs as they stand between "&" and "=".
      const pairs = queryOf(request)
        .split("&")
        .filter(Boolean)
        .map((pair) => /^([^=]*)=?(.*)$/s.exec(pair)?.slice(1) as [string, string]);
      const query = grouped(pairs);
      return {
        requestContext: {
          elb: { targetGroupArn: "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/t/0123456789abcdef" },
        },
        httpMethod: request.method,
        path: pathOf(request),
        ...(multi
          ? {
              multiValueQueryStringParameters: Object.fromEntries(query),
              multiValueHeaders: Object.fromEntries(headers),
            }
          : { queryStringParameters: last(query), headers: last(headers) }),
        ...base64(request),
        ...(request.body.byteLength === 0 && { body: "" }),
      };
    },
    toClientResponse: multi ? multiValueResponse : singleValueResponse,
    decodesPath: false,
    query: multi ? "grouped" : "last",
    separator: multi ? ", " : undefined,
  };
}

function assertOnlyKeys(result: unknown, keys: readonly string[]): asserts result is Record<string, unknown> {
  for (const key of Object.keys(result as object))
    if (!keys.includes(key)) throw new Error(`the event source does not accept ${key}`);
}

function bodyOf({ body, isBase64Encoded }: Record<string, unknown>): Uint8Array {
  if (typeof body !== "string" || typeof isBase64Encoded !== "boolean")
    throw new Error("body and isBase64Encoded are of the wrong type");
  return Buffer.from(body, isBase64Encoded ? "base64" : "utf8");
}

function multiValueResponse(result: unknown): HttpResponse {
  assertOnlyKeys(result, ["statusCode", "multiValueHeaders", "body", "isBase64Encoded"]);
  const headers = Object.entries(result["multiValueHeaders"] as Record<string, readonly string[]>);
  return {
    status: result["statusCode"] as number,
    headers: headers.flatMap(([name, values]) => values.map((value) => [lower(name), value] as const)),
    body: bodyOf(result),
  };
}

function singleValueResponse(result: unknown): HttpResponse {
  assertOnlyKeys(result, ["statusCode", "headers", "body", "isBase64Encoded"]);
  const headers = Object.entries(result["headers"] as Record<string, string>);
  return {
    status: result["statusCode"] as number,
    headers: headers.map(([name, value]) => [lower(name), value]),
    body: bodyOf(result),
  };
}

/** All event sources. */
export const eventSources: readonly EventSource[] = [
  httpApi("$default"),
  httpApi("c12"),
  functionUrl,
  payload1("REST API", undefined, "live"),
  payload1("HTTP API, payload 1.0", "1.0", "$default"),
  payload1("HTTP API, payload 1.0, named stage", "1.0", "c12"),
  loadBalancer(true),
  loadBalancer(false),
];
