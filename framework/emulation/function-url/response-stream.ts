/** A streamed response of a function URL: reads the prelude with status and headers, then streams the body. */
import type { Failure } from "../../model/invocation.ts";
import type { HttpHeaders } from "../../model/http-message.ts";
import { cookiesOf, headersOf } from "../http-api/integration-response.ts";
import type { ResponseSink, StreamStart } from "../lambda/invocation.ts";
import { type BandwidthLimit, createBandwidthLimit } from "./bandwidth-limit.ts";

/** The response once its status and headers are known. */
export interface StreamHead {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly body: ReadableStream<Uint8Array>;
  readonly cold: boolean;
  readonly failure?: Failure;
}

/** The content type of a stream that begins with a prelude: status and headers as JSON. */
const preludeType = "application/vnd.awslambda.http-integration-response";
const octets = "application/octet-stream";
const delimiter = Buffer.alloc(8);
/** The longest prelude, in bytes. */
const maxPrelude = 1024 * 1024;

/** Held as long as the response. Its reader slows the function down; after the reader cancels, bytes are dropped. */
export class UrlStream implements ResponseSink {
  /** Undefined when the stream is no response. */
  readonly head: Promise<StreamHead | undefined>;
  readonly #head = Promise.withResolvers<StreamHead | undefined>();
  readonly #pipe = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 1 }, { highWaterMark: 0 });
  readonly #writer = this.#pipe.writable.getWriter();
  readonly #bandwidthLimit: BandwidthLimit;
  #start: StreamStart | undefined;
  /** An incomplete prelude. */
  #prelude: Buffer | undefined;

  constructor(bandwidthLimit = createBandwidthLimit()) {
    this.head = this.#head.promise;
    this.#bandwidthLimit = bandwidthLimit;
    // A reader may cancel.
    this.#writer.closed.catch(() => {});
  }

  /** True once the function streams, even without bytes. */
  get begun(): boolean {
    return this.#start !== undefined;
  }

  begin(start: StreamStart): void {
    this.#start = start;
    if (start.type === preludeType) this.#prelude = Buffer.alloc(0);
  }

  async write(chunk: Uint8Array): Promise<void> {
    const rest = this.#prelude ? this.#readPrelude(this.#prelude, chunk) : chunk;
    // A stream without a prelude is a 200 from its first bytes on; before them it can still fail.
    if (!this.#prelude) this.#resolveDefault();
    if (!rest?.byteLength) return;
    try {
      await this.#writer.ready;
      await this.#bandwidthLimit(rest.byteLength);
      await this.#writer.write(rest);
    } catch {
      // The reader has cancelled; the function continues, as on Lambda, and its bytes are dropped.
    }
  }

  /** Ends the stream. @param error why it is incomplete */
  end(error?: Error): void {
    // A stream that ends without a write has no prelude; one that breaks off in its prelude is no response.
    if (!error && this.begun && !this.#prelude?.length) this.#resolveDefault();
    this.#head.resolve(undefined);
    if (error) void this.#writer.abort(error).catch(() => {});
    else void this.#writer.close().catch(() => {});
  }

  /** The bytes after the prelude, once it is complete. */
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
    this.#resolve(head.status, head.headers);
    return all.subarray(end + delimiter.length);
  }

  /** Resolves the head of a stream without a prelude, unless it is known already. */
  #resolveDefault(): void {
    const { type = octets } = this.#start ?? {};
    this.#resolve(200, [["content-type", type === preludeType ? octets : type]]);
  }

  #resolve(status: number, headers: HttpHeaders): void {
    const { cold = false, failure } = this.#start ?? {};
    this.#head.resolve({ status, headers, body: this.#pipe.readable, cold, ...(failure && { failure }) });
  }

  /** Drops the rest of the stream. */
  #refuse(): void {
    this.#head.resolve(undefined);
    void this.#pipe.readable.cancel();
  }
}

function readHead(text: string): { readonly status: number; readonly headers: HttpHeaders } | undefined {
  let prelude: unknown;
  try {
    prelude = JSON.parse(text);
  } catch {
    return undefined;
  }
  const {
    statusCode = 200,
    headers,
    cookies,
  } = Object(prelude) as { statusCode?: unknown; headers?: unknown; cookies?: unknown };
  const own = headersOf(headers);
  const set = cookiesOf(cookies);
  if (typeof statusCode !== "number" || !Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599)
    return undefined;
  if (!own || !set) return undefined;
  const hasType = own.some(([name]) => name === "content-type");
  return {
    status: statusCode,
    headers: [...own, ...(hasType ? [] : [["content-type", octets] as const]), ...lengthOf(headers), ...set],
  };
}

/** A stream is chunked, so AWS renames the function's Content-Length (seen on AWS, cargo-lambda issue 862). */
function lengthOf(headers: unknown): HttpHeaders {
  const [, length] =
    Object.entries(Object(headers) as object).find(([name]) => name.toLowerCase() === "content-length") ?? [];
  return typeof length === "string" ? [["x-amzn-remapped-content-length", length]] : [];
}
