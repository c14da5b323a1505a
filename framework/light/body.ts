/** Bodies (Fetch standard, section 2.2.4 and 5.3): what a constructor was given in, its bytes, text or stream out. */
import { nativeResponse } from "./native.ts";
import { toMultipart } from "./multipart.ts";

/** Read once; a stream is made only for who asks for it. */
export interface Body {
  /** Undefined for a stream that was given. */
  readonly source: string | Uint8Array<ArrayBuffer> | Blob | undefined;
  stream: ReadableStream<Uint8Array> | undefined;
  /** Read before there was a stream. */
  used: boolean;
}

/** Node's own, which its types do not have yet. */
type NodeStream = { isDisturbed(stream: ReadableStream): boolean };

const isDisturbed = (stream: ReadableStream): boolean => (process.getBuiltinModule("stream") as unknown as NodeStream).isDisturbed(stream);

/** A body that nobody has read. */
export const made = (source: Body["source"], stream?: Body["stream"]): Body => ({ source, stream, used: false });

/** The standard's, which the DOM's types do not have yet. */
type StreamMaker = { from(iterable: unknown): ReadableStream<Uint8Array> };

/** "Extract a body": with the content type that it brings. Throws TypeError for a stream that is locked or was read. */
export function extract(input: unknown): readonly [body: Body, type?: string | undefined] {
  if ((typeof input !== "object" && typeof input !== "function") || input === null) return [made(`${input as string}`), text];
  if (input instanceof Uint8Array) return [made(copied(input))];
  if (input instanceof URLSearchParams) return [made(String(input)), "application/x-www-form-urlencoded;charset=UTF-8"];
  const { asyncIterator } = Symbol;
  if (input instanceof ReadableStream || (input as { [asyncIterator]?: unknown })[asyncIterator]) {
    const stream = input instanceof ReadableStream ? input : (ReadableStream as unknown as StreamMaker).from(input);
    if (stream.locked || isDisturbed(stream)) throw new TypeError("Response body object should not be disturbed or locked");
    return [made(undefined, stream)];
  }
  if (input instanceof Blob) return [made(input), input.type || undefined];
  if (ArrayBuffer.isView(input)) return [made(copied(input))];
  if (input instanceof ArrayBuffer) return [made(new Uint8Array(input.detached ? [] : input.slice()))];
  // The tag first: the global FormData loads the platform's classes.
  if (Object.prototype.toString.call(input) === "[object FormData]" && input instanceof FormData) {
    const [blob, type] = toMultipart(input);
    return [made(blob), type];
  }
  return [made(`${input as unknown as string}`), text];
}

/** The type of a text. */
export const text = "text/plain;charset=UTF-8";

