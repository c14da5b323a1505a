/** Makes a Lambda handler that streams its responses, and writes a Response to Lambda's response stream. */
import { errorResponse, jsonError } from "./error-response.ts";
import { resultHeaders } from "./http-api.ts";
import { type ClientRequest, createHandler, type LambdaContext } from "./lambda-handler.ts";
import type { Fetch } from "./route-function.ts";

/** The part of the runtime's stream that is used here. */
export interface ResponseStream {
  /** False when it is full, until `drain`. */
  write(chunk: string | Uint8Array): boolean;
  end(): void;
  on(name: string, listener: () => void): unknown;
  once(name: string, listener: () => void): unknown;
  removeListener(name: string, listener: () => void): unknown;
}

/** A handler that writes its response to a stream of Lambda's runtime. */
export type StreamHandler<Event> = (event: Event, stream: ResponseStream, context: LambdaContext) => Promise<void>;

/** Status and headers before the bytes. */
interface Prelude {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
}

declare global {
  /** The global that Lambda's Node runtime adds. */
  var awslambda: {
    streamifyResponse<Event>(handler: StreamHandler<Event>): StreamHandler<Event>;
    readonly HttpResponseStream: { from(stream: ResponseStream, prelude: Prelude): ResponseStream };
  };
}

/** A body's chunks. Throws TypeError for one that is no Uint8Array: Lambda's stream would take text. */
async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array, undefined> {
  for await (const part of body ?? []) {
    if (!(part instanceof Uint8Array)) throw new TypeError(`A body's chunk is ${typeof part}, not a Uint8Array`);
    yield part;
  }
}

/**
 * Writes a response to Lambda's stream. A body that fails at once is answered as an error of the handler. Rejects if it
 * fails later, and leaves the stream open: the runtime then ends it with the error in its trailers. `stream.pipeline`,
 * which AWS's documentation uses, would destroy the stream, which ends the runtime's process.
 */
export async function writeResponse(given: Response, stream: ResponseStream, requestId: string): Promise<void> {
  let response = given;
  let parts = chunksOf(given.body);
  let next = parts.next();
  try {
    // A chunk in memory is there within a turn of the event loop; a later one is not awaited here.
    await Promise.race([next, new Promise((resume) => setImmediate(resume))]);
  } catch (error) {
    response = errorResponse(error, { requestId });
    parts = chunksOf(response.body);
    next = parts.next();
  }
  const out = awslambda.HttpResponseStream.from(stream, {
    statusCode: response.status,
    headers: resultHeaders(response),
    cookies: response.headers.getSetCookie(),
  });
  // The first write sends the prelude, also before an empty body.
  out.write("");
  try {
    for (let part = await next; !part.done; part = await parts.next()) {
      // `once` also rejects when the stream fails and will never drain.
      if (out.write(part.value) === false) await process.getBuiltinModule("events").once(out as never, "drain");
    }
  } finally {
    // Cancels a body that is not read to its end.
    await parts.return(undefined).catch(() => {});
  }
  out.end();
}

/**
 * Makes a handler that streams. Throws without the global `awslambda`, which only Lambda's Node runtime has.
 * @param open throws for an event that no HTTP client could have caused, which is answered 400
 * @param write for web classes other than the platform's
 */
export const createStreamHandler = <Event>(
  fetch: Fetch,
  open: (event: Event) => readonly [...ClientRequest, ...unknown[]],
  write: typeof writeResponse = writeResponse,
): StreamHandler<Event> =>
  awslambda.streamifyResponse(async (event, stream, context) => {
    const handler = createHandler<Event, void>(fetch, (given) => {
      const [request, clientAddress] = open(given);
      return [request, clientAddress, (response) => write(response, stream, context.awsRequestId)];
    });
    const rejected = await handler(event, context);
    if (rejected) await write(rejected.body ? new Response(rejected.body) : jsonError(400, "Bad Request"), stream, "");
  });
