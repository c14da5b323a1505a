/** Adapts a fetch to node:http: the portable interface in, a request listener with its background work out. */
import type { IncomingMessage, RequestListener } from "node:http";
import { getRequestListener, RequestError } from "@hono/node-server";
import { errorResponse, type Fetch } from "../runtime/function.ts";
import type { Call, Env } from "../runtime/handler.ts";
import { problem } from "../runtime/problem.ts";
import { canonical } from "../runtime/workers.ts";

/** How requests become calls. */
export interface NodeOptions {
  /** What handlers see as `context.env`: all of it and nothing else. Default: nothing. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Take the client's address, scheme and host from X-Forwarded-For (its last entry), -Proto and -Host. Only behind a proxy that
   * sets them itself: anybody can send these headers. Default false.
   */
  readonly trustProxy?: boolean;
  /** Gets what background work (`waitUntil`) was rejected with. Default: a process warning. */
  readonly onError?: (error: unknown, requestId: string) => void;
}

/** A listener that knows what it has begun. */
export interface NodeAdapter {
  readonly listener: RequestListener;
  /** Resolves when no background work is left. */
  drain(): Promise<void>;
}

const warn = (error: unknown, requestId: string): void =>
  process.emitWarning(`background work of request ${requestId} failed: ${String(error)}`, {
    type: "PorticoError",
    detail: (error as Error)?.stack ?? "",
  });

/** The adapter behind `toNode` and `serve`. A request that is no valid HTTP, or whose path has a malformed escape, is answered 400. */
export function createAdapter(fetch: Fetch, options: NodeOptions = {}): NodeAdapter {
  const { env = {}, trustProxy = false, onError = warn } = options;
  const work = new Set<Promise<void>>();
  const answer = async (given: Request, incoming: IncomingMessage): Promise<Response> => {
    const requestId = crypto.randomUUID();
    const call: Call = {
      env: env as Env,
      requestId,
      clientAddress: clientAddress(incoming, trustProxy),
      platform: { name: "node" },
      waitUntil: (promise) => {
        const settled: Promise<void> = promise
          .then(
            () => {},
            (error: unknown) => onError(error, requestId),
          )
          .finally(() => work.delete(settled));
        work.add(settled);
      },
    };
    let request: Request;
    try {
      request = canonical(trustProxy ? forwarded(given) : given);
    } catch (error) {
      if (error instanceof URIError) return problem(400, "Bad Request");
      throw error;
    }
    try {
      return withoutBody(await fetch(request, call), request.method);
    } catch (error) {
      return errorResponse(error, call);
    }
  };
  // RequestError: no Host, a backslash in the path, a target that is no URL.
  const errorHandler = (error: unknown): Response =>
    problem(error instanceof RequestError ? 400 : 500, error instanceof RequestError ? "Bad Request" : "Internal Server Error");
  const listen = getRequestListener((request, { incoming }) => answer(request, incoming as IncomingMessage), {
    overrideGlobalObjects: false,
    errorHandler,
  });
  return {
    listener: (incoming, outgoing) => void listen(incoming, outgoing),
    drain: async () => {
      while (work.size) await Promise.all(work);
    },
  };
}

/** RFC 9110 section 9.3.2: a HEAD answer has no content, whoever made it. */
function withoutBody(response: Response, method: string): Response {
  if (method !== "HEAD" || !response.body) return response;
  void response.body.cancel();
  return new Response(null, response);
}

/** The socket's, in IPv4 form where it is one (RFC 4291 section 2.5.5.2); of a trusted proxy's list the last entry, which the proxy itself wrote. */
function clientAddress(incoming: IncomingMessage, trustProxy: boolean): string | undefined {
  const header = trustProxy ? incoming.headers["x-forwarded-for"] : undefined;
  const last = String(header ?? "")
    .split(",")
    .at(-1)
    ?.trim();
  return last || incoming.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, "");
}

/** The request at the URL that the proxy was asked for; a value that is no scheme or host is ignored. */
function forwarded(request: Request): Request {
  const last = (name: string): string => request.headers.get(name)?.split(",").at(-1)?.trim() ?? "";
  const url = new URL(request.url);
  const before = url.href;
  const [scheme, host] = [last("x-forwarded-proto"), last("x-forwarded-host")];
  const origin = `${/^https?$/.test(scheme) ? scheme : url.protocol.slice(0, -1)}://${/^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i.test(host) ? host : url.host}`;
  const after = URL.parse(origin + before.slice(url.origin.length));
  return after && after.href !== before ? new Request(after, request) : request;
}
