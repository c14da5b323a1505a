/** The Lambda handler around any front: `fetch` and a way to open events in, a handler out. */
import type { Fetch } from "./function.ts";
import type { Env } from "./handler.ts";

/** The part of Lambda's context object that is used here. */
export interface LambdaContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/**
 * A Lambda handler; an event that is no valid HTTP request is answered with a status alone. `{"portico":"build"}`, which only who may
 * invoke the function can send, is answered with the text of the file `build` beside the module.
 */
export type LambdaHandler<Event, Result> = (
  event: Event,
  context: LambdaContext,
) => Promise<Result | { readonly statusCode: number; readonly body?: string }>;

/** The client's request and IP address. */
export type Asked = readonly [request: Request, clientAddress: string | undefined];

/** An event, opened: what was asked, and what makes the front's result of a response. */
export type Opened<Result> = readonly [...Asked, toResult: (response: Response) => Result | Promise<Result>];

/** @param open throws on an event that no HTTP client could have caused */
export const createHandler = <Event, Result>(fetch: Fetch, open: (event: Event) => Opened<Result>): LambdaHandler<Event, Result> => {
  const { env: all } = process;
  const env: Record<string, string | undefined> = {};
  all["PORTICO_ENV"]?.split(",").forEach((name) => (env[name] = all[name]));
  return async (event, context) => {
    let work: Promise<unknown> | undefined;
    let request, clientAddress, toResult: Opened<Result>[2];
    try {
      [request, clientAddress, toResult] = open(event);
    } catch {
      // No front sends an event without a request: it is a deploy's, which asks what was built before it lets traffic in.
      if ((event as { readonly portico?: unknown } | null)?.portico)
        return { statusCode: 200, body: process.getBuiltinModule("fs").readFileSync(`${import.meta.dirname}/build`, "utf8") };
      return { statusCode: 400 };
    }
    const made = toResult(
      await fetch(request, {
        env: env as Env,
        requestId: context.awsRequestId,
        clientAddress,
        platform: { name: "lambda", event, context },
        waitUntil(promise) {
          // A query builder's is often no Promise, but a thenable alone.
          work = Promise.all([work, Promise.resolve(promise).catch(console.error)]);
        },
      }),
    );
    // Not waited for where it is there: that would take a tenth of all the time here.
    const result = (made as Partial<Promise<Result>>).then ? await made : made;
    if (work) await Promise.race([work, new Promise((done) => setTimeout(done, context.getRemainingTimeInMillis() - 1000))]);
    return result;
  };
};