function copied({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}

/** "Body used". */
const isUsed = (body: Body | null): boolean => body !== null && (body.used || (body.stream !== undefined && isDisturbed(body.stream)));

/** "Unusable": used or locked. */
export const isUnusable = (body: Body | null): boolean => body !== null && (isUsed(body) || body.stream?.locked === true);

/** Throws TypeError for a body that cannot be read again. */
export function checkUsable(body: Body | null): void {
  if (isUnusable(body)) throw new TypeError("Body is unusable: Body has already been read");
}

/** The stream of a body, the same at every call; closed where the body was read without it. */
function streamOf(body: Body | null): ReadableStream<Uint8Array> | null {
  if (!body) return null;
  if (!body.stream) {
    body.stream = open(body.source!);
    // Locked and disturbed, as after a read of the stream itself.
    if (body.used) void body.stream.getReader().cancel();
  }
  return body.stream;
}

/** Filled and closed, as the platform's is a moment after it was made. */
function open(source: string | Uint8Array<ArrayBuffer> | Blob): ReadableStream<Uint8Array> {
  if (source instanceof Blob) return source.stream();
  return new ReadableStream<Uint8Array>({
    type: "bytes",
    start(controller) {
      // A copy: what is enqueued is detached, and clones share the source.
      const bytes = toBytes(source).slice();
      if (bytes.length) controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** Takes all of a body away; used at once. Throws TypeError when it is unusable. */
export function take(body: Body | null): Body["source"] | Promise<Uint8Array<ArrayBuffer>> {
  checkUsable(body);
  if (!body) return "";
  if (body.stream) return readAll(body.stream);
  body.used = true;
  return body.source;
}

/** Text or bytes without a stream, now used; undefined for any other body, which stays as it is. */
export function takeAtOnce(body: Body | null): string | Uint8Array<ArrayBuffer> | undefined {
  if (!body) return "";
  const { source } = body;
  const isText = typeof source === "string";
  // Not a look at the global Blob where there is a text: it would be loaded for that.
  if (body.stream || body.used || !(isText || source instanceof Uint8Array)) return undefined;
  body.used = true;
  return isText ? source.toWellFormed() : source;
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(Buffer.concat(chunks));
    if (!(value instanceof Uint8Array)) throw new TypeError("Received non-Uint8Array chunk");
    chunks.push(value);
  }
}

const toBytes = (source: string | Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  typeof source === "string" ? new TextEncoder().encode(source) : source;

/** A copy of its own. */
async function bytesOf(body: Body | null): Promise<Uint8Array<ArrayBuffer>> {
  const taken = await take(body);
  return taken instanceof Blob ? new Uint8Array(await taken.arrayBuffer()) : toBytes(taken!).slice();
}

const mark = /^\uFEFF/;

/** UTF-8 decode: without a byte order mark. */
async function textOf(body: Body | null): Promise<string> {
  const taken = await take(body);
  const text =
    typeof taken === "string"
      ? taken.toWellFormed().replace(mark, "")
      : new TextDecoder().decode(taken instanceof Blob ? await taken.arrayBuffer() : taken);
  // The platform's own classes take away a second one.
  return text.replace(mark, "");
}

/** What the platform's classes make of the bytes: they know MIME types and read multipart forms. */
async function handOver<Name extends "blob" | "formData">(body: Body | null, type: string | null, name: Name) {
  const bytes = await bytesOf(body);
  const { headers, ...native } = { headers: type === null ? {} : { "content-type": type }, Native: await nativeResponse() };
  return new native.Native(body && bytes, { headers })[name]() as ReturnType<Response[Name]>;
}

/** "Clone a body". Throws TypeError when it is unusable. */
export function cloneBody(body: Body | null): Body | null {
  checkUsable(body);
  if (!body?.stream) return body && made(body.source);
  const [left, right] = body.stream.tee();
  body.stream = left;
  return made(body.source, right);
}

/** Moves a body to a new object through a pipe, which is what the old one's stream is locked by. Throws TypeError when it is unusable. */
export function moveBody(body: Body): Body {
  checkUsable(body);
  return made(body.source, streamOf(body)!.pipeThrough(new TransformStream()));
}

/** What `fetch` can send: bytes without a type of their own, or the stream. */
export function sendable(body: Body | null): Uint8Array<ArrayBuffer> | Blob | ReadableStream | null {
  if (!body) return null;
  const { source, stream } = body;
  if (source === undefined) return stream!;
  body.used = true;
  return source instanceof Blob ? source.slice(0, source.size, "") : toBytes(source);
}

/** What a request and a response let one do with their bodies. */
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

/** @param bodyOf throws TypeError for what is no object of the class */
export const bodyMembers = (bodyOf: (of: never) => Body | null): BodyMembers => {
  const of = bodyOf as (of: unknown) => Body | null;
  const typeOf = (self: unknown): string | null => (self as Response).headers.get("content-type");
  return {
    get body() {
      return streamOf(of(this));
    },
    get bodyUsed() {
      return isUsed(of(this));
    },
    async blob() {
      return handOver(of(this), typeOf(this), "blob");
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
      return handOver(of(this), typeOf(this), "formData");
    },
    async bytes() {
      return bytesOf(of(this));
    },
  };
};
