/** Events of an Application Load Balancer, in single- and multi-value mode: makes a Request of one, and its result. */
import {
  type EventMap,
  eventBody,
  eventHeaders,
  eventPairs,
  withLeadingSlash,
  withUsableHost,
} from "./event-headers.ts";
import { type HttpApiResult, openEvent, toHttpApi } from "./http-api.ts";
import type { OpenedEvent } from "./lambda-handler.ts";
import { canonicalPath } from "./path.ts";
import { type MultiValueResult, toMultiValue } from "./rest-api.ts";

/**
 * The parts of an event that are read here (AWS, "Lambda functions as targets"); `multiValue…` is sent
 * in multi-value mode alone.
 */
export interface LoadBalancerEvent {
  readonly httpMethod: string;
  readonly path: string;
  readonly headers?: EventMap;
  readonly multiValueHeaders?: EventMap;
  readonly queryStringParameters?: EventMap;
  readonly multiValueQueryStringParameters?: EventMap;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext: { readonly elb: object };
}

/** The result that it accepts in single-value mode. */
export type SingleValueResult = Omit<HttpApiResult, "cookies">;

/**
 * The query as the client wrote it, which the event has in pairs. A "#", which no client can send there, would end the
 * query.
 */
const rawQuery = (map: EventMap): string =>
  eventPairs(map)
    .map((pair) => pair.join("="))
    .join("&")
    .replaceAll("#", "%23");

/**
 * The address of the balancer's peer, which it appends to X-Forwarded-For; those before come from the client. With
 * `xff_client_port` it has a port.
 */
const lastAddress = (forwardedFor: string | undefined): string | undefined =>
  forwardedFor
    ?.split(",")
    .at(-1)
    ?.trim()
    .replace(/^\[(.+)\](:\d+)?$|^([\d.]+):\d+$/, "$1$3");

/**
 * Opens an event. Throws for one that no HTTP client could have caused. A health check has no Host, so that its origin
 * is `https://localhost`.
 */
export function openLoadBalancer(event: LoadBalancerEvent): OpenedEvent<MultiValueResult | SingleValueResult> {
  const { httpMethod: method, path, multiValueHeaders } = event;
  const headers = withUsableHost(eventHeaders(multiValueHeaders ?? event.headers), "localhost");
  const [request] = openEvent(
    {
      rawPath: withLeadingSlash(path),
      rawQueryString: rawQuery(event.multiValueQueryStringParameters ?? event.queryStringParameters),
      requestContext: { stage: "$default", domainName: "localhost", http: { method, sourceIp: "" } },
      headers,
      ...eventBody(event),
    },
    canonicalPath,
  );
  // The target group sets the mode; a result of the other mode would lose its headers.
  const shape = multiValueHeaders ? toMultiValue : toSingleValue;
  return [request, lastAddress(headers["x-forwarded-for"]), async (response) => shape(await toHttpApi(response))];
}

/**
 * The result with one value per name: each further cookie gets another capitalisation of the name, which is
 * case-insensitive (RFC 9110 section 5.1).
 */
export function toSingleValue({ headers = {}, cookies = [], ...result }: HttpApiResult): SingleValueResult {
  const all = { ...headers };
  for (const [index, cookie] of cookies.entries()) all[spelling("set-cookie", index)] = cookie;
  return { ...result, headers: all };
}

/** A capitalisation of the name: each set bit of the number makes one letter a capital. */
const spelling = (name: string, number: number): string => {
  let bit = 0;
  return name.replace(/[a-z]/g, (letter) => ((number >> bit++) & 1 ? letter.toUpperCase() : letter));
};
