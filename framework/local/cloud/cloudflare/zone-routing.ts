/** Which Worker answers for a zone's URL: routes and custom domains in, a script's name out (docs: routes, matching behaviour). */
import type { Edge } from "./edge.ts";

/** A pattern is a host and a path; `*` stands at the start of the host or at the end of the path. */
interface Pattern {
  readonly host: string;
  readonly path: string;
  readonly scheme: string | undefined;
}

/** Undefined for what is no pattern. */
export function parsePattern(pattern: string): Pattern | undefined {
  const parts = /^(?:(https?|\*):\/\/)?([^/?#]+)(\/[^?#]*)?$/.exec(pattern);
  if (!parts) return undefined;
  const [, scheme, host = "", path = "/"] = parts;
  if (!/^(?:\*\.?)?[a-z0-9.-]+$/.test(host) || path.slice(0, -1).includes("*")) return undefined;
  return { host, path, scheme };
}

function matches({ host, path, scheme }: Pattern, url: URL): boolean {
  const isHost = host.startsWith("*.")
    ? url.hostname.endsWith(host.slice(1))
    : host.startsWith("*")
      ? url.hostname.endsWith(host.slice(1))
      : url.hostname === host;
  const isPath = path.endsWith("*") ? url.pathname.startsWith(path.slice(0, -1)) : url.pathname === path;
  return isHost && isPath && (scheme === undefined || scheme === "*" || `${scheme}:` === url.protocol);
}

/** The most specific route wins, a literal host before a wildcard, the longer path first; a custom domain takes what no route has. */
export function scriptForUrl(url: URL, { state }: Pick<Edge, "state">): string | undefined {
  const found = state.routes
    .all()
    .flatMap((route) => {
      const pattern = parsePattern(route.pattern);
      return pattern && matches(pattern, url) ? [{ route, pattern }] : [];
    })
    .toSorted((left, right) => weight(right.pattern) - weight(left.pattern));
  if (found[0]) return found[0].route.script ?? undefined;
  return state.domains.all().find(({ hostname }) => hostname === url.hostname)?.service;
}

function weight({ host, path }: Pattern): number {
  return (host.startsWith("*") ? 0 : 1_000_000) + host.length * 1000 + (path.endsWith("*") ? path.length - 1 : path.length);
}

/** Hosts that requests may name, for the guard of the ports; those of wildcard routes cannot be listed. */
export function knownHosts({ state }: Pick<Edge, "state">): readonly string[] {
  const routed = state.routes.all().flatMap(({ pattern }) => parsePattern(pattern)?.host ?? []);
  return [...routed.filter((host) => !host.startsWith("*")), ...state.domains.all().map(({ hostname }) => hostname)];
}
