/** The Lambda adapter: `fetch` in, a Lambda handler for HTTP API (payload 2.0) events out. */
import type { Fetch } from "./function.ts";
import type { Env } from "./handler.ts";
import { fromHttpApi, type HttpApiEvent, type HttpApiResult, toHttpApi } from "./http-api.ts";

/** The part of Lambda's context object that is used here. */
export interface LambdaContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/** A Lambda handler. */
export type LambdaHandler = (event: HttpApiEvent, context: LambdaContext) => Promise<HttpApiResult>;

/**
 * Adapts `fetch` (a Portico function, a Hono app's `fetch`, your own) to Lambda. An event that is no valid HTTP request is
 * answered 400; what `fetch` throws fails the invocation, as Lambda expects. `context.env` holds what the variable PORTICO_ENV
 * names (the deploy writes it) and nothing else of the process. Background work delays the answer, at most until one second
 * before the function's timeout.
 */
export function toLambda(fetch: Fetch): LambdaHandler {
  const { env: all } = process;
  const env = Object.fromEntries(all["PORTICO_ENV"]?.split(",").map((name) => [name, all[name]]) ?? []) as Env;
  return async (event, context) => {
    const work: Promise<unknown>[] = [];
    let request: Request;
    try {
      request = fromHttpApi(event);
    } catch {
      return { statusCode: 400 };
    }
    const response = await fetch(request, {
      env,
      requestId: context.awsRequestId,
      clientAddress: event.requestContext.http.sourceIp,
      platform: { name: "lambda", event, context },
      waitUntil: (promise) => work.push(promise.catch(console.error)),
    });
    const result = await toHttpApi(response);
    if (work[0]) await Promise.race([Promise.all(work), new Promise((done) => setTimeout(done, context.getRemainingTimeInMillis() - 1000))]);
    return result;
  };
}
