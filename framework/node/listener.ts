/** Adapts a fetch to node:http: the portable interface in, a request listener with its background work out. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { getRequestListener, RequestError } from "@hono/node-server";
import { errorResponse, type Fetch } from "../runtime/function.ts";
import type { Call, Env } from "../runtime/handler.ts";
import { canonicalPath } from "../runtime/path.ts";
import { announcesTooMuch, boundBody } from "./body-limit.ts";
import { refuse, refuseBody, send } from "./send.ts";
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

/** What a request carries until it is answered. On the answer itself: a WeakMap's garbage cost a fifth of the throughput. */
interface Exchange {
  readonly call: Call;
  readonly sent: Sent;
}
const exchange = Symbol("exchange");
type Answering = ServerResponse & { [exchange]?: Exchange };

/** Bytes of body so far, for the access log. */
interface Sent {
  bytes: number;
}

/** Thrown once an answer is written, so that nothing more is written for it. */
const answered = new Error("answered");

/** The adapter behind `toNode` and `serve`. A request that is no valid HTTP, or whose path has a malformed escape, is answered 400. */
export function createAdapter(fetch: Fetch, options: NodeOptions = {}): NodeAdapter {
  const { env = {}, maxBody = Number.POSITIVE_INFINITY, onError = warn, onAccess } = options;
  const originOf = createTrust(options.trustProxy ?? false, options.proxyHeaders);
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
  const answer = async (request: Request, incoming: IncomingMessage, out: ServerResponse): Promise<never> => {
    const { call, sent } = (out as Answering)[exchange]!;
    let response: Response;
    try {
      response = await fetch(request, call);
      void response.status;
    } catch (error) {
      // What failed is that the client left, and nobody is there to hear of it.
      if (out.destroyed || incoming.errored) throw answered;
      response = errorResponse(error, call);
    }
    sent.bytes = await send(response, request.method, out, (error) => onError(error, call.requestId));
    throw answered;
  };
  const respond = getRequestListener(
    (request, { incoming, outgoing }) => answer(request, incoming as IncomingMessage, outgoing as ServerResponse),
    {
      overrideGlobalObjects: false,
      // No Host, a Host or target that makes no URL: the rest of the connection may not be what it seems.
      errorHandler: (error) => (error === answered ? undefined : badRequest(error)),
    },
  );
  const listener = (incoming: IncomingMessage, out: ServerResponse): void => {
    const target = incoming.url ?? "";
    const origin = originOf(incoming);
    const requestId = randomUUID();
    const sent: Sent = { bytes: 0 };
    if (onAccess) tellAccess(incoming, out, { target, requestId, onAccess, sent, clientAddress: origin.clientAddress ?? "" });
    const url = urlOf(incoming, origin);
    if (url === undefined || hasTwoHosts(incoming)) return refuse(out, 400, "Bad Request");
    if (announcesTooMuch(incoming, maxBody)) return refuseBody(incoming, out);
    boundBody(incoming, maxBody, () => refuseBody(incoming, out));
    incoming.url = url;
    const { clientAddress } = origin;
    const call: Call = { env: env as Env, requestId, clientAddress, platform: node, waitUntil: (promise) => waitUntil(promise, requestId) };
    (out as Answering)[exchange] = { call, sent };
    void respond(incoming, out);
  };
  return {
    listener,
    drain: async () => {
      while (work.size) await Promise.all(work);
    },
  };
}

const node = { name: "node" } as const;

/** RFC 9112 section 3.2: which of them the request is for, nobody knows. */
function hasTwoHosts({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]!.length === 4 && rawHeaders[at]!.toLowerCase() === "host") hosts++;
  return hosts > 1;
}

const badRequest = (error: unknown): Response =>
  Response.json(
    { error: error instanceof RequestError ? "Bad Request" : "Internal Server Error" },
    { status: error instanceof RequestError ? 400 : 500 },
  );

/** Needs no work: no escape, no dot segment, nothing that a URL would write in another way. */
const canonicalAlready = /^\/(?:[\w~!$&'()*+,;=:@-]|\.(?!\.?(?:\/|\?|$))|\/(?!\.))*(?:\?[\w~!$&'()*+,;=:@/?.%-]*)?$/;

/** The target that the handler's URL is made of, absolute where a proxy named another origin; undefined for what is no request. */
function urlOf({ url = "", headers }: IncomingMessage, { scheme, host }: Origin): string | undefined {
  const target = canonicalAlready.test(url) ? url : canonicalTarget(url);
  if (target === undefined || (scheme === undefined && host === undefined) || !target.startsWith("/")) return target;
  return URL.parse(`${scheme ?? "http"}://${host ?? headers.host}${target}`)?.href;
}

function canonicalTarget(target: string): string | undefined {
  const absolute = /^https?:\/\//i.test(target);
  if (!absolute && !target.startsWith("/")) return undefined;
  const [, path = ""] = /^([^?]*)/.exec(target) ?? [];
  // WHATWG URLs turn it into a slash, so that a front and we would see different paths.
  if (path.includes("\\")) return undefined;
  const url = URL.parse(absolute ? target : `http://host${target}`);
  if (!url) return undefined;
  try {
    const own = canonicalPath(url.pathname) + url.search;
    return absolute ? url.origin + own : own;
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
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
