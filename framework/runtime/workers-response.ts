/** Makes workerd's Response follow the Fetch standard, and cancels a response's stream when the client disconnects. */

/**
 * Replaces the global Response. Returns the set of responses that were made of a stream, to which new ones are added.
 */
function replaceResponse(): WeakSet<object> {
  const streams = new WeakSet<object>();
  const { json } = Response;
  Response.json = (data, init) => {
    // Fetch standard, "serialize a JavaScript value to JSON bytes": these have no JSON.
    if (/^(undefined|function|symbol)$/.test(typeof data)) throw new TypeError(`${typeof data} is no JSON`);
    return json(data, init);
  };
  globalThis.Response = new Proxy(Response, {
    construct(platform, given, newTarget) {
      const response = Reflect.construct(platform, given, newTarget) as Response;
      if (given[0] instanceof ReadableStream) streams.add(response);
      return response;
    },
  });
  return streams;
}

const key = Symbol.for("portico.streamed");
const shared = globalThis as { [key]?: WeakSet<object> };
/** Replaced once per isolate, which in development runs the bundles of all functions. */
const streamed = (shared[key] ??= replaceResponse());

/**
 * Whether a stream is workerd's own, which has bytes alone and ends with its reader. A JavaScript stream with
 * `type: "bytes"` counts as one, since it looks the same.
 */
function isNative(body: ReadableStream): boolean {
  try {
    body.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

/** Whether a response was made of a stream. */
export const isStreamed = (response: Response): boolean => streamed.has(response);

/**
 * The same response, with a JavaScript stream wrapped: workerd would send chunks of text, and does not cancel such a
 * stream when the client disconnects (workerd issue 6832). Rejects with TypeError for a first chunk that is no
 * Uint8Array; a later one ends the response.
 */
export async function wrapStream(response: Response, { signal }: Request): Promise<Response> {
  if (isNative(response.body!)) return response;
  const reader = response.body!.getReader();
  const next = async (): Promise<Uint8Array | undefined> => {
    const { value } = (await reader.read()) as { readonly value?: unknown };
    if (value === undefined || value instanceof Uint8Array) return value;
    const error = new TypeError(`A body's chunk is ${typeof value}, not a Uint8Array`);
    reader.cancel(error).catch(() => {});
    throw error;
  };
  signal.addEventListener("abort", () => reader.cancel(signal.reason).catch(() => {}));
  let first: ReturnType<typeof next> | undefined = next();
  // A first chunk that is not ready is not awaited here.
  await Promise.race([first, new Promise((resume) => setTimeout(resume))]);
  first.catch(() => {});
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const part = await (first ?? next());
        first = undefined;
        if (part) controller.enqueue(part);
        else controller.close();
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, response);
}
