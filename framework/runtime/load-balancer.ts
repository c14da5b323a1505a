/** The Lambda front "Application Load Balancer", in single- and multi-value mode: event in, Request out; Response in, result out. */
import { type EventMap, eventBody, eventHeaders, eventPairs } from "./event-headers.ts";
import { type HttpApiResult, openEvent, toHttpApi } from "./http-api.ts";
import type { Opened } from "./lambda-handler.ts";
import { canonicalPath } from "./path.ts";
import { type MultiValueResult, toMultiValue } from "./rest-api.ts";

/** The parts of its event that are read here (docs.aws.amazon.com, "Lambda functions as targets"); `multiValue…` in that mode alone. */
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

/** What it accepts back in single-value mode. */
export type SingleValueResult = Omit<HttpApiResult, "cookies">;

/** It hands the query over as the client wrote it, cut into pairs. A "#" cannot come from a client, and would end the query. */
const rawQuery = (map: EventMap): string =>
  eventPairs(map)
    .map((pair) => pair.join("="))
    .join("&")
    .replaceAll("#", "%23");

/** The balancer appends the address that it saw; what stands before is the client's word. With `xff_client_port` it has a port. */
const lastAddress = (via: string | undefined): string | undefined =>
  via
    ?.split(",")
    .at(-1)
    ?.trim()
    .replace(/^\[(.+)\](:\d+)?$|^([\d.]+):\d+$/, "$1$3");

/** Throws on an event that no HTTP client could have caused. A health check has no Host: its origin is `https://localhost`. */
export function openLoadBalancer(event: LoadBalancerEvent): Opened<MultiValueResult | SingleValueResult> {
  const { httpMethod: method, path, multiValueHeaders } = event;
  const headers = eventHeaders(multiValueHeaders ?? event.headers);
  const [request] = openEvent(
    {
      rawPath: path,
      rawQueryString: rawQuery(event.multiValueQueryStringParameters ?? event.queryStringParameters),
      requestContext: { stage: "$default", domainName: "localhost", http: { method, sourceIp: "" } },
      headers,
      ...eventBody(event),
    },
    canonicalPath,
  );
  // The mode is the target group's; an answer of the other one loses its headers.
  const shape = multiValueHeaders ? toMultiValue : toSingleValue;
  return [request, lastAddress(headers["x-forwarded-for"]), async (response) => shape(await toHttpApi(response))];
}

/** One value per name, so that each further cookie needs another spelling of a name that no client tells apart (RFC 9110 section 5.1). */
export function toSingleValue({ headers = {}, cookies = [], ...result }: HttpApiResult): SingleValueResult {
  const all = { ...headers };
  for (const [index, cookie] of cookies.entries()) all[spelling("set-cookie", index)] = cookie;
  return { ...result, headers: all };
}

/** Spelling 0 is in lower case; each set bit of the number makes one letter a capital. */
const spelling = (name: string, number: number): string => {
  let bit = 0;
  return name.replace(/[a-z]/g, (letter) => ((number >> bit++) & 1 ? letter.toUpperCase() : letter));
};
