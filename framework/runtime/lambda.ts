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
export const toLambda = (fetch: Fetch): LambdaHandler => {
  const { env: all } = process;
  const env: Record<string, string | undefined> = {};
  for (const name of all["PORTICO_ENV"]?.split(",") ?? []) env[name] = all[name];
  return async (event, context) => {
    let work: Promise<unknown> | undefined;
    let request: Request;
    try {
      request = fromHttpApi(event);
    } catch {
      return { statusCode: 400 };
    }
    const result = await toHttpApi(
      await fetch(request, {
        env: env as Env,
        requestId: context.awsRequestId,
        clientAddress: event.requestContext.http.sourceIp,
        platform: { name: "lambda", event, context },
        waitUntil(promise) {
          work = Promise.all([work, promise.catch(console.error)]);
        },
      }),
    );
    if (work) await Promise.race([work, new Promise((done) => setTimeout(done, context.getRemainingTimeInMillis() - 1000))]);
    return result;
  };
};
