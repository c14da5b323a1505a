/** Adapts `fetch` to a request listener of node:http. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { errorResponse } from "../runtime/error-response.ts";
import { isUploadPath, pathOf } from "../runtime/path.ts";
import type { Fetch } from "../runtime/route-function.ts";
import type { Call, Env, Platform } from "../runtime/handler.ts";
import { exceedsLimit, limitBody } from "./body-limit.ts";
import { canonicalTarget, originOf } from "../http/canonical-target.ts";
import { toRequest } from "../http/to-request.ts";
import { fail, refuse, refuseBody, send, type SendOptions } from "./response-writer.ts";
import { framingRefusal, withoutRequest } from "../http/http-validation.ts";
import { createTrust, type Origin, type ProxyHeaders, type TrustProxy } from "./trust-proxy.ts";

/** One request and its response, for the access log. */
export interface Access {
  /** When the request arrived. */
  readonly time: Date;
  readonly clientAddress: string;
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly status: number;
  /** Bytes of body that were sent. */
  readonly bytes: number;
  /** From the request to the last byte of the response. */
  readonly durationMs: number;
  readonly requestId: string;
  /** Whether the client disconnected before the end. */
  readonly aborted: boolean;
}

/** How to call `fetch`. */
export interface NodeOptions {
  /** `context.env` of handlers. Default: empty. */
  readonly env?: Readonly<Record<string, string>>;
  /** Folder of the app's data, such as its store; made when it is first needed. Default: none, and so no store. */
  readonly data?: string;
  /**
   * The proxies whose headers give the client's address, scheme and host. Trust only proxies that set these headers,
   * since any client can send them. Default: none.
   */
  readonly trustProxy?: TrustProxy;
  /** Default `x-forwarded`: X-Forwarded-For, -Proto and -Host. */
  readonly proxyHeaders?: ProxyHeaders;
  /** Bytes; a longer body is answered 413. Default: no limit. */
  readonly maxBody?: number;
  /** Whether `fetch` receives the upload forms of portico/files, which have limits of their own. Default: false. */
  readonly uploadForms?: boolean;
  /**
   * Milliseconds in which a client must read some of its response, else its connection is closed. Default: no limit.
   */
  readonly answerMs?: number;
  /** Called once per request, after its response. */
  readonly onAccess?: (access: Access) => void;
  /**
   * Called with errors of background work (`waitUntil`), and of responses that could not be sent. Default: a process
   * warning.
   */
  readonly onError?: (error: unknown, requestId: string) => void;
}

/** A request listener, and its background work. */
export interface NodeAdapter {
  readonly listener: RequestListener;
  /** Whether the body that a request announces is too large. */
  announcesTooMuch(incoming: IncomingMessage): boolean;
  /** Resolves when all background work has settled. */
  drain(): Promise<void>;
}

const warn = (error: unknown, requestId: string): void =>
  process.emitWarning(`work of request ${requestId} failed: ${String(error)}`, {
    type: "PorticoError",
    detail: (error as Error)?.stack ?? "",
  });

/** The bytes of body that were sent. */
interface ByteCount {
  bytes: number;
}

/**
 * Makes the adapter of `toNode` and `serve`. It answers 400 to a request that is no valid HTTP, or whose path has a
 * malformed escape.
 */
export function createAdapter(fetch: Fetch, options: NodeOptions = {}): NodeAdapter {
  const { env = {}, data, maxBody = Number.POSITIVE_INFINITY, uploadForms, onError = warn, onAccess } = options;
  const platform: Platform = { name: "node", ...(data !== undefined && { data }) };
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
  const limitOf = ({ method }: IncomingMessage, url: string): number =>
    uploadForms && method === "POST" && isUploadPath(pathOf(url)) ? Number.POSITIVE_INFINITY : maxBody;
  const listener = (incoming: IncomingMessage, out: ServerResponse): void => {
    const target = incoming.url ?? "";
    const origin = trust(incoming);
    const requestId = randomUUID();
    const sent: ByteCount = { bytes: 0 };
    if (onAccess)
      logAccess(incoming, out, { target, requestId, onAccess, sent, clientAddress: origin.clientAddress ?? "" });
    const url = urlOf(incoming, origin);
    // A Request cannot have these methods, so that no target runs a function for them.
    if (withoutRequest.has(incoming.method ?? "")) return refuse(out, 405, "Method Not Allowed");
    if (url === undefined || hasTwoHosts(incoming)) return refuse(out, 400, "Bad Request");
    const framing = framingRefusal(incoming);
    if (framing !== undefined) return refuse(out, framing, framing === 400 ? "Bad Request" : "Not Implemented");
    const most = limitOf(incoming, url);
    if (exceedsLimit(incoming, most)) return refuseBody(incoming, out);
    limitBody(incoming, most, () => refuseBody(incoming, out));
    const { clientAddress } = origin;
    const call: Call = {
      env: env as Env,
      requestId,
      clientAddress,
      platform,
      waitUntil: (promise) => waitUntil(promise, requestId),
    };
    answer(fetch, incoming, out, new Exchange(url, call, sent, options));
  };
  return {
    listener,
    announcesTooMuch(incoming) {
      const url = urlOf(incoming, trust(incoming));
      return exceedsLimit(incoming, url === undefined ? maxBody : limitOf(incoming, url));
    },
    drain: async () => {
      while (work.size) await Promise.all(work);
    },
  };
}

