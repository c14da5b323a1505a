/** Payload format 1.0 of REST APIs and HTTP APIs: makes a Request of an event, and a result of a Response. */
import {
  type EventMap,
  eventBody,
  eventHeaders,
  eventPairs,
  withLeadingSlash,
  withUsableHost,
} from "./event-headers.ts";
import { type HttpApiResult, openEvent, stageOf, toHttpApi } from "./http-api.ts";
import type { OpenedEvent } from "./lambda-handler.ts";
import { canonicalPath, escapePath } from "./path.ts";

/**
 * The parts of a payload 1.0 event that are read here (docs.aws.amazon.com, "Lambda proxy integrations for REST APIs").
 */
export interface RestApiEvent {
  /** Sent by HTTP APIs alone. */
  readonly version?: "1.0";
  readonly httpMethod: string;
  readonly path: string;
  readonly headers?: EventMap;
  readonly multiValueHeaders?: EventMap;
  readonly queryStringParameters?: EventMap;
  readonly multiValueQueryStringParameters?: EventMap;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  /** Absent in some hand-made events. */
  readonly requestContext?: {
    readonly stage?: string;
    readonly domainName?: string;
    readonly identity?: { readonly sourceIp?: string | null } | null;
  };
}

/** The result that both kinds of API accept for payload 1.0, and an Application Load Balancer in multi-value mode. */
export interface MultiValueResult {
  readonly statusCode: number;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

/** A query of decoded pairs. */
const encodedQuery = (map: EventMap): string =>
  eventPairs(map)
    .map((pair) => pair.map(encodeURIComponent).join("="))
    .join("&");

/**
 * Opens an event. A REST API's path is escaped and never begins with the stage; an HTTP API's is decoded and begins
 * with a named one (assumed for payload 1.0, measured for 2.0). Query values are decoded in both. Throws for an event
 * that no HTTP client could have caused.
 */
export function openRestApi(event: RestApiEvent): OpenedEvent<MultiValueResult> {
  const { version, httpMethod: method } = event;
  const { stage: named, domainName = "localhost", identity } = event.requestContext ?? {};
  const rawPath = withLeadingSlash(event.path);
  const stage = version && named ? stageOf(rawPath, named) : "$default";
  const [request] = openEvent(
    {
      rawPath,
      rawQueryString: encodedQuery(event.multiValueQueryStringParameters ?? event.queryStringParameters),
      headers: withUsableHost(eventHeaders(event.multiValueHeaders ?? event.headers), domainName),
      requestContext: { stage, domainName, http: { method, sourceIp: "" } },
      ...eventBody(event),
    },
    version ? escapePath : canonicalPath,
  );
  return [request, identity?.sourceIp ?? undefined, async (response) => toMultiValue(await toHttpApi(response))];
}

/** The result with every header as a list, cookies among them. */
export function toMultiValue({ headers = {}, cookies = [], ...result }: HttpApiResult): MultiValueResult {
  const lists = Object.entries(headers).map(([name, value]): [string, readonly string[]] => [name, [value]]);
  if (cookies.length > 0) lists.push(["set-cookie", cookies]);
  return { ...result, multiValueHeaders: Object.fromEntries(lists) };
}
