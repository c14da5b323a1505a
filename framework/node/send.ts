/** Writes a Response to node:http: as fast as the client reads, without detail of what fails, nothing after the client left. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { answerHeaders, withLength } from "./answer-headers.ts";
import { type PlainParts, takePlain } from "./plain-response.ts";
import { type BodyReader, readAhead } from "./read-ahead.ts";

/** Whom to tell of an answer, and how long its client may take nothing of it. */
export interface SendOptions {
  onError(error: unknown): void;
  /** Milliseconds; no bound when absent. */
  readonly answerMs: number | undefined;
}

/**
 * Sends it all; the bytes of body out once nothing more will be written, at once where that is so. Never throws or rejects: what fails is
 * told, and the connection cut.
 */
export function send(response: Response, method: string, out: ServerResponse, options: SendOptions): number | Promise<number> {
  try {
    const plain = takePlain(response);
    if (!plain) return sendParts(response, method, out, options);
    const bytes = sendWhole(plain, method, out);
    if (out.socket?.writableLength) cutWhenStuck(out, options.answerMs);
    return bytes;
  } catch (error) {
    return fail(error, out, options);
  }
}

/** What only its own class can tell the parts of. */
async function sendParts(response: Response, method: string, out: ServerResponse, options: SendOptions): Promise<number> {
  try {
    // One that a handler gave before: to send it without its body would be an answer that nobody meant.
    if (response.bodyUsed) throw new TypeError("The handler returned a Response whose body was read before");
    const { status, body } = response;
    const headers = answerHeaders(response);
    if (!body || method === "HEAD" || status === 204 || status === 304) {
      out.writeHead(status, emptyHeaders(headers, status, method));
      out.end();
      body?.cancel().catch((error: unknown) => options.onError(error));
      return 0;
    }
    cutWhenStuck(out, options.answerMs);
    return await pour(body, out, { status, headers });
  } catch (error) {
    return fail(error, out, options);
  }
}

/** Tells of it, and ends the exchange: with a bare 500 where nothing was sent yet. Gives the bytes of body that count. */
export function fail(error: unknown, out: ServerResponse, options: SendOptions): number {
  if (!out.destroyed) options.onError(error);
  if (out.headersSent) out.destroy();
  else refuse(out, 500, "Internal Server Error");
  return 0;
}

/** A client that reads nothing would hold its answer in memory for ever. A stream that has nothing to say is nobody's fault. */
function cutWhenStuck(out: ServerResponse, answerMs: number | undefined): void {
  if (answerMs === undefined) return;
  // Node's own timer of the socket, which knows whether anything moved.
  out.setTimeout(answerMs, () => {
    if (out.socket?.writableLength) out.destroy();
  });
}

/** An answer of the server's own, and the end of a connection whose rest is not to be trusted. */
export function refuse(out: ServerResponse, status: number, error: string, last = true): void {
  if (out.headersSent || out.destroyed) return;
  for (const name of out.getHeaderNames()) out.removeHeader(name);
  const body = `${JSON.stringify({ error })}`;
  out.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body), connection: "close" });
  if (last) out.end(body);
  else out.write(body);
}

/** Milliseconds that a client may go on writing a body that was refused: one that is cut off while it writes never reads why. */
const lingerMs = 1000;

/** 413 at once, and the connection's end when the client has done writing, or does not stop. What reads the body then hears of its end. */
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

function sendWhole(plain: PlainParts, method: string, out: ServerResponse): number {
  const { status, headers, body } = plain;
  const empty = status === 204 || status === 304;
  const bytes = body === null ? 0 : Buffer.byteLength(body);
  // Whoever kept the response may still look at its headers.
  const own = headers.slice();
  if (!empty && (body !== null || method !== "HEAD")) own.push("content-length", String(bytes));
  out.writeHead(status, own);
  if (empty || method === "HEAD" || body === null) out.end();
  // One byte per character is ASCII, and what node writes fastest.
  else out.end(body, bytes === body.length ? "latin1" : "utf8");
  return empty || method === "HEAD" ? 0 : bytes;
}

/** RFC 9110 section 8.6: 204 has no length; HEAD and 304 have that of the answer to GET, where it is told. */
function emptyHeaders(headers: readonly string[], status: number, method: string): string[] {
  if (status === 204) return withLength(headers, undefined);
  return method === "HEAD" || status === 304 ? [...headers] : withLength(headers, 0);
}

/** Reads no further ahead than the socket takes, and cancels the stream when the client leaves. */
async function pour(
  body: ReadableStream<Uint8Array>,
  out: ServerResponse,
  { status, headers }: { readonly status: number; readonly headers: readonly string[] },
): Promise<number> {
  const left = new AbortController();
  let reader: BodyReader | undefined;
  const leave = (): void => {
    if (out.writableFinished) return;
    left.abort();
    // Also ends a read that waits for data which may never come.
    reader?.cancel(new Error("the client left"));
  };
  out.once("close", leave);
  let bytes = 0;
  try {
    const begun = await readAhead(body, (opened) => (reader = opened));
    if ("whole" in begun) return sendOnly(begun.whole, out, { status, headers });
    out.strictContentLength = true;
    out.writeHead(status, [...headers]);
    if (begun.silent) out.flushHeaders();
    for (let part = await begun.rest.next(); part && !out.destroyed; part = await begun.rest.next())
      bytes += await write(part, out, left.signal);
    if (!out.destroyed) out.end();
    return bytes;
  } catch (error) {
    reader?.cancel(error);
    if (left.signal.aborted) return bytes;
    throw error;
  } finally {
    out.off("close", leave);
  }
}

/** A body that was in memory is sent with its length, whatever it was said to have. */
function sendOnly(
  bytes: Uint8Array,
  out: ServerResponse,
  { status, headers }: { readonly status: number; readonly headers: readonly string[] },
): number {
  out.writeHead(status, withLength(headers, bytes.byteLength));
  out.end(bytes);
  return bytes.byteLength;
}

async function write(bytes: Uint8Array, out: ServerResponse, signal: AbortSignal): Promise<number> {
  if (!out.write(bytes)) await once(out, "drain", { signal });
  return bytes.byteLength;
}
