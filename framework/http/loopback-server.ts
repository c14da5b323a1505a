/** The HTTP server of local tools: listens on 127.0.0.1 and refuses requests of other hosts and web pages. */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { UserError } from "../model/user-error.ts";
import { type HttpHeaders, type HttpRequest, type HttpResponse, jsonResponse } from "../model/http-message.ts";
import { validateHttp, framingRefusal, withoutRequest } from "./http-validation.ts";
import { checkHost, checkUpgrade } from "./guard.ts";
import { type ClientDisconnect, watchDisconnect } from "./client-disconnect.ts";
import {
  hasBody,
  readBody,
  readTarget,
  receivedHeaders,
  withHost,
  withoutHopByHop,
  withTrailers,
} from "./request-reader.ts";
import { writeResponse } from "./response-writer.ts";

/** Bytes of the largest body by default, as for an HTTP API (10 MB). */
export const defaultMaxBody = 10 * 1024 * 1024;
/** Bytes of a request line and its headers together (431), and of the target alone (414). */
const maxHeader = 32_768;
const maxUrl = 16_384;

/** How to listen. */
export interface ListenOptions {
  /** 0 takes a free port. */
  readonly port: number;
  /** The flag that sets the port, for the error message. Default `--port`. */
  readonly portFlag?: string;
  /** Host names besides the loopback ones, from `--host`. */
  readonly hosts?: readonly string[];
  /** `disconnect` reports that the client disconnected before its response was finished. */
  readonly handle: (request: HttpRequest, disconnect: ClientDisconnect) => Promise<HttpResponse>;
  /** Bytes, or those of a request by its head; a longer body is answered 413. Default 10 MB. */
  readonly maxBody?: number | ((message: IncomingMessage) => number);
  /**
   * Reads bodies in place of the server; its result is the request's body, or undefined for one that is too long.
   */
  readonly read?: (message: IncomingMessage, limit: number) => Promise<Uint8Array | undefined>;
  /** Milliseconds in which the headers must arrive, else 408; 0 for no limit. Default 15,000. */
  readonly headersMs?: number;
  /** Milliseconds in which the full request must arrive, else 408; 0 for no limit. Default 300,000. */
  readonly requestMs?: number;
  /** Bytes of request line and headers; a longer head is answered 431. Default 32 KB. */
  readonly maxHead?: number;
  /** Trailers (lower-case) that become headers; others are dropped (RFC 9110 section 6.5.1). */
  readonly trailers?: readonly string[];
  /** Milliseconds that a connection may idle between requests; 0 for no limit. Default 5000. */
  readonly keepAliveMs?: number;
  /**
   * Called with an error of `handle` or of a response stream; the client got a bare 500, or its connection was closed.
   */
  readonly onError?: (error: unknown, request: HttpRequest) => void;
  /** Handles an upgrade, after Host and Origin were checked. Without it every WebSocket is refused. */
  readonly upgrade?: (message: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/**
 * Thrown by `handle` to reset the connection without a response, as a network failure does; not reported as an error.
 */
export class ConnectionDropped extends Error {
  constructor() {
    super("the connection is to be dropped");
    this.name = "ConnectionDropped";
  }
}

/** A running server. */
export interface Listener {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Stops, and closes every connection at once. */
  close(): Promise<void>;
}

const noBody = new Uint8Array();

/** Sends an error response and closes the connection, since the rest of its input is not to be trusted. */
async function refuse(response: HttpResponse, message: IncomingMessage, out: ServerResponse): Promise<void> {
  out.shouldKeepAlive = false;
  await writeResponse(response, message.method ?? "GET", out, watchDisconnect(out));
}

const tooLarge = (): HttpResponse => jsonResponse(413, { error: "Payload Too Large" });

/** Checks the head of a request. Gives its target and headers, or the response that refuses it. */
function readHead(
  message: IncomingMessage,
  hosts: readonly string[] | undefined,
): { readonly target: string; readonly headers: HttpHeaders } | { readonly refused: HttpResponse } {
  const sent = receivedHeaders(message);
  const target = readTarget(message.url ?? "");
  const headers = target?.authority === undefined ? sent : withHost(sent, target.authority);
  // Both the authority that counts and the Host beside it.
  const foreign = checkHost({ headers: sent }, hosts) ?? (headers === sent ? undefined : checkHost({ headers }, hosts));
  if (foreign) return { refused: foreign };
  if ((message.url?.length ?? 0) > maxUrl) return { refused: jsonResponse(414, { error: "URI Too Long" }) };
  if (!target) return { refused: jsonResponse(400, { error: "Bad Request" }) };
  // A Request cannot have these methods, so that no target runs a function for them.
  if (withoutRequest.has(message.method ?? "")) return { refused: jsonResponse(405, { error: "Method Not Allowed" }) };
  const framing = framingRefusal(message);
  if (framing !== undefined) return { refused: jsonResponse(framing, { error: STATUS_CODES[framing] }) };
  return { target: target.target, headers };
}

/** Reads the request. Gives it, or the response that refuses it. */
async function receive(
  message: IncomingMessage,
  out: ServerResponse,
  port: number,
  options: ListenOptions,
): Promise<HttpRequest | { refused: HttpResponse }> {
  const head = readHead(message, options.hosts);
  if ("refused" in head) return head;
  const limit = options.maxBody ?? defaultMaxBody;
  const maxBody = typeof limit === "number" ? limit : limit(message);
  // HTTP/1.0 has no Expect (RFC 9110 section 10.1.1).
  if (message.headers.expect !== undefined && message.httpVersionMinor > 0) {
    // The client waits for 100 Continue, so that a body that is too long is never sent.
    if (Number(message.headers["content-length"] ?? 0) > maxBody) return { refused: tooLarge() };
    out.writeContinue();
  }
  const body = hasBody(message) ? await (options.read ?? readBody)(message, maxBody) : noBody;
  if (body === undefined) return { refused: tooLarge() };
  return {
    method: message.method ?? "GET",
    target: head.target,
    headers: withTrailers(withoutHopByHop(head.headers), message, options.trailers),
    body,
    clientAddress: message.socket.remoteAddress ?? "127.0.0.1",
    scheme: "http",
    port,
  };
}

/** Handles one request, from the guard to the last byte of the response; never rejects. */
async function exchange(
  message: IncomingMessage,
  out: ServerResponse,
  port: number,
  options: ListenOptions,
): Promise<void> {
  const disconnect = watchDisconnect(out);
  let request: HttpRequest | undefined;
  try {
    const received = await receive(message, out, port, options);
    if ("refused" in received) return await refuse(received.refused, message, out);
    request = received;
    await writeResponse(await options.handle(request, disconnect), request.method, out, disconnect);
  } catch (error) {
    if (error instanceof ConnectionDropped) return void message.socket.resetAndDestroy();
    // Without a request, the client disconnected while it was read.
    if (request && !disconnect.happened) options.onError?.(error, request);
    if (out.headersSent || disconnect.happened || !request) out.destroy();
    else
      await refuse(jsonResponse(500, { error: "Internal Server Error" }), message, out).catch(() => void out.destroy());
  }
}

/** Refuses an upgrade on the bare socket, since node gives no response object. */
function refuseUpgrade(socket: Duplex, response: HttpResponse, moreHeaders: string): void {
  const head = [
    `HTTP/1.1 ${response.status} ${STATUS_CODES[response.status]}`,
    ...response.headers.map(([name, value]) => `${name}: ${value}`),
  ];
  socket.write(`${head.join("\r\n")}\r\n${moreHeaders}connection: close\r\n\r\n`);
  socket.end(response.body);
}

/** Checks Host, then Origin, then whether upgrades are handled. */
function onUpgrade(message: IncomingMessage, socket: Duplex, head: Buffer, options: ListenOptions): void {
  socket.on("error", () => socket.destroy());
  const request = { headers: receivedHeaders(message) };
  const refused = checkHost(request, options.hosts) ?? checkUpgrade(request);
  if (refused) refuseUpgrade(socket, refused, "");
  else if (options.upgrade) options.upgrade(message, socket, head);
  else refuseUpgrade(socket, jsonResponse(426, { error: "No upgrade is served here" }), "upgrade: HTTP/1.1\r\n");
}

/** Binds to 127.0.0.1. */
async function bind(server: Server, { port, portFlag = "--port" }: ListenOptions): Promise<number> {
  const bound = Promise.withResolvers<void>();
  server.once("error", bound.reject);
  server.listen({ port, host: "127.0.0.1" }, bound.resolve);
  try {
    await bound.promise;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      throw new UserError(
        "PORT_IN_USE",
        `port ${port} is in use`,
        `Stop what uses it, or take another port with ${portFlag} ${port + 1}`,
        { cause },
      );
    }
    if (code === "EACCES")
      throw new UserError(
        "PORT_FORBIDDEN",
        `port ${port} may not be opened`,
        `Take a port above 1023 with ${portFlag}`,
        { cause },
      );
    throw cause;
  }
  server.off("error", bound.reject);
  return (server.address() as AddressInfo).port;
}

/** Serves on 127.0.0.1. Rejects with UserError PORT_IN_USE or PORT_FORBIDDEN. */
export async function listen(options: ListenOptions): Promise<Listener> {
  // Other upgrades, such as h2c, are ignored (RFC 9110 section 7.8).
  const shouldUpgradeCallback = (message: IncomingMessage): boolean =>
    message.headers.upgrade?.toLowerCase() === "websocket";
  const { headersMs = 15_000, requestMs = 300_000 } = options;
  const serverOptions: ServerOptions & { readonly shouldUpgradeCallback: (message: IncomingMessage) => boolean } = {
    // The guard checks Host, and answers 403 instead of 400.
    requireHostHeader: false,
    keepAliveTimeout: options.keepAliveMs ?? 5000,
    maxHeaderSize: options.maxHead ?? maxHeader,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: Math.min(
      5000,
      Math.ceil((headersMs || 10_000) / 2),
      Math.ceil((requestMs || 10_000) / 2),
    ),
    // Saves 1.5 µs for requests without a body, which are most (docs/decisions/013).
    optimizeEmptyRequests: true,
    shouldUpgradeCallback,
  };
  const server = createServer(serverOptions);
  validateHttp(server);
  const port = await bind(server, options);
  const serve = (message: IncomingMessage, out: ServerResponse): void => void exchange(message, out, port, options);
  server.on("request", serve);
  server.on("checkContinue", serve);
  const upgraded = new Set<Duplex>();
  server.on("upgrade", (message, socket, head) => {
    upgraded.add(socket);
    socket.on("close", () => upgraded.delete(socket));
    onUpgrade(message, socket, head, options);
  });
  const close = async (): Promise<void> => {
    const closed = new Promise((done) => server.close(done));
    server.closeAllConnections();
    for (const socket of upgraded) socket.destroy();
    await closed;
  };
  return { port, url: `http://127.0.0.1:${port}`, close };
}
