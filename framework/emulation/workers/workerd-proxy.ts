/** Forwards an HTTP request to a running workerd and reads its response, without the headers of the hop. */
import { type Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { Readable } from "node:stream";
import type { HttpHeaders } from "../../model/http-message.ts";
import type { ClientDisconnect } from "../../http/client-disconnect.ts";
import { connectForUpload } from "./upload-socket.ts";

/** The request that workerd gets. */
export interface ProxyRequest {
  readonly method: string;
  /** Path and query, raw; an absolute URL where the socket is a proxy's. */
  readonly url: string;
  readonly headers: HttpHeaders;
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
}

/** workerd's response. Its body is to be read to the end or cancelled. */
export interface WorkerdResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: HttpHeaders;
  readonly body: Uint8Array | ReadableStream<Uint8Array>;
}

/** Headers that the client of each hop sets anew (RFC 9110 section 7.6.1). */
const requestHopHeaders: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-length",
  "upgrade",
  "expect",
]);
const responseHopHeaders: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding"]);

/** Whether the request has content: bytes, or a Content-Length of 0 where the method expects content. */
const hasContent = ({ method, body }: Pick<ProxyRequest, "method" | "body">): boolean =>
  body instanceof ReadableStream ||
  (body !== null && (body.byteLength > 0 || !["GET", "HEAD", "OPTIONS", "DELETE"].includes(method)));

/**
 * Resolves with the response's head. Requests without content share the agent's connections; one with content has a
 * connection of its own, which workerd closes silently when no handler reads the content. workerd also closes idle
 * connections: a request that fails on one never reached it and is sent once more. A client that disconnects resets the
 * connection, since workerd notices an ordinary end only when it writes.
 */
export async function forward(
  agent: Agent,
  port: number,
  request: ProxyRequest,
  client?: Pick<ClientDisconnect, "onDisconnect">,
): Promise<IncomingMessage> {
  const { method, url, headers, body } = request;
  const sent = headers.filter(([name]) => !requestHopHeaders.has(name.toLowerCase())).flat();
  const sendsContent = hasContent(request);
  if (sendsContent && body instanceof Uint8Array) sent.push("content-length", String(body.byteLength));
  const connection = sendsContent ? { createConnection: () => connectForUpload("127.0.0.1", port) } : { agent };
  const target = { host: "127.0.0.1", port, setHost: false, maxHeaderSize: 2 ** 20 };
  let current: ClientRequest;
  let hasDisconnected = false;
  const attempt = (): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const hop = httpRequest({ ...target, ...connection, method, path: url, headers: sent });
      current = hop;
      hop.on("response", resolve);
      hop.on("error", (error: NodeJS.ErrnoException) => {
        const isStale = hop.reusedSocket && !hasDisconnected && error.code === "ECONNRESET";
        if (isStale) attempt().then(resolve, reject);
        else reject(error);
      });
      if (body instanceof ReadableStream) Readable.fromWeb(body as import("node:stream/web").ReadableStream).pipe(hop);
      else hop.end(body instanceof Uint8Array ? body : undefined);
    });
  const response = attempt();
  client?.onDisconnect(() => {
    hasDisconnected = true;
    // After the last byte of a response another request may have the connection.
    if (current.destroyed) return;
    if (current.socket) current.socket.resetAndDestroy();
    else current.destroy();
  });
  return response;
}

/** A response's headers without those of the hop. */
export function endToEndHeaders(message: IncomingMessage): HttpHeaders {
  const { rawHeaders } = message;
  const headers: (readonly [string, string])[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    if (!responseHopHeaders.has(name)) headers.push([name, rawHeaders[index + 1] ?? ""]);
  }
  return headers;
}

/** Bodies up to this many bytes are read at once, which costs a tenth of a stream. */
const bufferedBytes = 65_536;

/**
 * Resolves when the head is there, and of a short body all of it. A body without a Content-Length is a stream, since
 * its reader may wait for each part.
 */
export async function readResponse(message: IncomingMessage): Promise<WorkerdResponse> {
  const length = Number(message.headers["content-length"] ?? Number.NaN);
  const body = length <= bufferedBytes ? await readBody(message) : Readable.toWeb(message);
  return {
    status: message.statusCode ?? 502,
    headers: endToEndHeaders(message),
    body: body as Uint8Array | ReadableStream<Uint8Array>,
  };
}

async function readBody(message: IncomingMessage): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  message.on("data", (part: Buffer) => parts.push(part));
  message.on("end", resolve);
  message.on("error", reject);
  await promise;
  return Buffer.concat(parts);
}
