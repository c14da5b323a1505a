/** Makes a Request of a node:http request; headers and body are read when the handler reads them. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { createRequest, type RequestSource } from "./lazy-request.ts";

/** @param url absolute; the handler reads it as the Request's url */
export const toRequest = (incoming: IncomingMessage, out: ServerResponse, url: string): Request =>
  createRequest(new IncomingSource(incoming, out, url));

/** A class, since methods cost less per request than three closures. */
class IncomingSource implements RequestSource {
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
    return toHeaders(this.#incoming.rawHeaders);
  }

  body(): BodyInit | null {
    const isRead = this.method !== "GET" && this.method !== "HEAD" && hasBody(this.#incoming);
    return isRead ? openBody(this.#incoming, this.#out) : null;
  }

  signal(): AbortSignal {
    return disconnectSignal(this.#out);
  }
}

/** Whether the message has a body (RFC 9112 section 6.3). */
const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

/**
 * Makes Headers of names and values in turn. Repeated ones are joined, cookies with "; " (RFC 9113 section 8.2.3).
 */
export function toHeaders(rawHeaders: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name, value] = [rawHeaders[index]!, rawHeaders[index + 1]!];
    const before = name.length === 6 && name.toLowerCase() === "cookie" ? headers.get("cookie") : null;
    if (before === null) headers.append(name, value);
    else headers.set("cookie", `${before}; ${value}`);
  }
  return headers;
}

/**
 * Milliseconds that a client may go on writing a body that the handler did not read; then its connection is closed.
 */
const lingerMs = 500;

/** The body as a stream. After the response, the rest is read and dropped, so that the connection can be used again. */
function openBody(incoming: IncomingMessage, out: ServerResponse): ReadableStream<Uint8Array> {
  out.once("close", () => {
    if (incoming.complete && incoming.readableLength === 0) return;
    const late = setTimeout(() => incoming.destroy(), lingerMs).unref();
    incoming.once("close", () => clearTimeout(late));
    incoming.resume();
  });
  return Readable.toWeb(incoming) as ReadableStream<Uint8Array>;
}

/** A signal that aborts when the connection ends before the response. */
function disconnectSignal(out: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => {
    if (!out.writableFinished) controller.abort(new Error("the client left"));
  };
  if (out.closed || out.destroyed) abort();
  else out.once("close", abort);
  return controller.signal;
}
