/** The Lambda adapter: `fetch` in, a Lambda handler for every HTTP front that AWS has out; which one sent an event is told by its shape. */
import { eventBody, eventHeaders } from "./event-headers.ts";
import type { Fetch } from "./function.ts";
import { isFunctionUrl, openFunctionUrl } from "./function-url.ts";
import { type HttpApiEvent, type HttpApiResult, openHttpApi, stageOf, toHttpApi } from "./http-api.ts";
import { createHandler, type LambdaHandler, type Opened } from "./lambda-handler.ts";
import { type LoadBalancerEvent, openLoadBalancer, type SingleValueResult } from "./load-balancer.ts";
import { type MultiValueResult, openRestApi, type RestApiEvent } from "./rest-api.ts";
import type { StreamHandler } from "./response-stream.ts";
import { createStreamHandler } from "./stream-handler.ts";

export type { LambdaContext, LambdaHandler } from "./lambda-handler.ts";
export type { HttpApiEvent, HttpApiResult, LoadBalancerEvent, MultiValueResult, RestApiEvent, SingleValueResult };
export type { ResponseStream, StreamHandler } from "./response-stream.ts";

/** An event of any front. */
export type HttpEvent = HttpApiEvent | RestApiEvent | LoadBalancerEvent;

/** What its front accepts back. */
export type HttpResult = HttpApiResult | MultiValueResult | SingleValueResult;

/**
 * Adapts `fetch` (a Hono app's `fetch`, your own) to Lambda. An event that is no valid HTTP request is answered 400; what `fetch`
 * throws fails the invocation, as Lambda expects, and its front answers 5xx without the message. `context.env` holds what the variable
 * PORTICO_ENV names (the deploy writes it) and nothing else of the process. Background work delays the answer, at most until one
 * second before the function's timeout.
 */
export const toLambda = (fetch: Fetch): LambdaHandler<HttpEvent, HttpResult> => createHandler(withoutHeadBody(fetch), open);

/**
 * Adapts `fetch` to Lambda's response streaming: a function URL with invoke mode RESPONSE_STREAM, or a REST API with transfer mode
 * STREAM. Background work begins to count once the answer is out, and delays nothing. An error in the middle of a body ends the answer
 * there; the environment lives on. Throws where there is no `awslambda`, which only Lambda's Node runtime has.
 */
export const toLambdaStream = (fetch: Fetch): StreamHandler<HttpEvent> => createStreamHandler(withoutHeadBody(fetch), open);

/** RFC 9110 section 9.3.2: HEAD has GET's headers and no content. */
function withoutHeadBody(fetch: Fetch): Fetch {
  return async (request, call) => {
    const response = await fetch(request, call);
    if (request.method !== "HEAD" || !response.body) return response;
    await response.body.cancel();
    return new Response(null, response);
  };
}

/** The one place that tells the fronts apart. Throws on an event of none of them. */
function open(event: HttpEvent): Opened<HttpResult> {
  if ("elb" in event.requestContext) return openLoadBalancer(event as LoadBalancerEvent);
  if ("httpMethod" in event) return openRestApi(event as RestApiEvent);
  const { requestContext, ...rest } = event;
  const clean: HttpApiEvent = {
    ...rest,
    ...eventBody(rest as { body?: string }),
    rawQueryString: rest.rawQueryString ?? "",
    headers: eventHeaders(rest.headers),
    // AWS leaves an empty list out; what plays its events may not.
    cookies: rest.cookies?.length ? rest.cookies : null,
    requestContext: { ...requestContext, stage: stageOf(rest.rawPath, requestContext.stage) },
  };
  return isFunctionUrl(clean) ? [...openFunctionUrl(clean), toHttpApi] : openHttpApi(clean);
}
