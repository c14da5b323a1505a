/** Refuses requests of web pages and of foreign hosts to servers on a developer's machine. */
import { type HttpHeaders, headerValues, type HttpResponse, jsonResponse } from "../model/http-message.ts";

/** The part of a request that the checks read. */
export interface GuardedRequest {
  readonly headers: HttpHeaders;
}

// One name or address, and optionally a port (RFC 9110 section 7.2); no userinfo, no space, no list, no empty port.
const hostForm = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?$/;
// RFC 6761 section 6.3: names below "localhost" resolve to loopback and nobody can register them.
const belowLocalhost = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.localhost$/;
const loopback: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * True for 127.0.0.1, localhost, [::1] and *.localhost with any port, and for the names in `hosts`; other forms of the
 * loopback address are not allowed.
 */
export function isAllowedHost(host: string, hosts: readonly string[] = []): boolean {
  const name = hostForm.exec(host.toLowerCase())?.[1];
  if (name === undefined) return false;
  if (loopback.has(name)) return true;
  if (belowLocalhost.test(name)) return true;
  return hosts.some((allowed) => allowed.toLowerCase() === name);
}

/**
 * Refuses (403) a request whose Host is not this machine, which protects from DNS rebinding. A missing or repeated Host
 * is refused, too.
 */
export function checkHost(request: GuardedRequest, hosts: readonly string[] = []): HttpResponse | undefined {
  const [host, ...more] = headerValues(request.headers, "host");
  if (host !== undefined && more.length === 0 && isAllowedHost(host, hosts)) return undefined;
  return jsonResponse(403, {
    error: "This server answers only to loopback host names; start it with --host NAME to allow another",
  });
}

/**
 * Refuses (403) requests of web pages to a control API: those with any Origin, and with any Sec-Fetch-Site but `none`
 * and `same-origin`. Command-line clients and SDKs send neither.
 */
export function checkControl(request: GuardedRequest): HttpResponse | undefined {
  const { headers } = request;
  const origins = headerValues(headers, "origin");
  const foreign = headerValues(headers, "sec-fetch-site").filter((site) => site !== "none" && site !== "same-origin");
  if (origins.length === 0 && foreign.length === 0) return undefined;
  return jsonResponse(403, { error: "Web pages may not call this API" });
}

/**
 * Refuses (403) an upgrade whose Origin is not the host of the request: browsers let any page open a WebSocket to any
 * host.
 */
export function checkUpgrade(request: GuardedRequest): HttpResponse | undefined {
  const origins = headerValues(request.headers, "origin");
  const [host] = headerValues(request.headers, "host");
  const own = `http://${host?.toLowerCase()}`;
  if (origins.every((origin) => origin.toLowerCase() === own)) return undefined;
  return jsonResponse(403, { error: "A page of another origin may not open this connection" });
}
