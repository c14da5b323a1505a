/** Adapts a fetch to node:http: the portable interface in, a request listener with its background work out. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { errorResponse } from "../runtime/error-response.ts";
import type { Fetch } from "../runtime/function.ts";
import type { Call, Env } from "../runtime/handler.ts";
import { announcesTooMuch, boundBody } from "./body-limit.ts";
import { canonicalTarget, originOf } from "./canonical-target.ts";
import { openRequest } from "./open-request.ts";
import { fail, refuse, refuseBody, send, type SendOptions } from "./send.ts";
import { framingRefusal } from "./strict.ts";
import { createTrust, type Origin, type ProxyHeaders, type TrustProxy } from "./trust-proxy.ts";

/** One request, answered. */
export interface Access {
  /** When it came. */
  readonly time: Date;
  readonly clientAddress: string;
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly status: number;
  /** Bytes of body that were sent. */
  readonly bytes: number;
  /** Until the last byte. */
  readonly durationMs: number;
  readonly requestId: string;
  /** True when the client left before the end. */
  readonly aborted: boolean;
}

/** How requests become calls. */
export interface NodeOptions {
  /** What handlers see as `context.env`: all of it and nothing else. Default: nothing. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * The proxies whose word on the client's address, scheme and host is believed. Only those that write these headers
   * themselves: anybody can send them. Default: none.
   */
  readonly trustProxy?: TrustProxy;
  /** Default `x-forwarded`: X-Forwarded-For, -Proto and -Host. */
  readonly proxyHeaders?: ProxyHeaders;
  /** Bytes; a longer body is answered 413. Default: no bound. */
  readonly maxBody?: number;
  /** Milliseconds in which a client must take some of what is there for it, else it is cut off. Default: no bound. */
  readonly answerMs?: number;
  /** Once per request, when its answer is out. */
  readonly onAccess?: (access: Access) => void;
  /** Gets what background work (`waitUntil`) was rejected with, and answers that could not be sent. Default: a process warning. */
  readonly onError?: (error: unknown, requestId: string) => void;
}

/** A listener that knows what it has begun. */
export interface NodeAdapter {
  readonly listener: RequestListener;
  /** Resolves when no background work is left. */
  drain(): Promise<void>;
}

const warn = (error: unknown, requestId: string): void =>
  process.emitWarning(`work of request ${requestId} failed: ${String(error)}`, {
    type: "PorticoError",
    detail: (error as Error)?.stack ?? "",
  });

/** Bytes of body so far, for the access log. */
interface Sent {
  bytes: number;
}

/** The adapter behind `toNode` and `serve`. A request that is no valid HTTP, or whose path has a malformed escape, is answered 400. */
export function createAdapter(fetch: Fetch, options: NodeOptions = {}): NodeAdapter {
  const { env = {}, maxBody = Number.POSITIVE_INFINITY, onError = warn, onAccess } = options;
  const trust = createTrust(options.trustProxy ?? false, options.proxyHeaders);
  const work = new Set<Promise<void>>();
  const waitUntil = (promise: Promise<unknown>, requestId: string): void => {
    const settled: Promise<void> = Promise.resolve(promise)
      .then(
        () => {},
        (error: unknown) => onError(error, requestId),
      )
      .finally(() => work.delete(settled));
    work.add(settled);
  };
  const listener = (incoming: IncomingMessage, out: ServerResponse): void => {
    const target = incoming.url ?? "";
    const origin = trust(incoming);
    const requestId = randomUUID();
    const sent: Sent = { bytes: 0 };
    if (onAccess) tellAccess(incoming, out, { target, requestId, onAccess, sent, clientAddress: origin.clientAddress ?? "" });
    const url = urlOf(incoming, origin);
    // The Web has no Request for these; no target runs a function for them.
    if (withoutRequest.has(incoming.method ?? "")) return refuse(out, 405, "Method Not Allowed");
    if (url === undefined || hasTwoHosts(incoming)) return refuse(out, 400, "Bad Request");
    const framing = framingRefusal(incoming);
    if (framing !== undefined) return refuse(out, framing, framing === 400 ? "Bad Request" : "Not Implemented");
    if (announcesTooMuch(incoming, maxBody)) return refuseBody(incoming, out);
    boundBody(incoming, maxBody, () => refuseBody(incoming, out));
    const { clientAddress } = origin;
    const call: Call = { env: env as Env, requestId, clientAddress, platform: node, waitUntil: (promise) => waitUntil(promise, requestId) };
    answer(fetch, incoming, out, new Exchange(url, call, sent, options));
  };
  return {
    listener,
    drain: async () => {
      while (work.size) await Promise.all(work);
    },
  };
}

