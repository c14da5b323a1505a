/** The route matcher: finds the route of a canonical path and decodes its params. */
import { canonicalSegment } from "./pattern.ts";
import type { ExpandedRoute } from "./precedence.ts";
import type { Route, Segment } from "./route.ts";

/** A route and its params, decoded once. */
export interface Match<R extends Route = Route> {
  readonly route: R;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * @param ordered from `expandRoutes`
 * @returns the match of a canonical path (runtime/path.ts) without a query
 */
export function createMatcher<R extends Route>(
  ordered: readonly ExpandedRoute<R>[],
): (path: string) => Match<R> | undefined {
  const statics = new Map<string, Match<R>>();
  const others: { readonly parts: readonly Part[]; readonly route: R }[] = [];
  for (const { segments, route } of ordered) {
    const parts = segments.map(toPart);
    // Static text comes before any pattern with a param of the same length.
    if (parts.some(({ kind }) => kind !== "static")) others.push({ parts, route });
    else {
      const path = `/${parts.map(({ name }) => name).join("/")}`;
      if (!statics.has(path)) statics.set(path, { route, params: {} });
    }
  }
  return (path) => {
    const exact = statics.get(path);
    if (exact) return exact;
    const given = path === "/" ? [] : path.slice(1).split("/");
    for (const { parts, route } of others) {
      const params = matchParts(parts, given);
      if (params) return { route, params };
    }
    return undefined;
  };
}

/** A segment whose static text is in canonical form. */
type Part = { readonly kind: Segment["kind"]; readonly name: string };

const toPart = (segment: Segment): Part => ({
  kind: segment.kind,
  name: segment.kind === "static" ? canonicalSegment(segment.value) : segment.name,
});

function matchParts(parts: readonly Part[], given: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (let at = 0; at < parts.length; at++) {
    const { kind, name } = parts[at]!;
    const part = given[at];
    if (!part) return undefined;
    if (kind === "static") {
      if (part !== name) return undefined;
    } else if (kind === "param") params[name] = decodeURIComponent(part);
    else return { ...params, [name]: decodeURIComponent(given.slice(at).join("/")) };
  }
  return parts.length === given.length ? params : undefined;
}

/** The match of one path; see `createMatcher`. */
export const matchRoutes = <R extends Route>(
  ordered: readonly ExpandedRoute<R>[],
  path: string,
): Match<R> | undefined => createMatcher(ordered)(path);
