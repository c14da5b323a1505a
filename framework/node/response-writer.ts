/** Writes a Web Response to a node:http response, and refuses requests with an error. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { responseHeaders, withContentLength } from "../http/response-conversion.ts";
import { type LazyParts, takeLazyParts } from "../http/lazy-response.ts";
import { type BodyReader, readAhead } from "../http/read-ahead.ts";

/** How to send a response. */
export interface SendOptions {
  onError(error: unknown): void;
  /** Milliseconds in which a client must read some of it; undefined for no limit. */
  readonly answerMs: number | undefined;
}

/**
 * Sends a response. Gives the bytes of its body, synchronously if all of it is in memory. Never throws or rejects: it
 * reports errors to `onError` and closes the connection.
 */
export function send(
  response: Response,
  method: string,
  out: ServerResponse,
  options: SendOptions,
): number | Promise<number> {
  try {
    const parts = takeLazyParts(response);
    if (!parts) return sendResponse(response, method, out, options);
    const bytes = sendText(parts, method, out);
    if (out.socket?.writableLength) closeWhenStalled(out, options.answerMs);
    return bytes;
  } catch (error) {
    return fail(error, out, options);
  }
}

/** Sends a response that is read through its class. */
async function sendResponse(
  response: Response,
  method: string,
  out: ServerResponse,
  options: SendOptions,
): Promise<number> {
  try {
    // A handler returned it twice; without its body it would be another response.
    if (response.bodyUsed) throw new TypeError("The handler returned a Response whose body was read before");
    const { status, body } = response;
    const headers = responseHeaders(response);
    if (!body || method === "HEAD" || status === 204 || status === 304) {
      out.writeHead(status, emptyHeaders(headers, status, method));
      out.end();
      body?.cancel().catch((error: unknown) => options.onError(error));
      return 0;
    }
    closeWhenStalled(out, options.answerMs);
    return await sendStream(body, out, { status, headers });
  } catch (error) {
    return fail(error, out, options);
  }
}

/**
 * Reports an error, and sends a bare 500 if nothing was sent yet, else closes the connection. Gives 0 bytes of body.
 */
export function fail(error: unknown, out: ServerResponse, options: SendOptions): number {
  if (!out.destroyed) options.onError(error);
  if (out.headersSent) out.destroy();
  else refuse(out, 500, "Internal Server Error");
  return 0;
}

/**
 * Closes the connection of a client that does not read, since its response stays in memory. A stream without new data
 * is not a stalled client.
 */
function closeWhenStalled(out: ServerResponse, answerMs: number | undefined): void {
  if (answerMs === undefined) return;
  // The socket's timer, which restarts with every write and read.
  out.setTimeout(answerMs, () => {
    if (out.socket?.writableLength) out.destroy();
  });
}

/** Sends an error response and closes the connection, since the rest of its input is not to be trusted. */
export function refuse(out: ServerResponse, status: number, error: string, isEnd = true): void {
  if (out.headersSent || out.destroyed) return;
  for (const name of out.getHeaderNames()) out.removeHeader(name);
  const body = `${JSON.stringify({ error })}`;
  out.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    connection: "close",
  });
  if (isEnd) out.end(body);
  else out.write(body);
}

/**
 * Milliseconds that a client may go on writing a refused body: if its connection is closed while it writes, it never
 * reads the response.
 */
const lingerMs = 1000;

/**
 * Sends 413 at once, and closes the connection when the client stops writing, or takes too long. Readers of the body
 * get an error.
 */
export function refuseBody(incoming: IncomingMessage, out: ServerResponse): void {
  refuse(out, 413, "Payload Too Large", false);
  const timer = setTimeout(end, lingerMs);
  function end(): void {
    clearTimeout(timer);
    if (!out.writableEnded) out.end(() => incoming.destroy(new Error("the body is too long")));
  }
  incoming.once("close", end);
  incoming.on("error", end);
  incoming.once("end", end);
  incoming.resume();
}

function sendText(parts: LazyParts, method: string, out: ServerResponse): number {
  const { status, headers, body } = parts;
  const isEmpty = status === 204 || status === 304;
  const bytes = body === null ? 0 : Buffer.byteLength(body);
  // A copy, since the handler may still read the response's headers.
  const sent = headers.slice();
  if (!isEmpty && (body !== null || method !== "HEAD")) sent.push("content-length", String(bytes));
  out.writeHead(status, sent);
  if (isEmpty || method === "HEAD" || body === null) out.end();
  // One byte per character is ASCII, which node writes fastest as latin1.
  else out.end(body, bytes === body.length ? "latin1" : "utf8");
  return isEmpty || method === "HEAD" ? 0 : bytes;
}

/** Headers without a body: 204 has no length; HEAD and 304 keep that of the response to GET (RFC 9110 section 8.6). */
function emptyHeaders(headers: readonly string[], status: number, method: string): string[] {
  if (status === 204) return withContentLength(headers, undefined);
  return method === "HEAD" || status === 304 ? [...headers] : withContentLength(headers, 0);
}

/** Sends a stream as fast as the client reads, and cancels it when the client disconnects. */
async function sendStream(
  body: ReadableStream<Uint8Array>,
  out: ServerResponse,
  { status, headers }: { readonly status: number; readonly headers: readonly string[] },
): Promise<number> {
  const disconnect = new AbortController();
  let reader: BodyReader | undefined;
  const onClose = (): void => {
    if (out.writableFinished) return;
    disconnect.abort();
    // Also ends a pending read.
    reader?.cancel(new Error("the client left"));
  };
  out.once("close", onClose);
  let bytes = 0;
  try {
    const start = await readAhead(body, (opened) => (reader = opened));
    if ("complete" in start) return sendBytes(start.complete, out, { status, headers });
    out.strictContentLength = true;
    out.writeHead(status, [...headers]);
    if (start.isEmpty) out.flushHeaders();
    for (let part = await start.rest.next(); part && !out.destroyed; part = await start.rest.next())
      bytes += await write(part, out, disconnect.signal);
    if (!out.destroyed) out.end();
    return bytes;
  } catch (error) {
    reader?.cancel(error);
    if (disconnect.signal.aborted) return bytes;
    throw error;
  } finally {
    out.off("close", onClose);
  }
}

/** Sends a body in memory with its true length. */
function sendBytes(
  bytes: Uint8Array,
  out: ServerResponse,
  { status, headers }: { readonly status: number; readonly headers: readonly string[] },
): number {
  out.writeHead(status, withContentLength(headers, bytes.byteLength));
  out.end(bytes);
  return bytes.byteLength;
}

async function write(bytes: Uint8Array, out: ServerResponse, signal: AbortSignal): Promise<number> {
  if (!out.write(bytes)) await once(out, "drain", { signal });
  return bytes.byteLength;
}
