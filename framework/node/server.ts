/** The production server on Node, with limits for clients and graceful shutdown. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { UserError } from "../model/user-error.ts";
import type { Fetch } from "../runtime/route-function.ts";
import { createAdapter, type NodeAdapter, type NodeOptions } from "./listener.ts";
import { refuse } from "./response-writer.ts";
import { validateHttp, framingRefusal } from "../http/http-validation.ts";

/** Limits for clients. */
export interface ServerLimits {
  /** Bytes of a request line and its headers together; more is 431. Default 32 KB. */
  readonly maxHeader?: number;
  /** Bytes of a request's target; more is 414. Default 16 KB. */
  readonly maxUrl?: number;
  /** Bytes of a body; more is 413. Default 10 MB, what an HTTP API takes. */
  readonly maxBody?: number;
  /** Milliseconds in which the headers must arrive, else 408. Default 15,000. */
  readonly headersMs?: number;
  /** Milliseconds in which the full request must arrive, else 408. Default 300,000. */
  readonly requestMs?: number;
  /**
   * Milliseconds in which a client must read some of its response, else its connection is closed. Default 60,000.
   */
  readonly answerMs?: number;
  /**
   * Milliseconds that a connection may idle between requests; more than the proxy's own limit, so that the proxy closes
   * it. Default 75,000.
   */
  readonly keepAliveMs?: number;
}

/** What to serve, and where. */
export interface ServeOptions extends NodeOptions, ServerLimits {
  readonly fetch: Fetch;
  /** 0 takes a free port. */
  readonly port: number;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** Milliseconds that `close` waits for running requests and background work. Default 10,000. */
  readonly graceMs?: number;
}

/** A running server. */
export interface NodeServer {
  readonly port: number;
  readonly url: string;
  /** Accepts no more requests, and waits for running ones and background work, at most `graceMs`. */
  close(): Promise<void>;
}

const defaults = {
  maxHeader: 32_768,
  maxUrl: 16_384,
  maxBody: 10_485_760,
  headersMs: 15_000,
  requestMs: 300_000,
  answerMs: 60_000,
  keepAliveMs: 75_000,
} as const;

/** Makes a node:http server with the limits; it answers malformed requests with 400, 408 or 431 and closes. */
function createLimited({ maxHeader, headersMs, requestMs, keepAliveMs }: Required<ServerLimits>): Server {
  return createServer({
    maxHeaderSize: maxHeader,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
    // Saves 1.5 µs for requests without a body, which are most (docs/decisions/013).
    optimizeEmptyRequests: true,
    connectionsCheckingInterval: Math.min(5000, Math.ceil(headersMs / 2), Math.ceil(requestMs / 2)),
  });
}

/** Serves `fetch`. Rejects with UserError PORT_IN_USE, PORT_FORBIDDEN or HOST_UNKNOWN. */
export async function serve(options: ServeOptions): Promise<NodeServer> {
  const { fetch, host = "127.0.0.1", graceMs = 10_000 } = options;
  const limits: Required<ServerLimits> = { ...defaults, ...givenLimits(options) };
  const adapter = createAdapter(fetch, { ...options, maxBody: limits.maxBody, answerMs: limits.answerMs });
  const server = createLimited(limits);
  validateHttp(server);
  let closing = false;
  const handle = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    if (closing) outgoing.setHeader("connection", "close");
    if ((incoming.url?.length ?? 0) > limits.maxUrl) refuse(outgoing, 414, "URI Too Long");
    else adapter.listener(incoming, outgoing);
  };
  server.on("request", handle);
  server.on("checkContinue", (incoming: IncomingMessage, outgoing: ServerResponse) => {
    // A client that waits for 100 Continue need not send a refused body (RFC 9110 section 10.1.1).
    if (adapter.announcesTooMuch(incoming)) return refuse(outgoing, 413, "Payload Too Large");
    // A request with ambiguous framing is refused without its body.
    if (framingRefusal(incoming) === undefined) outgoing.writeContinue();
    handle(incoming, outgoing);
  });
  const { port } = await bind(server, options.port, host);
  return {
    port,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    close: () => {
      closing = true;
      return shutdown(server, adapter, graceMs);
    },
  };
}

/** The limits that are set: an undefined one must not replace its default. */
const givenLimits = (options: ServerLimits): ServerLimits =>
  Object.fromEntries(
    Object.keys(defaults).flatMap((name) => {
      const value = options[name as keyof ServerLimits];
      return value === undefined ? [] : [[name, value]];
    }),
  );

async function shutdown(server: Server, adapter: NodeAdapter, graceMs: number): Promise<void> {
  const { promise: late, resolve: cut } = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    server.closeAllConnections();
    cut();
  }, graceMs);
  // A keep-alive connection whose response ends now would keep the server open.
  const idle = setInterval(() => server.closeIdleConnections(), 20);
  await new Promise((done) => server.close(done));
  clearInterval(idle);
  await Promise.race([adapter.drain(), late]);
  clearTimeout(timer);
}

async function bind(server: Server, port: number, host: string): Promise<AddressInfo> {
  const bound = Promise.withResolvers<void>();
  server.once("error", bound.reject);
  server.listen({ port, host }, bound.resolve);
  try {
    await bound.promise;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EADDRINUSE")
      throw new UserError(
        "PORT_IN_USE",
        `port ${port} is in use`,
        `Stop what uses it, or take another port with --port ${port + 1}`,
        { cause },
      );
    if (code === "EACCES")
      throw new UserError("PORT_FORBIDDEN", `port ${port} may not be opened`, "Take a port above 1023 with --port", {
        cause,
      });
    if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
      throw new UserError(
        "HOST_UNKNOWN",
        `${host} is no address of this machine`,
        "Give --host an address of this machine, such as 0.0.0.0",
        { cause },
      );
    throw cause;
  }
  server.off("error", bound.reject);
  return server.address() as AddressInfo;
}
