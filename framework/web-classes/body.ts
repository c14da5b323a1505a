/** The body of requests and responses, and the methods that read it (Fetch standard, sections 2.2.4 and 5.3). */
import { getBuiltinModule, isObject, throwTypeError } from "./webidl.ts";
import { contentType } from "./headers.ts";
import { readNativeBody } from "./native-fetch.ts";
import { toMultipart } from "./multipart.ts";

/** A body; for text and bytes, the stream is made only when it is read. */
export interface Body {
  /** Undefined for a body made of a stream. Only `fetch` uses a Blob here. */
  readonly source: string | Uint8Array<ArrayBuffer> | Blob | undefined;
  /** The content type that a request or response gets from the body. */
  readonly type: string | undefined;
  stream: ReadableStream<Uint8Array> | undefined;
  /** Whether it was read before the stream was made. */
  used: boolean;
}

/** A function of node:stream that @types/node lacks. */
type NodeStream = { isDisturbed(stream: ReadableStream): boolean };

/** Makes an unread body. */
export const createBody = (source: Body["source"], type?: string, stream?: Body["stream"]): Body => ({
  source,
  type,
  stream,
  used: false,
});

/** A method of the standard that TypeScript's DOM types lack. */
type StreamMaker = { from(iterable: unknown): ReadableStream<Uint8Array> };

