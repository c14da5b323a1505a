/** The entry `portico/lambda`: adapts `fetch` to Lambda, for events of HTTP APIs, REST APIs, function URLs and ALBs. */
import { eventBody, eventHeaders, withLeadingSlash, withUsableHost } from "./event-headers.ts";
import type { Fetch } from "./route-function.ts";
import {
  isFunctionUrl,
  openFunctionUrl,
  type HttpApiEvent,
  type HttpApiResult,
  openHttpApi,
  stageOf,
  toHttpApi,
} from "./http-api.ts";
import { createHandler, type LambdaHandler, type OpenedEvent } from "./lambda-handler.ts";
import { type LoadBalancerEvent, openLoadBalancer, type SingleValueResult } from "./load-balancer.ts";
import { type MultiValueResult, openRestApi, type RestApiEvent } from "./rest-api.ts";
import { type StreamHandler, createStreamHandler } from "./lambda-stream.ts";

export type { LambdaContext, LambdaHandler } from "./lambda-handler.ts";
export type { HttpApiEvent, HttpApiResult, LoadBalancerEvent, MultiValueResult, RestApiEvent, SingleValueResult };
export type { ResponseStream, StreamHandler } from "./lambda-stream.ts";

/** An event of any of these sources. */
export type HttpEvent = HttpApiEvent | RestApiEvent | LoadBalancerEvent;

/** The result that the event source accepts. */
export type HttpResult = HttpApiResult | MultiValueResult | SingleValueResult;

/**
 * Adapts `fetch` (a Hono app's, or your own) to Lambda. An event that is no valid HTTP request is answered 400. An
 * error of `fetch` fails the invocation, and the event source answers 5xx without its message. `context.env` has the
 * variables that PORTICO_ENV names (a release sets it) and no others of the process. Background work delays the
 * response, at most until one second before the function's timeout.
 */
export const toLambda = (fetch: Fetch): LambdaHandler<HttpEvent, HttpResult> =>
  createHandler(withoutHeadBody(fetch), open);

/**
 * Adapts `fetch` to Lambda's response streaming: a function URL with invoke mode RESPONSE_STREAM, or a REST API with
 * transfer mode STREAM. Background work does not delay the response. An error in the middle of a body ends the response
 * there, and the environment goes on. Throws without the global `awslambda`, which only Lambda's Node runtime has.
 */
export const toLambdaStream = (fetch: Fetch): StreamHandler<HttpEvent> =>
  createStreamHandler(withoutHeadBody(fetch), open);

/** RFC 9110 section 9.3.2: HEAD has GET's headers and no content. */
function withoutHeadBody(fetch: Fetch): Fetch {
  return async (request, call) => {
    const response = await fetch(request, call);
    if (request.method !== "HEAD" || !response.body) return response;
    await response.body.cancel();
    return new Response(null, response);
  };
}

/** Tells the event sources apart by the shape of the event. Throws for an event of none of them. */
function open(event: HttpEvent): OpenedEvent<HttpResult> {
  if ("elb" in (event.requestContext ?? {})) return openLoadBalancer(event as LoadBalancerEvent);
  if ("httpMethod" in event) return openRestApi(event as RestApiEvent);
  const full = complete(event);
  return isFunctionUrl(full) ? [...openFunctionUrl(full), toHttpApi] : openHttpApi(full);
}

/** A payload 2.0 event as AWS sends it, or hand-made, with parts left out. */
type PartialEvent = Partial<Omit<HttpApiEvent, "requestContext">> & {
  readonly routeKey?: string;
  readonly requestContext?: Partial<HttpApiEvent["requestContext"]> | null;
};

/**
 * Adds what a hand-made event leaves out; its method is the route key's, or GET. Throws TypeError without a path.
 */
function complete(event: PartialEvent): HttpApiEvent {
  const { requestContext, routeKey, cookies, ...rest } = event;
  const { domainName = "localhost", stage = "$default", http } = requestContext ?? {};
  const [method = "GET"] = /^(?!ANY )[A-Z]+(?= )/.exec(routeKey ?? "") ?? [];
  const rawPath = withLeadingSlash(rest.rawPath as string);
  return {
    ...eventBody(rest as { readonly body?: string | null }),
    rawPath,
    rawQueryString: rest.rawQueryString ?? "",
    headers: withUsableHost(eventHeaders(rest.headers), domainName),
    // AWS leaves an empty list out; hand-made events may not.
    cookies: cookies?.length ? cookies : null,
    requestContext: { domainName, stage: stageOf(rawPath, stage), http: http ?? { method, sourceIp: undefined } },
  };
}
