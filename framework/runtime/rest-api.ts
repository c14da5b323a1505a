/** The Lambda front "payload 1.0", of REST APIs and of HTTP APIs that ask for it: event in, Request out; Response in, result out. */
import { type EventMap, eventBody, eventHeaders, eventPairs } from "./event-headers.ts";
import { type HttpApiResult, openEvent, stageOf, toHttpApi } from "./http-api.ts";
import type { Opened } from "./lambda-handler.ts";
import { canonicalPath, escapePath } from "./path.ts";

/** The parts of a payload 1.0 event that are read here (docs.aws.amazon.com, "Lambda proxy integrations for REST APIs"). */
export interface RestApiEvent {
  /** Only an HTTP API says `1.0`. */
  readonly version?: "1.0";
  readonly httpMethod: string;
  readonly path: string;
  readonly headers?: EventMap;
  readonly multiValueHeaders?: EventMap;
  readonly queryStringParameters?: EventMap;
  readonly multiValueQueryStringParameters?: EventMap;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext: {
    readonly stage: string;
    readonly domainName?: string;
    readonly identity?: { readonly sourceIp?: string | null } | null;
  };
}

/** What both API kinds accept back for payload 1.0; an Application Load Balancer in multi-value mode too. */
export interface MultiValueResult {
  readonly statusCode: number;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

/** Pairs that were decoded, as a query again. */
const encodedQuery = (map: EventMap): string =>
  eventPairs(map)
    .map((pair) => pair.map(encodeURIComponent).join("="))
    .join("&");

/**
 * A REST API's path is escaped and never carries the stage; an HTTP API's is decoded, and carries a named one (believed for payload 1.0,
 * measured for 2.0). Query values are decoded in both. Throws on an event that no HTTP client could have caused.
 */
export function openRestApi(event: RestApiEvent): Opened<MultiValueResult> {
  const { version, httpMethod: method, path, requestContext: context } = event;
  const stage = version ? stageOf(path, context.stage) : "$default";
  const sourceIp = context.identity?.sourceIp ?? undefined;
  const [request] = openEvent(
    {
      rawPath: path,
      rawQueryString: encodedQuery(event.multiValueQueryStringParameters ?? event.queryStringParameters),
      headers: eventHeaders(event.multiValueHeaders ?? event.headers),
      requestContext: { stage, domainName: context.domainName ?? "localhost", http: { method, sourceIp: "" } },
      ...eventBody(event),
    },
    version ? escapePath : canonicalPath,
  );
  return [request, sourceIp, async (response) => toMultiValue(await toHttpApi(response))];
}

/** Every header as a list, cookies among them; where a front takes lists it needs no single values. */
export function toMultiValue({ headers = {}, cookies = [], ...result }: HttpApiResult): MultiValueResult {
  const lists = Object.entries(headers).map(([name, value]): [string, readonly string[]] => [name, [value]]);
  if (cookies.length > 0) lists.push(["set-cookie", cookies]);
  return { ...result, multiValueHeaders: Object.fromEntries(lists) };
}
