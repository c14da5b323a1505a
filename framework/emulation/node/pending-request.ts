/** One request on the command line's side of the app's thread: waits for its response and reads its stream. */
import type { Failure, Invocation, LoadedFunction } from "../../model/invocation.ts";
import type { HttpHeaders } from "../../model/http-message.ts";
import type { PartMessage, ResponseMessage, ToThread } from "./thread-messages.ts";

/** Why a thread ended. */
export interface ThreadEnd {
  readonly failure: Failure;
  /** The status of its pending requests. Default 500. */
  readonly status?: number;
  /** The function and the call that caused it, where they are known. */
  readonly fn?: string;
  readonly call?: number;
}

interface PendingOptions {
  readonly fn: LoadedFunction;
  readonly call: number;
  readonly requestId: string;
  readonly send: (message: ToThread) => void;
  /** Called once, after the last message. */
  readonly done: () => void;
}

type Result = Omit<Invocation, "cold">;

/** A class, since it is held until the last byte of the response. */
export class PendingRequest {
  readonly fn: LoadedFunction;
  readonly result: Promise<Result | undefined>;
  readonly #options: PendingOptions;
  readonly #resolve: (result: Result | undefined) => void;
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  #pulled: PromiseWithResolvers<void> | undefined;

  constructor(options: PendingOptions) {
    this.fn = options.fn;
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<Result | undefined>();
    this.result = promise;
    this.#resolve = resolve;
  }

  respond([, status, headers, body, failure]: ResponseMessage): void {
    const response = { status, headers: pairs(headers), body: body === null ? this.#open() : bytesOf(body) };
    if (body !== null) this.#options.done();
    this.#resolve({ response, ...(failure && { failure }) });
  }

  /** Receives the part that was pulled. */
  receive({ failure, bytes }: PartMessage): void {
    if (failure) this.#break(failure);
    else if (bytes) this.#stream?.enqueue(bytes);
    else this.#end();
    this.#pulled?.resolve();
  }

  /** The thread has ended. @param isUnstarted the function had not begun */
  end({ failure, status = 500, fn, call }: ThreadEnd, isUnstarted: boolean): void {
    const { requestId } = this.#options;
    if (this.#stream) return this.#break(failure);
    if (isUnstarted) return this.#resolve(undefined);
    const isOwn = call === undefined ? fn === undefined || fn === this.fn.id : call === this.#options.call;
    const explained = isOwn
      ? failure
      : { ...failure, message: `${failure.message}; this request ran in the same thread`, stack: "" };
    const body = Buffer.from(
      JSON.stringify({ error: status === 503 ? "Service Unavailable" : "Internal Server Error", requestId }),
    );
    this.#resolve({ response: { status, headers: [["content-type", "application/json"]], body }, failure: explained });
  }

  /** A stream that pulls a part only when its reader wants one. */
  #open(): ReadableStream<Uint8Array> {
    const { send, call, done } = this.#options;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.#stream = controller),
        pull: () => {
          this.#pulled = Promise.withResolvers();
          send({ kind: "pull", call });
          return this.#pulled.promise;
        },
        cancel: () => {
          send({ kind: "cancel", call });
          this.#stream = undefined;
          done();
        },
      },
      { highWaterMark: 0 },
    );
  }

  #end(): void {
    this.#stream?.close();
    this.#stream = undefined;
    this.#options.done();
  }

  #break({ name, message, stack }: Failure): void {
    this.#stream?.error(Object.assign(new Error(message), { name, stack }));
    this.#pulled?.resolve();
    this.#options.done();
  }
}

const bytesOf = (body: string | Uint8Array): Uint8Array => (typeof body === "string" ? Buffer.from(body) : body);

function pairs(flat: readonly string[]): HttpHeaders {
  const list: (readonly [string, string])[] = [];
  for (let at = 0; at < flat.length; at += 2) list.push([flat[at]!, flat[at + 1]!]);
  return list;
}