/** Makes a body of an object ("extract a body"). Throws TypeError for a stream that is locked or was read. */
export function extract(input: unknown): Body {
  if (isObject(input)) {
    const bytes = ArrayBuffer.isView(input)
      ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
      : input instanceof ArrayBuffer && (input.detached ? [] : input.slice());
    if (bytes) return createBody(new Uint8Array(bytes));
    if (input instanceof URLSearchParams)
      return createBody(String(input), "application/x-www-form-urlencoded;charset=UTF-8");
    const isStream = input instanceof ReadableStream;
    if (isStream || (input as { [Symbol.asyncIterator]?: unknown })[Symbol.asyncIterator]) {
      const body = createBody(
        undefined,
        undefined,
        isStream ? input : (ReadableStream as unknown as StreamMaker).from(input),
      );
      checkUsable(body);
      return body;
    }
    if (input instanceof Blob) return blobBody(input, input.type);
    // Checks the tag first, since the global FormData loads the platform's classes.
    if ((input as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === "FormData" && input instanceof FormData)
      return blobBody(...toMultipart(input));
  }
  return createBody(`${input as string}`, "text/plain;charset=UTF-8");
}

const blobBody = (blob: Blob, type: string): Body => createBody(blob, type || undefined, blob.stream());

/** The standard's "body used". */
const isUsed = (body: Body | null): boolean =>
  !!body &&
  (body.used || (!!body.stream && (getBuiltinModule("stream") as unknown as NodeStream).isDisturbed(body.stream)));

/** Throws TypeError for a body that was used or is locked. */
export function checkUsable(body: Body | null): void {
  if (isUsed(body) || body?.stream?.locked) throwTypeError("The body was read, or is locked");
}

/** The stream of a body, the same at every call; closed if the body was read without it. */
function streamOf(body: Body | null): ReadableStream<Uint8Array> | null {
  if (!body) return null;
  if (!body.stream) {
    // Filled and closed at once; the platform's is a moment later.
    body.stream = new ReadableStream({
      type: "bytes",
      start(controller) {
        const bytes = copyOf(body.source);
        if (bytes.length) controller.enqueue(bytes);
        controller.close();
      },
    });
    // Locked and disturbed, as after a read of the stream itself.
    if (body.used) void body.stream.getReader().cancel();
  }
  return body.stream;
}

/** Reads a body and marks it as used at once. Throws TypeError if it is unusable. */
function consume(body: Body | null): Body["source"] | Promise<Body["source"]> {
  checkUsable(body);
  if (!body) return "";
  if (body.stream) return readAll(body.stream);
  body.used = true;
  return body.source;
}

/** Reads a text without a stream and marks it as used; undefined for any other body, which stays unread. */
export function takeText(body: Body | null): string | undefined {
  if (!body) return "";
  if (typeof body.source !== "string" || body.stream || body.used) return undefined;
  body.used = true;
  return body.source.toWellFormed();
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  // `for await` would release the lock at the end.
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  for (let step; !(step = await reader.read()).done;)
    chunks.push(step.value instanceof Uint8Array ? step.value : throwTypeError("A chunk is no Uint8Array"));
  return Buffer.concat(chunks);
}

/** A copy of the source: clones share it, enqueued bytes are detached, and the caller may change returned bytes. */
const copyOf = (source: Body["source"]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(typeof source === "string" ? Buffer.from(source) : (source as Uint8Array<ArrayBuffer>));

const bytesOf = async (body: Body | null): Promise<Uint8Array<ArrayBuffer>> => copyOf(await consume(body));

/** Decodes UTF-8 without a byte order mark, and without a second one, as the platform's classes do. */
async function textOf(body: Body | null): Promise<string> {
  const content = await consume(body);
  return (
    typeof content === "string" ? content.toWellFormed() : Buffer.from(content as Uint8Array<ArrayBuffer>).toString()
  ).replace(/^\uFEFF{1,2}/, "");
}

/** Reads a body as a Blob or a form. */
async function readAs<Name extends "blob" | "formData">(body: Body | null, type: string | null, name: Name) {
  const bytes = await bytesOf(body);
  return readNativeBody(body && bytes, type, name);
}

/** The standard's "clone a body". Throws TypeError if it is unusable. */
export function cloneBody(body: Body | null): Body | null {
  checkUsable(body);
  if (!body) return null;
  const [left, right] = body.stream?.tee() ?? [];
  body.stream = left;
  return { ...body, stream: right };
}

/**
 * Moves a body to a new object through a pipe, which locks the old one's stream. Throws TypeError if it is unusable.
 */
export function moveBody(body: Body): Body {
  checkUsable(body);
  return createBody(body.source, undefined, streamOf(body)!.pipeThrough(new TransformStream()));
}

/** The body in a form that Node's `fetch` sends: bytes without a type, or the stream. */
export function toNativeBody(body: Body | null): Uint8Array<ArrayBuffer> | Blob | ReadableStream | null {
  if (!body) return null;
  const { source } = body;
  if (source === undefined) return body.stream!;
  body.used = true;
  return source instanceof Blob ? source.slice(0, source.size, "") : copyOf(source);
}

/** The members of requests and responses that read the body. */
export interface BodyMembers {
  readonly body: ReadableStream<Uint8Array> | null;
  readonly bodyUsed: boolean;
  blob(): Promise<Blob>;
  arrayBuffer(): Promise<ArrayBuffer>;
  text(): Promise<string>;
  json(): Promise<unknown>;
  formData(): Promise<FormData>;
  bytes(): Promise<Uint8Array>;
}

/** Makes these members. @param bodyOf throws TypeError for a value that is not of the class */
export const bodyMembers = (bodyOf: (of: never) => Body | null): object => {
  const of = bodyOf as (of: unknown) => Body | null;
  const typeOf = (self: unknown): string | null => (self as Response).headers.get(contentType);
  const members: BodyMembers = {
    get body() {
      return streamOf(of(this));
    },
    get bodyUsed() {
      return isUsed(of(this));
    },
    async blob() {
      return readAs(of(this), typeOf(this), "blob");
    },
    async arrayBuffer() {
      return (await bytesOf(of(this))).buffer;
    },
    async text() {
      return textOf(of(this));
    },
    async json() {
      return JSON.parse(await textOf(of(this))) as unknown;
    },
    async formData() {
      return readAs(of(this), typeOf(this), "formData");
    },
    async bytes() {
      return bytesOf(of(this));
    },
  };
  return members;
};
