/** Reads the beginning of a response body before it is sent, to find out whether all of it is in memory. */

/** A body that is complete, or the reader of one that is not. */
export type BodyStart =
  | { readonly complete: Uint8Array }
  | { readonly rest: BodyReader; /** Whether no chunk has arrived yet. */ readonly isEmpty: boolean };

/** Reads a body, beginning with the chunks that were read ahead. */
export interface BodyReader {
  /**
   * The next chunk, or undefined at the end. Rejects if the stream fails, and with TypeError for a chunk that is no
   * Uint8Array (Fetch standard, "incrementally read").
   */
  next(): Promise<Uint8Array | undefined>;
  /** Never rejects. */
  cancel(reason: unknown): void;
}

/**
 * Resolves to undefined if no chunk is ready within a turn of the event loop, as one in memory is.
 */
const ready = <Value>(read: Promise<Value>): Promise<Value | undefined> =>
  Promise.race([read, new Promise<undefined>((done) => setImmediate(done, undefined))]);

const noBytes = new Uint8Array();

function bytesOf(part: ReadableStreamReadResult<unknown>): Uint8Array | undefined {
  if (part.done) return undefined;
  if (!(part.value instanceof Uint8Array))
    throw new TypeError(`A body's chunk is ${typeof part.value}, not a Uint8Array`);
  return part.value;
}

/**
 * Reads at most two chunks, without waiting for data. Rejects with TypeError for a body that is locked, and with the
 * error of a stream that fails before its first chunk, so that another response can be sent.
 * @param onReader called before anything is read
 */
export async function readAhead(
  body: ReadableStream<Uint8Array>,
  onReader?: (reader: BodyReader) => void,
): Promise<BodyStart> {
  const stream = body.getReader();
  const parts: Promise<ReadableStreamReadResult<unknown>>[] = [stream.read()];
  const rest: BodyReader = {
    next: async () => bytesOf(await (parts.shift() ?? stream.read())),
    cancel: (reason) => void stream.cancel(reason).catch(() => {}),
  };
  onReader?.(rest);
  const first = await ready(parts[0]!);
  if (first === undefined) return { rest, isEmpty: true };
  const bytes = bytesOf(first);
  if (!bytes) return { complete: noBytes };
  parts.push(stream.read());
  const second = ready(parts[1]!).catch(() => undefined);
  return (await second)?.done ? { complete: bytes } : { rest, isEmpty: false };
}
