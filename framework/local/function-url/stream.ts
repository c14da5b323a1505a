/** A streamed answer on its way through a function URL: what the runtime posts in, piece by piece; status, headers and a body out. */
import type { Failure } from "../../model/invocation.ts";
import type { WireHeaders } from "../../model/wire.ts";
import { cookiesOf, headersOf } from "../http-api/result.ts";
import type { ResponseSink, StreamStart } from "../lambda/outcome.ts";
import { createPace } from "./pace.ts";

/** What is known once the status and the headers are. */
export interface StreamHead {
  readonly status: number;
  readonly headers: WireHeaders;
  readonly body: ReadableStream<Uint8Array>;
  readonly cold: boolean;
  readonly failure?: Failure;
}

/** Status and headers before the bytes (facts: Runtime API, "streaming"). */
const withPrelude = "application/vnd.awslambda.http-integration-response";
const octets = "application/octet-stream";
const delimiter = Buffer.alloc(8);
/** Bytes that are searched for the end of a prelude at all. */
const maxPrelude = 1024 * 1024;

/** Held as long as the answer. Back-pressure goes from its reader to who writes; after its reader has left, bytes are dropped. */
export class UrlStream implements ResponseSink {
  /** Undefined when what comes is no answer. */
  readonly head: Promise<StreamHead | undefined>;
  readonly #head = Promise.withResolvers<StreamHead | undefined>();
  readonly #pipe = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 1 }, { highWaterMark: 0 });
  readonly #writer = this.#pipe.writable.getWriter();
  readonly #pace: (bytes: number) => Promise<void>;
  #start: StreamStart | undefined;
  /** A prelude that is not whole yet. */
  #prelude: Buffer | undefined;

  constructor(pace = createPace()) {
    this.head = this.#head.promise;
    this.#pace = pace;
    // A reader that leaves is no error.
    this.#writer.closed.catch(() => {});
  }

  /** The function streams, whether it sends anything or not. */
  get begun(): boolean {
    return this.#start !== undefined;
  }

  begin(start: StreamStart): void {
    this.#start = start;
    if (start.type === withPrelude) this.#prelude = Buffer.alloc(0);
  }

  async write(chunk: Uint8Array): Promise<void> {
    const rest = this.#prelude ? this.#readPrelude(this.#prelude, chunk) : chunk;
    // What has no prelude is a 200 as soon as there is something to send; before that it can still fail.
    if (!this.#prelude) this.#answerBare();
    if (!rest?.byteLength) return;
    try {
      await this.#writer.ready;
      await this.#pace(rest.byteLength);
      await this.#writer.write(rest);
    } catch {
      // The reader has left; the function goes on, as it would on Lambda, and what it writes is nobody's.
    }
  }

  /** Nothing more comes. @param why it is not whole */
  end(why?: Error): void {
    // A stream that was ended without a write has no prelude (facts §2.2); one that was broken off in it is no answer.
    if (!why && this.begun && !this.#prelude?.length) this.#answerBare();
    this.#head.resolve(undefined);
    if (why) void this.#writer.abort(why).catch(() => {});
    else void this.#writer.close().catch(() => {});
  }

  /** The bytes after the prelude, once it is whole. */
  #readPrelude(before: Buffer, chunk: Uint8Array): Uint8Array | undefined {
    const all = Buffer.concat([before, chunk]);
    const end = all.indexOf(delimiter, Math.max(0, before.length - delimiter.length + 1));
    this.#prelude = end < 0 && all.length <= maxPrelude ? all : undefined;
    if (end < 0) {
      if (!this.#prelude) this.#refuse();
      return undefined;
    }
    const head = readHead(all.toString("utf8", 0, end));
    if (!head) {
      this.#refuse();
      return undefined;
    }
    this.#answer(head.status, head.headers);
    return all.subarray(end + delimiter.length);
  }

  /** Nothing where the head is known already. */
  #answerBare(): void {
    const { type = octets } = this.#start ?? {};
    this.#answer(200, [["content-type", type === withPrelude ? octets : type]]);
  }

  #answer(status: number, headers: WireHeaders): void {
    const { cold = false, failure } = this.#start ?? {};
    this.#head.resolve({ status, headers, body: this.#pipe.readable, cold, ...(failure && { failure }) });
  }

  /** What follows is dropped. */
  #refuse(): void {
    this.#head.resolve(undefined);
    void this.#pipe.readable.cancel();
  }
}

function readHead(text: string): { readonly status: number; readonly headers: WireHeaders } | undefined {
  let prelude: unknown;
  try {
    prelude = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { statusCode = 200, headers, cookies } = Object(prelude) as { statusCode?: unknown; headers?: unknown; cookies?: unknown };
  const own = headersOf(headers);
  const set = cookiesOf(cookies);
  if (typeof statusCode !== "number" || !Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599) return undefined;
  if (!own || !set) return undefined;
  const typed = own.some(([name]) => name === "content-type");
  return { status: statusCode, headers: [...own, ...(typed ? [] : [["content-type", octets] as const]), ...lengthOf(headers), ...set] };
}

/** A stream goes in chunks; a length that the function gave comes under another name (cargo-lambda issue 862, seen on AWS). */
function lengthOf(headers: unknown): WireHeaders {
  const [, length] = Object.entries(Object(headers) as object).find(([name]) => name.toLowerCase() === "content-length") ?? [];
  return typeof length === "string" ? [["x-amzn-remapped-content-length", length]] : [];
}
