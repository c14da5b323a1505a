/** A loopback HTTP server: WireRequest in, WireResponse out, strangers refused before anything is read. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { UserError } from "../model/user-error.ts";
import type { WireRequest, WireResponse } from "../model/wire.ts";
import { beStrict, framingRefusal } from "../node/strict.ts";
import { checkHost, checkUpgrade, jsonAnswer } from "./guard.ts";
import { type ClientLeft, watchClient } from "./client-left.ts";
import { hasBody, originForm, readBody, wireHeaders, withoutHopByHop, withTrailers } from "./wire-request.ts";
import { writeResponse } from "./wire-response.ts";

// Not imported: a module's namespace reads every export, and node:http's getters load its fetch implementation (18 ms).
const { createServer, STATUS_CODES } = process.getBuiltinModule("node:http");

/** Largest body by default, bytes: what an HTTP API takes (10 MB). */
const defaultMaxBody = 10 * 1024 * 1024;
/** Bytes of a request line and its headers together (431), and of the target alone (414). */
const maxHeader = 32_768;
const maxUrl = 16_384;

/** How to listen. */
export interface ListenOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** The flag that the user sets the port with, for the error: `--port`. */
  readonly portFlag?: string;
  /** Host names besides the loopback ones, from `--host`. */
  readonly hosts?: readonly string[];
  /** `left` tells when the client leaves before the answer is out. */
  readonly handle: (request: WireRequest, left: ClientLeft) => Promise<WireResponse>;
  /** Bytes; a longer body is answered 413. Default 10 MB. */
  readonly maxBody?: number;
  /** Reads bodies in place of the server, as they come; undefined is one that is too long. What it gives is the request's body. */
  readonly read?: (message: IncomingMessage, limit: number) => Promise<Uint8Array | undefined>;
  /** Milliseconds in which the headers must be here, else 408. Default 15,000. */
  readonly headersMs?: number;
  /** Milliseconds in which the whole request must be here, else 408. Default 300,000. */
  readonly requestMs?: number;
  /** Bytes of request line and headers; a longer head is answered 431. Default 32 KB. */
  readonly maxHead?: number;
  /** Trailers (lower-case) that become headers; others are dropped (RFC 9110 section 6.5.1). */
  readonly trailers?: readonly string[];
  /** Milliseconds that a connection may idle between requests; 0 is for ever. Default 5000. */
  readonly keepAliveMs?: number;
  /** Gets what `handle` or a response stream threw; the client got a bare 500 or a cut connection. */
  readonly onError?: (error: unknown, request: WireRequest) => void;
  /** Takes an upgrade over; called only once Host and Origin are checked. Without it every WebSocket is refused. */
  readonly upgrade?: (message: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** Thrown by `handle` to reset the connection without an answer, as a network does; it is nobody's error. */
export class ConnectionDropped extends Error {
  constructor() {
    super("the connection is to be dropped");
    this.name = "ConnectionDropped";
  }
}

/** A server that listens. */
export interface Listener {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Stops and cuts every connection at once. */
  close(): Promise<void>;
}

const noBody = new Uint8Array();

/** Sends an answer of the server's own and closes the connection, whose rest is not to be trusted. */
async function refuse(answer: WireResponse, message: IncomingMessage, out: ServerResponse): Promise<void> {
  out.shouldKeepAlive = false;
  await writeResponse(answer, message.method ?? "GET", out, watchClient(out));
}

const tooLarge = (): WireResponse => jsonAnswer(413, { error: "Payload Too Large" });

/** The request as it came, or the answer when there is none to be made of it. */
async function receive(
  message: IncomingMessage,
  out: ServerResponse,
  port: number,
  options: ListenOptions,
): Promise<WireRequest | { refused: WireResponse }> {
  const headers = wireHeaders(message);
  const stranger = checkHost({ headers }, options.hosts);
  if (stranger) return { refused: stranger };
  if ((message.url?.length ?? 0) > maxUrl) return { refused: jsonAnswer(414, { error: "URI Too Long" }) };
  const target = originForm(message.url ?? "");
  if (target === undefined) return { refused: jsonAnswer(400, { error: "Bad Request" }) };
  const framing = framingRefusal(message);
  if (framing !== undefined) return { refused: jsonAnswer(framing, { error: STATUS_CODES[framing] }) };
  const maxBody = options.maxBody ?? defaultMaxBody;
  // RFC 9110 section 10.1.1: HTTP/1.0 knows no such thing.
  if (message.headers.expect !== undefined && message.httpVersionMinor > 0) {
    // The client waits for leave, so a long body need never be sent.
    if (Number(message.headers["content-length"] ?? 0) > maxBody) return { refused: tooLarge() };
    out.writeContinue();
  }
  const body = hasBody(message) ? await (options.read ?? readBody)(message, maxBody) : noBody;
  if (body === undefined) return { refused: tooLarge() };
  return {
    method: message.method ?? "GET",
    target,
    headers: withTrailers(withoutHopByHop(headers), message, options.trailers),
    body,
    clientAddress: message.socket.remoteAddress ?? "127.0.0.1",
    scheme: "http",
    port,
  };
}

/** One exchange, from the guard to the last byte; never rejects. */
async function exchange(message: IncomingMessage, out: ServerResponse, port: number, options: ListenOptions): Promise<void> {
  const left = watchClient(out);
  let request: WireRequest | undefined;
  try {
    const received = await receive(message, out, port, options);
    if ("refused" in received) return await refuse(received.refused, message, out);
    request = received;
    await writeResponse(await options.handle(request, left), request.method, out, left);
  } catch (error) {
    if (error instanceof ConnectionDropped) return void message.socket.resetAndDestroy();
    // Without a request the client left or broke off while it was read.
    if (request && !left.happened) options.onError?.(error, request);
    if (out.headersSent || left.happened || !request) out.destroy();
    else await refuse(jsonAnswer(500, { error: "Internal Server Error" }), message, out).catch(() => void out.destroy());
  }
}

/** Refuses on a bare socket: node hands an upgrade over without a response object. */
function refuseUpgrade(socket: Duplex, answer: WireResponse, more: string): void {
  const head = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}`, ...answer.headers.map(([name, value]) => `${name}: ${value}`)];
  socket.write(`${head.join("\r\n")}\r\n${more}connection: close\r\n\r\n`);
  socket.end(answer.body);
}

/** Host first, then Origin, then whether anyone wants it. */
function onUpgrade(message: IncomingMessage, socket: Duplex, head: Buffer, options: ListenOptions): void {
  socket.on("error", () => socket.destroy());
  const request = { headers: wireHeaders(message) };
  const refused = checkHost(request, options.hosts) ?? checkUpgrade(request);
  if (refused) refuseUpgrade(socket, refused, "");
  else if (options.upgrade) options.upgrade(message, socket, head);
  else refuseUpgrade(socket, jsonAnswer(426, { error: "No upgrade is served here" }), "upgrade: HTTP/1.1\r\n");
}

/** Binds to 127.0.0.1 alone. */
async function bind(server: Server, { port, portFlag = "--port" }: ListenOptions): Promise<number> {
  const bound = Promise.withResolvers<void>();
  server.once("error", bound.reject);
  server.listen({ port, host: "127.0.0.1" }, bound.resolve);
  try {
    await bound.promise;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      throw new UserError("PORT_IN_USE", `port ${port} is in use`, `stop what uses it, or take another port with ${portFlag} ${port + 1}`, {
        cause,
      });
    }
    if (code === "EACCES")
      throw new UserError("PORT_FORBIDDEN", `port ${port} may not be opened`, `take a port above 1023 with ${portFlag}`, { cause });
    throw cause;
  }
  server.off("error", bound.reject);
  return (server.address() as AddressInfo).port;
}

/** Serves on 127.0.0.1. Rejects with UserError PORT_IN_USE or PORT_FORBIDDEN. */
export async function listen(options: ListenOptions): Promise<Listener> {
  // Host is checked by the guard, which answers 403 where node would 400. Ignoring other upgrades (h2c) is RFC 9110 section 7.8.
  const shouldUpgradeCallback = (message: IncomingMessage): boolean => message.headers.upgrade?.toLowerCase() === "websocket";
  const { headersMs = 15_000, requestMs = 300_000 } = options;
  const server = createServer({
    requireHostHeader: false,
    keepAliveTimeout: options.keepAliveMs ?? 5000,
    maxHeaderSize: options.maxHead ?? maxHeader,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: Math.min(5000, Math.ceil(headersMs / 2), Math.ceil(requestMs / 2)),
    // Most requests have no body: to begin and throw away a stream for it costs 1.5 µs (docs/decisions/013).
    optimizeEmptyRequests: true,
    ...{ shouldUpgradeCallback },
  });
  beStrict(server);
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
