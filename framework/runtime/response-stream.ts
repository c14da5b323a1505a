/** Lambda's response streaming: a Response and the runtime's stream in, its bytes written at the client's pace. */
import { headersOf } from "./http-api.ts";
import type { LambdaContext } from "./lambda-handler.ts";

/** The runtime's stream, as far as it is used here. */
export interface ResponseStream {
  /** False when it is full, until `drain`. */
  write(chunk: string | Uint8Array): boolean;
  end(): void;
  on(name: string, listener: () => void): unknown;
  once(name: string, listener: () => void): unknown;
  removeListener(name: string, listener: () => void): unknown;
}

/** A handler that Lambda's runtime hands a stream. */
export type StreamHandler<Event> = (event: Event, stream: ResponseStream, context: LambdaContext) => Promise<void>;

/** Status and headers before the bytes. */
interface Prelude {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
}

declare global {
  /** What Lambda's Node runtime adds to every function's globals. */
  var awslambda: {
    streamifyResponse<Event>(handler: StreamHandler<Event>): StreamHandler<Event>;
    readonly HttpResponseStream: { from(stream: ResponseStream, prelude: Prelude): ResponseStream };
  };
}

/**
 * Rejects when the body fails, and leaves the stream open: the runtime then ends it with the error in its trailers. Never
 * `stream.pipeline`, as AWS's pages have it: it destroys the stream, and the runtime's process dies of it (facts: streaming adapter).
 */
export async function writeResponse(response: Response, stream: ResponseStream): Promise<void> {
  const out = awslambda.HttpResponseStream.from(stream, {
    statusCode: response.status,
    headers: headersOf(response),
    cookies: response.headers.getSetCookie(),
  });
  // The first write is what sends the prelude; an empty answer would have none.
  out.write("");
  for await (const chunk of response.body ?? []) {
    // `once` rejects when the stream fails, so that nobody waits for a drain that never comes.
    if (out.write(chunk) === false) await process.getBuiltinModule("events").once(out as never, "drain");
  }
  out.end();
}
