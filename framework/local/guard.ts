/** Who may talk to a server on a developer's machine: a request's headers in, a refusal or nothing out. */
import type { WireHeaders, WireResponse } from "../model/wire.ts";

/** What the checks read of a request. */
export interface Guarded {
  readonly headers: WireHeaders;
}

const encoder = new TextEncoder();

/** A small JSON answer of the server's own, never to be sniffed or cached. */
export function jsonAnswer(status: number, body: unknown): WireResponse {
  const headers = [
    ["content-type", "application/json"],
    ["x-content-type-options", "nosniff"],
    ["cache-control", "no-store"],
  ] as const;
  return { status, headers, body: encoder.encode(`${JSON.stringify(body)}\n`) };
}

/** Every value that a header has, in order. */
export function headerValues(headers: WireHeaders, name: string): readonly string[] {
  return headers.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value);
}

// One name or address and perhaps a port (RFC 9110 section 7.2); no userinfo, no space, no list, no empty port.
const hostForm = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?$/;
// RFC 6761 section 6.3: names below "localhost" resolve to loopback and nobody can register them.
const belowLocalhost = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.localhost$/;
const loopback: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** True for 127.0.0.1, localhost, [::1] and *.localhost with any port, and for the names in `hosts`; other spellings are not known. */
export function isAllowedHost(host: string, hosts: readonly string[] = []): boolean {
  const name = hostForm.exec(host.toLowerCase())?.[1];
  if (name === undefined) return false;
  if (loopback.has(name)) return true;
  if (belowLocalhost.test(name)) return true;
  return hosts.some((allowed) => allowed.toLowerCase() === name);
}

/**
 * Refuses (403) a request whose one Host is not this machine, as a page sends it whose name was rebound to 127.0.0.1.
 * A missing or repeated Host is refused too.
 */
export function checkHost(request: Guarded, hosts: readonly string[] = []): WireResponse | undefined {
  const [host, ...more] = headerValues(request.headers, "host");
  if (host !== undefined && more.length === 0 && isAllowedHost(host, hosts)) return undefined;
  return jsonAnswer(403, { error: "This server answers only to loopback host names; start it with --host NAME to allow another" });
}

/**
 * Refuses (403) what a browser sends for a page of another origin to a control API: any Origin at all, and any
 * Sec-Fetch-Site but `none` and `same-origin`. Command-line clients and SDKs send neither.
 */
export function checkControl(request: Guarded): WireResponse | undefined {
  const { headers } = request;
  const origins = headerValues(headers, "origin");
  const foreign = headerValues(headers, "sec-fetch-site").filter((site) => site !== "none" && site !== "same-origin");
  if (origins.length === 0 && foreign.length === 0) return undefined;
  return jsonAnswer(403, { error: "Web pages may not call this API" });
}

/** Refuses (403) an upgrade whose Origin is not the very host it is sent to: browsers let any page open a WebSocket anywhere. */
export function checkUpgrade(request: Guarded): WireResponse | undefined {
  const origins = headerValues(request.headers, "origin");
  const [host] = headerValues(request.headers, "host");
  const own = `http://${host?.toLowerCase()}`;
  if (origins.every((origin) => origin.toLowerCase() === own)) return undefined;
  return jsonAnswer(403, { error: "A page of another origin may not open this connection" });
}
