/** The entry `portico/node`: adapts `fetch` to node:http, or serves it. */
import type { RequestListener } from "node:http";
import type { Fetch } from "../runtime/route-function.ts";
import { createAdapter, type NodeOptions } from "./listener.ts";

export type { Access, NodeOptions } from "./listener.ts";
export type { ProxyHeaders, TrustProxy } from "./trust-proxy.ts";
export { type NodeServer, serve, type ServeOptions } from "./server.ts";

/**
 * Adapts `fetch` (a Portico app's, a Hono app's, or your own) to `http.createServer`. It does not wait for background
 * work, which `serve` does.
 */
export const toNode = (fetch: Fetch, options: NodeOptions = {}): RequestListener =>
  createAdapter(fetch, options).listener;
