/** The production server on Node: a fetch and a port in, a listening server that shuts down without cutting anybody off out. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { UserError } from "../model/user-error.ts";
import type { Fetch } from "../runtime/function.ts";
import { createAdapter, type NodeAdapter, type NodeOptions } from "./listener.ts";
import { refuse } from "./send.ts";
import { beStrict, framingRefusal } from "./strict.ts";

// Not imported: a module's namespace reads every export, and node:http's getters load its fetch implementation (18 ms).
const { createServer } = process.getBuiltinModule("node:http");

/** What a client may take of us. */
export interface ServerLimits {
  /** Bytes of a request line and its headers together; more is 431. Default 32 KB. */
  readonly maxHeader?: number;
  /** Bytes of a request's target; more is 414. Default 16 KB. */
  readonly maxUrl?: number;
  /** Bytes of a body; more is 413. Default 10 MB, what an HTTP API takes. */
  readonly maxBody?: number;
  /** Milliseconds in which the headers must be here, else 408. Default 15,000. */
  readonly headersMs?: number;
  /** Milliseconds in which the whole request must be here, else 408. Default 300,000. */
  readonly requestMs?: number;
  /** Milliseconds in which a client must take some of an answer that waits for it, else it is cut off. Default 60,000. */
  readonly answerMs?: number;
  /** Milliseconds that a connection may idle between requests: longer than the proxy keeps it, so that the proxy ends it. Default 75,000. */
  readonly keepAliveMs?: number;
}

/** What to serve, and where. */
export interface ServeOptions extends NodeOptions, ServerLimits {
  readonly fetch: Fetch;
  /** 0 takes a free one. */
  readonly port: number;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** Milliseconds that `close` waits for running requests and background work. Default 10,000. */
  readonly graceMs?: number;
}

/** A server that listens. */
export interface NodeServer {
  readonly port: number;
  readonly url: string;
  /** Takes no more requests, lets those that run end, then waits for background work; cuts both off after the grace. */
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

/** node:http with the limits set; what breaks HTTP itself it answers 400, 408 or 431 and closes. */
function createLimited({ maxHeader, headersMs, requestMs, keepAliveMs }: Required<ServerLimits>): Server {
  return createServer({
    maxHeaderSize: maxHeader,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
    // Most requests have no body: to begin and throw away a stream for it costs 1.5 µs (docs/decisions/013).
    optimizeEmptyRequests: true,
    connectionsCheckingInterval: Math.min(5000, Math.ceil(headersMs / 2), Math.ceil(requestMs / 2)),
  });
}

/** Rejects with UserError PORT_IN_USE or PORT_FORBIDDEN. */
export async function serve(options: ServeOptions): Promise<NodeServer> {
  const { fetch, host = "127.0.0.1", graceMs = 10_000 } = options;
  const limits: Required<ServerLimits> = { ...defaults, ...given(options) };
  const adapter = createAdapter(fetch, { ...options, maxBody: limits.maxBody, answerMs: limits.answerMs });
  const server = createLimited(limits);
  beStrict(server);
  let closing = false;
  const take = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    if (closing) outgoing.setHeader("connection", "close");
    if ((incoming.url?.length ?? 0) > limits.maxUrl) refuse(outgoing, 414, "URI Too Long");
    else adapter.listener(incoming, outgoing);
  };
  server.on("request", take);
  server.on("checkContinue", (incoming: IncomingMessage, outgoing: ServerResponse) => {
    // RFC 9110 section 10.1.1: who waits for leave need never send what is refused.
    if (Number(incoming.headers["content-length"] ?? 0) > limits.maxBody) return refuse(outgoing, 413, "Payload Too Large");
    // What is refused as it stands needs no body, either.
    if (framingRefusal(incoming) === undefined) outgoing.writeContinue();
    take(incoming, outgoing);
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

/** Limits that were given; an absent one must not hide its default. */
const given = (options: ServerLimits): ServerLimits =>
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
  // A kept-alive connection that ends its answer now would keep the server open.
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
      throw new UserError("PORT_IN_USE", `port ${port} is in use`, `stop what uses it, or take another port with --port ${port + 1}`, {
        cause,
      });
    if (code === "EACCES")
      throw new UserError("PORT_FORBIDDEN", `port ${port} may not be opened`, "take a port above 1023 with --port", { cause });
    if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
      throw new UserError(
        "HOST_UNKNOWN",
        `${host} is no address of this machine`,
        "give --host an address of this machine, such as 0.0.0.0",
        { cause },
      );
    throw cause;
  }
  server.off("error", bound.reject);
  return server.address() as AddressInfo;
}