/** What is there at once is sent at once: a promise, and the turn that it takes, would cost as much as all else here. */
function answer(fetch: Fetch, incoming: IncomingMessage, out: ServerResponse, exchange: Exchange): void {
  const answered = (response: Response): void => {
    const bytes = send(response, incoming.method ?? "GET", out, exchange);
    if (typeof bytes === "number") exchange.sent.bytes = bytes;
    else void bytes.then((all) => (exchange.sent.bytes = all));
  };
  const failed = (error: unknown): void => {
    // What failed is that the client left, and nobody is there to hear of it.
    if (out.destroyed || incoming.errored) return;
    try {
      answered(errorResponse(error, exchange.call));
    } catch (cause) {
      // An error that fails whoever looks at it.
      fail(cause, out, exchange);
    }
  };
  try {
    const made = fetch(openRequest(incoming, out, exchange.url), exchange.call);
    if (!(made as Partial<Promise<Response>>).then) return answered(made as Response);
    void Promise.resolve(made)
      .then((response) => (void response.status, answered(response)))
      .catch(failed);
  } catch (error) {
    failed(error);
  }
}

/** One request on its way. A class, since to make a closure and three records for each costs what a class does not. */
class Exchange implements SendOptions {
  readonly url: string;
  readonly call: Call;
  readonly sent: Sent;
  readonly #options: NodeOptions;

  constructor(url: string, call: Call, sent: Sent, options: NodeOptions) {
    this.url = url;
    this.call = call;
    this.sent = sent;
    this.#options = options;
  }

  get answerMs(): number | undefined {
    return this.#options.answerMs;
  }

  onError(error: unknown): void {
    (this.#options.onError ?? warn)(error, this.call.requestId);
  }
}

const node = { name: "node" } as const;

const withoutRequest: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

/** RFC 9112 section 3.2: which of them the request is for, nobody knows. */
function hasTwoHosts({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]!.length === 4 && rawHeaders[at]!.toLowerCase() === "host") hosts++;
  return hosts > 1;
}

/** The handler's URL, of the origin that a proxy named or else the client; undefined for what is no request. */
function urlOf({ url = "", headers, socket }: IncomingMessage, { scheme, host }: Origin): string | undefined {
  const target = canonicalTarget(url);
  if (!target?.startsWith("/")) return target;
  const own = "encrypted" in socket && socket.encrypted ? "https" : "http";
  const origin = originOf(scheme ?? own, host ?? headers.host ?? "");
  return origin && origin + target;
}

interface Told {
  readonly target: string;
  readonly requestId: string;
  readonly clientAddress: string;
  readonly sent: Sent;
  readonly onAccess: (access: Access) => void;
}

function tellAccess(incoming: IncomingMessage, out: ServerResponse, { target, requestId, clientAddress, sent, onAccess }: Told): void {
  const time = new Date();
  const start = performance.now();
  const { method = "GET" } = incoming;
  out.once("close", () => {
    const { statusCode: status, writableFinished } = out;
    const durationMs = performance.now() - start;
    onAccess({ time, clientAddress, method, target, status, bytes: sent.bytes, durationMs, requestId, aborted: !writableFinished });
  });
}
