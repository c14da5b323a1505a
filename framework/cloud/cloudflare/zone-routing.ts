/** Matches URLs with the routes and custom domains of Workers (docs: routes, matching behaviour). */
import type { CloudflareState } from "./state.ts";

/** A pattern is a host and a path; `*` stands at the start of the host or at the end of the path. */
interface Pattern {
  readonly host: string;
  readonly path: string;
  readonly scheme: string | undefined;
}

/** Undefined for a text that is no pattern. */
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

/**
 * The script of the most specific route: a literal host comes before a wildcard, a longer path before a shorter one.
 * Without a matching route it is the script of the custom domain.
 */
export function scriptForUrl(
  url: URL,
  { routes, domains }: Pick<CloudflareState, "domains" | "routes">,
): string | undefined {
  const found = routes
    .all()
    .flatMap((route) => {
      const pattern = parsePattern(route.pattern);
      return pattern && matches(pattern, url) ? [{ route, pattern }] : [];
    })
    .toSorted((left, right) => specificity(right.pattern) - specificity(left.pattern));
  if (found[0]) return found[0].route.script ?? undefined;
  return domains.all().find(({ hostname }) => hostname === url.hostname)?.service;
}

function specificity({ host, path }: Pattern): number {
  return (
    (host.startsWith("*") ? 0 : 1_000_000) + host.length * 1000 + (path.endsWith("*") ? path.length - 1 : path.length)
  );
}

/** The hosts of routes and custom domains, which the ports let in; those of wildcard routes cannot be listed. */
export function knownHosts({ routes, domains }: Pick<CloudflareState, "domains" | "routes">): readonly string[] {
  const routed = routes.all().flatMap(({ pattern }) => parsePattern(pattern)?.host ?? []);
  return [...routed.filter((host) => !host.startsWith("*")), ...domains.all().map(({ hostname }) => hostname)];
}
