/** A Lambda handler that streams: `fetch` and a way to open events in, what Lambda's runtime hands an event and a stream out. */
import type { Fetch } from "./function.ts";
import { type Asked, createHandler } from "./lambda-handler.ts";
import { type StreamHandler, writeResponse } from "./response-stream.ts";

/**
 * Throws where there is no `awslambda`, which only Lambda's Node runtime has.
 * @param open throws on an event that no HTTP client could have caused, which is answered 400
 * @param write for other than the usual web classes
 */
export const createStreamHandler = <Event>(
  fetch: Fetch,
  open: (event: Event) => readonly [...Asked, ...unknown[]],
  write: typeof writeResponse = writeResponse,
): StreamHandler<Event> =>
  awslambda.streamifyResponse(async (event, stream, context) => {
    const handler = createHandler<Event, void>(fetch, (given) => {
      const [request, clientAddress] = open(given);
      return [request, clientAddress, (response) => write(response, stream)];
    });
    const refused = await handler(event, context);
    if (refused) await write(new Response(refused.body ?? null, { status: refused.statusCode }), stream);
  });
