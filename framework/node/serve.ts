/** The production server on Node: a fetch and a port in, a listening server that shuts down without cutting anybody off out. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { UserError } from "../model/user-error.ts";
import type { Fetch } from "../runtime/function.ts";
import { createAdapter, type NodeAdapter, type NodeOptions } from "./listener.ts";

/** What to serve, and where. */
export interface ServeOptions extends NodeOptions {
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

/** Rejects with UserError PORT_IN_USE or PORT_FORBIDDEN. */
export async function serve(options: ServeOptions): Promise<NodeServer> {
  const { fetch, host = "127.0.0.1", graceMs = 10_000 } = options;
  const adapter = createAdapter(fetch, options);
  let closing = false;
  const server = createServer((incoming, outgoing) => {
    // A kept-alive connection that ends its answer while the server closes would keep it open.
    outgoing.once("close", () => closing && setImmediate(() => server.closeIdleConnections()));
    if (closing) outgoing.setHeader("connection", "close");
    adapter.listener(incoming, outgoing);
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

async function shutdown(server: Server, adapter: NodeAdapter, graceMs: number): Promise<void> {
  const { promise: late, resolve: cut } = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    server.closeAllConnections();
    cut();
  }, graceMs);
  await new Promise((done) => server.close(done));
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
