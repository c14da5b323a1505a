/**
 * Makes a Lambda handler of `fetch`, for any event source: env, background work, and the answer to the release's probe.
 */
import { reportError } from "./error-response.ts";
import type { Fetch } from "./route-function.ts";
import type { Env } from "./handler.ts";

/** The part of Lambda's context object that is used here. */
export interface LambdaContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/**
 * A Lambda handler. It answers an event that is no valid HTTP request with a status alone, and logs the reason. It
 * answers `{"portico":"build"}`, which needs the permission to invoke the function, with the text of the file `build`
 * beside the module.
 */
export type LambdaHandler<Event, Result> = (
  event: Event,
  context: LambdaContext,
) => Promise<Result | { readonly statusCode: number; readonly body?: string }>;

/** The client's request and IP address. */
export type ClientRequest = readonly [request: Request, clientAddress: string | undefined];

/** An event's request, and the conversion of its response to the event source's result. */
export type OpenedEvent<Result> = readonly [
  ...ClientRequest,
  toResult: (response: Response) => Result | Promise<Result>,
];

/** @param open throws on an event that no HTTP client could have caused */
export const createHandler = <Event, Result>(
  fetch: Fetch,
  open: (event: Event) => OpenedEvent<Result>,
): LambdaHandler<Event, Result> => {
  const { env: all } = process;
  const env: Record<string, string | undefined> = {};
  all["PORTICO_ENV"]?.split(",").forEach((name) => (env[name] = all[name]));
  return async (event, context) => {
    let work: Promise<unknown> | undefined;
    let request, clientAddress, toResult: OpenedEvent<Result>[2];
    try {
      [request, clientAddress, toResult] = open(event);
    } catch (error) {
      // An event that is no request is a release's, which checks the function's build before it sends traffic to it.
      if ((event as { readonly portico?: unknown } | null)?.portico)
        return {
          statusCode: 200,
          body: process.getBuiltinModule("fs").readFileSync(`${import.meta.dirname}/build`, "utf8"),
        };
      reportError(error, context.awsRequestId);
      return { statusCode: 400 };
    }
    const response = toResult(
      await fetch(request, {
        env: env as Env,
        requestId: context.awsRequestId,
        clientAddress,
        platform: { name: "lambda", event, context },
        waitUntil(promise) {
          // Query builders often pass a thenable that is no Promise.
          work = Promise.all([work, Promise.resolve(promise).catch(console.error)]);
        },
      }),
    );
    // A result that is no promise is not awaited: that would take a tenth of the time of a call.
    const result = (response as Partial<Promise<Result>>).then ? await response : response;
    if (work)
      await Promise.race([work, new Promise((done) => setTimeout(done, context.getRemainingTimeInMillis() - 1000))]);
    return result;
  };
};