/**
 * Calls `fetch` and sends its response, without a promise if `fetch` is synchronous: that would double the time here.
 */
function answer(fetch: Fetch, incoming: IncomingMessage, out: ServerResponse, exchange: Exchange): void {
  const sendResponse = (response: Response): void => {
    const bytes = send(response, incoming.method ?? "GET", out, exchange);
    if (typeof bytes === "number") exchange.sent.bytes = bytes;
    else void bytes.then((all) => (exchange.sent.bytes = all));
  };
  const failed = (error: unknown): void => {
    // The client disconnected, which is no error.
    if (out.destroyed || incoming.errored) return;
    try {
      sendResponse(errorResponse(error, exchange.call));
    } catch (cause) {
      // The error itself throws when it is read.
      fail(cause, out, exchange);
    }
  };
  try {
    const result = fetch(toRequest(incoming, out, exchange.url), exchange.call);
    if (!(result as Partial<Promise<Response>>).then) return sendResponse(result as Response);
    void Promise.resolve(result)
      .then((response) => (void response.status, sendResponse(response)))
      .catch(failed);
  } catch (error) {
    failed(error);
  }
}

/** One request and its call; a class, since it costs less per request than closures and records. */
class Exchange implements SendOptions {
  readonly url: string;
  readonly call: Call;
  readonly sent: ByteCount;
  readonly #options: NodeOptions;

  constructor(url: string, call: Call, sent: ByteCount, options: NodeOptions) {
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

/** Whether there is more than one Host, which makes a request invalid (RFC 9112 section 3.2). */
function hasTwoHosts({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2)
    if (rawHeaders[index]!.length === 4 && rawHeaders[index]!.toLowerCase() === "host") hosts++;
  return hosts > 1;
}

/** The request's URL, with the origin that a trusted proxy gives, else the client; undefined for an invalid target. */
function urlOf(incoming: IncomingMessage, { scheme, host }: Origin): string | undefined {
  const { url = "", headers, socket } = incoming;
  const target = canonicalTarget(url);
  if (!target) return undefined;
  if (!target.startsWith("/")) {
    // The authority of an absolute target overrides Host (RFC 9112 section 3.2.2).
    setHost(incoming, new URL(target).host);
    return target;
  }
  const socketScheme = "encrypted" in socket && socket.encrypted ? "https" : "http";
  const origin = originOf(scheme ?? socketScheme, host ?? headers.host ?? addressOf(incoming));
  return origin && origin + target;
}

/**
 * The local address as host, for a client of HTTP/1.0, such as a health checker, which need not send Host (RFC 9112
 * section 3.3); else empty.
 */
function addressOf({ httpVersionMinor, socket: { localAddress = "", localPort } }: IncomingMessage): string {
  if (httpVersionMinor > 0) return "";
  const address = localAddress.replace(/^::ffff:(?=\d+\.)/, "");
  return `${address.includes(":") ? `[${address}]` : address}:${localPort}`;
}

function setHost({ rawHeaders }: IncomingMessage, host: string): void {
  const index = rawHeaders.findIndex((name, position) => position % 2 === 0 && name.toLowerCase() === "host");
  if (index < 0) rawHeaders.push("Host", host);
  else rawHeaders[index + 1] = host;
}

/** What the access log needs of a request. */
interface AccessContext {
  readonly target: string;
  readonly requestId: string;
  readonly clientAddress: string;
  readonly sent: ByteCount;
  readonly onAccess: (access: Access) => void;
}

function logAccess(
  incoming: IncomingMessage,
  out: ServerResponse,
  { target, requestId, clientAddress, sent, onAccess }: AccessContext,
): void {
  const time = new Date();
  const start = performance.now();
  const { method = "GET" } = incoming;
  out.once("close", () => {
    const { statusCode: status, writableFinished } = out;
    const durationMs = performance.now() - start;
    onAccess({
      time,
      clientAddress,
      method,
      target,
      status,
      bytes: sent.bytes,
      durationMs,
      requestId,
      aborted: !writableFinished,
    });
  });
}
