/** Begins to read a body before anything is sent of it: a stream in; all its bytes out where it was in memory, else a stream of the same bytes. */

/** How a body begins. */
export type Begun =
  | { readonly whole: Uint8Array }
  | { readonly rest: BodyReader; /** It has given nothing yet. */ readonly silent: boolean };

/** The reader of a body of which some was read ahead. */
export interface BodyReader {
  /** Undefined at the end. Rejects as the stream does, and with a TypeError for a chunk that is no Uint8Array (Fetch standard, "incrementally read"). */
  next(): Promise<Uint8Array | undefined>;
  /** Never rejects. */
  cancel(reason: unknown): void;
}

/** Resolves to undefined when the stream has nothing ready: what is in memory is there within a turn of the event loop. */
const ready = <Value>(read: Promise<Value>): Promise<Value | undefined> =>
  Promise.race([read, new Promise<undefined>((done) => setImmediate(done, undefined))]);

const nothing = new Uint8Array();

function bytesOf(part: ReadableStreamReadResult<unknown>): Uint8Array | undefined {
  if (part.done) return undefined;
  if (!(part.value instanceof Uint8Array)) throw new TypeError(`A body's chunk is ${typeof part.value}, not a Uint8Array`);
  return part.value;
}

/**
 * Reads at most two chunks, and waits for neither. Throws TypeError for a body that is locked, and rejects with what fails a stream
 * before it has given anything: then there is still time for another answer.
 * @param onReader is called before anything is read
 */
export async function readAhead(body: ReadableStream<Uint8Array>, onReader?: (reader: BodyReader) => void): Promise<Begun> {
  const stream = body.getReader();
  const parts: Promise<ReadableStreamReadResult<unknown>>[] = [stream.read()];
  const rest: BodyReader = {
    next: async () => bytesOf(await (parts.shift() ?? stream.read())),
    cancel: (reason) => void stream.cancel(reason).catch(() => {}),
  };
  onReader?.(rest);
  const first = await ready(parts[0]!);
  if (first === undefined) return { rest, silent: true };
  const bytes = bytesOf(first);
  if (!bytes) return { whole: nothing };
  parts.push(stream.read());
  const second = ready(parts[1]!).catch(() => undefined);
  return (await second)?.done ? { whole: bytes } : { rest, silent: false };
}
