/** Bodies (Fetch standard, section 2.2.4 and 5.3): what a constructor was given in, its bytes, text or stream out. */
import { getBuiltinModule, isObject, refuse } from "./convert.ts";
import { contentType } from "./headers.ts";
import { parts } from "./parts.ts";

/** Read once; for text and bytes a stream is made only for who asks for it. */
export interface Body {
  /** Undefined for a stream that was given; of a Blob `fetch` alone minds it. */
  readonly source: string | Uint8Array<ArrayBuffer> | Blob | undefined;
  /** The content type that it brings to an object made with it. */
  readonly type: string | undefined;
  stream: ReadableStream<Uint8Array> | undefined;
  /** Read before there was a stream. */
  used: boolean;
}

/** Node's own, which its types do not have yet. */
type NodeStream = { isDisturbed(stream: ReadableStream): boolean };

/** A body that nobody has read. */
export const made = (source: Body["source"], type?: string, stream?: Body["stream"]): Body => ({ source, type, stream, used: false });

/** The standard's, which the DOM's types do not have yet. */
type StreamMaker = { from(iterable: unknown): ReadableStream<Uint8Array> };

/** "Extract a body". Throws TypeError for a stream that is locked or was read. */
export function extract(input: unknown): Body {
  if (isObject(input)) {
    const bytes = ArrayBuffer.isView(input)
      ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
      : input instanceof ArrayBuffer && (input.detached ? [] : input.slice());
    if (bytes) return made(new Uint8Array(bytes));
    if (input instanceof URLSearchParams) return made(String(input), "application/x-www-form-urlencoded;charset=UTF-8");
    const isStream = input instanceof ReadableStream;
    if (isStream || (input as { [Symbol.asyncIterator]?: unknown })[Symbol.asyncIterator]) {
      const body = made(undefined, undefined, isStream ? input : (ReadableStream as unknown as StreamMaker).from(input));
      checkUsable(body);
      return body;
    }
    if (input instanceof Blob) return ofBlob(input, input.type);
    // The tag first: the global FormData loads the platform's classes.
    if ((input as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === "FormData" && input instanceof FormData)
      return ofBlob(...parts.FormData(input));
  }
  return made(`${input as string}`, "text/plain;charset=UTF-8");
}

const ofBlob = (blob: Blob, type: string): Body => made(blob, type || undefined, blob.stream());

/** "Body used". */
const isUsed = (body: Body | null): boolean =>
  !!body && (body.used || (!!body.stream && (getBuiltinModule("stream") as unknown as NodeStream).isDisturbed(body.stream)));

/** Throws TypeError for a body that was used or is locked. */
export function checkUsable(body: Body | null): void {
  if (isUsed(body) || body?.stream?.locked) refuse("The body was read, or is locked");
}

/** The stream of a body, the same at every call; closed where the body was read without it. */
function streamOf(body: Body | null): ReadableStream<Uint8Array> | null {
  if (!body) return null;
  if (!body.stream) {
    // Filled and closed, as the platform's is a moment after it was made.
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

/** Takes all of a body away; used at once. Throws TypeError when it is unusable. */
function take(body: Body | null): Body["source"] | Promise<Body["source"]> {
  checkUsable(body);
  if (!body) return "";
  if (body.stream) return readAll(body.stream);
  body.used = true;
  return body.source;
}

/** A text without a stream, now used; undefined for any other body, which stays as it is. */
export function takeText(body: Body | null): string | undefined {
  if (!body) return "";
  if (typeof body.source !== "string" || body.stream || body.used) return undefined;
  body.used = true;
  return body.source.toWellFormed();
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  // Not `for await`, which lets go of the stream at its end.
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  for (let step; !(step = await reader.read()).done;)
    chunks.push(step.value instanceof Uint8Array ? step.value : refuse("A chunk is no Uint8Array"));
  return Buffer.concat(chunks);
}

/** What is enqueued is detached, what is given is changed, and clones share the source. */
const copyOf = (source: Body["source"]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(typeof source === "string" ? Buffer.from(source) : (source as Uint8Array<ArrayBuffer>));

const bytesOf = async (body: Body | null): Promise<Uint8Array<ArrayBuffer>> => copyOf(await take(body));

/** UTF-8 decode: without a byte order mark. The platform's own classes take away a second one. */
async function textOf(body: Body | null): Promise<string> {
  const taken = await take(body);
  return (typeof taken === "string" ? taken.toWellFormed() : Buffer.from(taken as Uint8Array<ArrayBuffer>).toString()).replace(
    /^\uFEFF{1,2}/,
    "",
  );
}

/** As a Blob or a form. */
async function handOver<Name extends "blob" | "formData">(body: Body | null, type: string | null, name: Name) {
  const bytes = await bytesOf(body);
  return parts.formData(body && bytes, type, name);
}

/** "Clone a body". Throws TypeError when it is unusable. */
export function cloneBody(body: Body | null): Body | null {
  checkUsable(body);
  if (!body) return null;
  const [left, right] = body.stream?.tee() ?? [];
  body.stream = left;
  return { ...body, stream: right };
}

/** Moves a body to a new object through a pipe, which is what the old one's stream is locked by. Throws TypeError when it is unusable. */
export function moveBody(body: Body): Body {
  checkUsable(body);
  return made(body.source, undefined, streamOf(body)!.pipeThrough(new TransformStream()));
}

/** What `fetch` can send: bytes without a type of their own, or the stream. */
export function sendable(body: Body | null): Uint8Array<ArrayBuffer> | Blob | ReadableStream | null {
  if (!body) return null;
  const { source } = body;
  if (source === undefined) return body.stream!;
  body.used = true;
  return source instanceof Blob ? source.slice(0, source.size, "") : copyOf(source);
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
  return members;
};
