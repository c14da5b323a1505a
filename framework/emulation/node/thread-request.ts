/** One request inside the app's thread: makes its Request and sends its response, part by part where it streams. */
import type { Failure } from "../../model/invocation.ts";
import { canonicalTarget, originOf } from "../../http/canonical-target.ts";
import { toHeaders } from "../../http/to-request.ts";
import { createRequest, type RequestSource } from "../../http/lazy-request.ts";
import type { BodyReader } from "../../http/read-ahead.ts";
import { canonicalPath } from "../../runtime/path.ts";
import type { ResponseParts } from "./response-parts.ts";
import { toFailure } from "./failure.ts";
import { type FromThread, ownBytes, type RequestMessage } from "./thread-messages.ts";

/** Held until the last byte of the response. A class, since a request should not create a closure per method. */
export class ThreadRequest implements RequestSource {
  readonly method: string;
  url = "";
  readonly #call: number;
  readonly #headers: readonly string[];
  readonly #body: Uint8Array<ArrayBuffer> | undefined;
  readonly #message: RequestMessage;
  readonly #send: (message: FromThread) => void;
  readonly #done: () => void;
  #abort: AbortController | undefined;
  #hasDisconnected = false;
  #failure: Failure | undefined;
  #reader: BodyReader | undefined;

  /** @param done is called once, after the last message */
  constructor(message: RequestMessage, send: (message: FromThread) => void, done: () => void) {
    [this.#call, , , this.method, , this.#headers, this.#body] = message;
    this.#message = message;
    this.#send = send;
    this.#done = done;
  }

  /** The Request with its path in canonical form. Throws URIError on a malformed escape. */
  request(): Request {
    this.url = urlOf(this.#message);
    return createRequest(this);
  }

  headers(): Headers {
    return toHeaders(this.#headers);
  }

  /** The Fetch standard allows no body for GET and HEAD. */
  body(): BodyInit | null {
    return this.method === "GET" || this.method === "HEAD" ? null : (this.#body ?? null);
  }

  signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#hasDisconnected) this.disconnect();
    return this.#abort.signal;
  }

  /** The client has disconnected. */
  disconnect(): void {
    this.#hasDisconnected = true;
    this.#abort?.abort(new Error("the client left"));
  }

  /** Sets the failure that the developer sees. */
  report(failure: Failure): void {
    this.#failure = failure;
  }

  /** Sends the response, once. */
  respond({ status, headers, body, failure = this.#failure }: ResponseParts): void {
    const isStream = typeof body === "object" && "next" in body;
    const content = isStream ? null : typeof body === "string" ? body : ownBytes(body);
    this.#send([this.#call, status, headers, content, failure]);
    if (isStream) this.#reader = body;
    else this.#done();
  }

  /** Sends the next part of the stream. */
  async pull(): Promise<void> {
    const call = this.#call;
    try {
      const bytes = await this.#reader?.next();
      this.#send({ kind: "part", call, ...(bytes && { bytes: ownBytes(bytes) }) });
      if (!bytes) this.#done();
    } catch (error) {
      this.#send({ kind: "part", call, failure: toFailure(error) });
      this.#done();
    }
  }

  /** Cancels the stream. */
  cancel(): void {
    this.#reader?.cancel(new Error("the client left"));
    this.#done();
  }
}

function urlOf([, , , , target, headers, , , scheme, port]: RequestMessage): string {
  const index = headers.findIndex((name, at) => at % 2 === 0 && name.length === 4 && name.toLowerCase() === "host");
  const host = index < 0 ? `127.0.0.1:${port}` : headers[index + 1]!;
  return (
    (originOf(scheme, host) ?? `${scheme}://127.0.0.1:${port}`) + (canonicalTarget(target) ?? resolveTarget(target))
  );
}

/** The target of a request that `portico start` would refuse, such as one with a backslash. */
function resolveTarget(target: string): string {
  const { pathname, search } = new URL(`http://localhost${target}`);
  return canonicalPath(pathname) + search;
}
