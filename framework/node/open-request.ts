/** Opens a message of node:http as a Request: nothing is read or made of it before the handler asks. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { createRequest, type RequestSource } from "./plain-request.ts";

/** @param url absolute, as the handler shall see it */
export const openRequest = (incoming: IncomingMessage, out: ServerResponse, url: string): Request =>
  createRequest(new Opened(incoming, out, url));

/** A class, since a request should not make three closures that nobody calls. */
class Opened implements RequestSource {
  readonly method: string;
  readonly url: string;
  readonly #incoming: IncomingMessage;
  readonly #out: ServerResponse;

  constructor(incoming: IncomingMessage, out: ServerResponse, url: string) {
    this.method = incoming.method ?? "GET";
    this.url = url;
    this.#incoming = incoming;
    this.#out = out;
  }

  headers(): Headers {
    return headersOf(this.#incoming.rawHeaders);
  }

  body(): BodyInit | null {
    const isRead = this.method !== "GET" && this.method !== "HEAD" && hasBody(this.#incoming);
    return isRead ? openBody(this.#incoming, this.#out) : null;
  }

  signal(): AbortSignal {
    return leaving(this.#out);
  }
}

/** RFC 9112 section 6.3. */
const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

/** Repeated headers are joined as `Headers` does, cookies with "; " (RFC 9113 section 8.2.3). Names and values in turn. */
export function headersOf(flat: readonly string[]): Headers {
  const headers = new Headers();
  for (let at = 0; at < flat.length; at += 2) {
    const [name, value] = [flat[at]!, flat[at + 1]!];
    const before = name.length === 6 && name.toLowerCase() === "cookie" ? headers.get("cookie") : null;
    if (before === null) headers.append(name, value);
    else headers.set("cookie", `${before}; ${value}`);
  }
  return headers;
}

/** Milliseconds that a client may go on writing a body that nobody reads to its end; then its connection is of no more use. */
const lingerMs = 500;

/** What is left of it when the answer is out is read and dropped, so that the connection can be used again. */
function openBody(incoming: IncomingMessage, out: ServerResponse): ReadableStream<Uint8Array> {
  out.once("close", () => {
    if (incoming.complete && incoming.readableLength === 0) return;
    const late = setTimeout(() => incoming.destroy(), lingerMs).unref();
    incoming.once("close", () => clearTimeout(late));
    incoming.resume();
  });
  return Readable.toWeb(incoming) as ReadableStream<Uint8Array>;
}

/** Aborts when the connection ends before the answer does. */
function leaving(out: ServerResponse): AbortSignal {
  const left = new AbortController();
  const leave = (): void => {
    if (!out.writableFinished) left.abort(new Error("the client left"));
  };
  if (out.closed || out.destroyed) leave();
  else out.once("close", leave);
  return left.signal;
}
