/** The entry `portico/node`: a fetch in, a listener for node:http or a whole server out. */
import type { RequestListener } from "node:http";
import type { Fetch } from "../runtime/function.ts";
import { createAdapter, type NodeOptions } from "./listener.ts";

export type { Access, NodeOptions } from "./listener.ts";
export type { ProxyHeaders, TrustProxy } from "./trust-proxy.ts";
export { type NodeServer, serve, type ServeOptions } from "./serve.ts";

/** Adapts `fetch` (a Portico app, a Hono app's `fetch`, your own) to `http.createServer`. Background work is not waited for; `serve` does. */
export const toNode = (fetch: Fetch, options: NodeOptions = {}): RequestListener => createAdapter(fetch, options).listener;
