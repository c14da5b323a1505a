/** The dev matcher: patterns in order of precedence and a canonical path in, the route and its decoded params out. */
import { canonicalSegment } from "./pattern.ts";
import type { ExpandedRoute } from "./precedence.ts";
import type { Route, Segment } from "./route.ts";

/** A route, and its params decoded once. */
export interface Match<R extends Route = Route> {
  readonly route: R;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * @param ordered from `expandRoutes`
 * @param path canonical (runtime/path.ts), without a query
 */
export function matchRoutes<R extends Route>(ordered: readonly ExpandedRoute<R>[], path: string): Match<R> | undefined {
  const parts = path === "/" ? [] : path.slice(1).split("/");
  for (const { segments, route } of ordered) {
    const params = matchSegments(segments, parts);
    if (params) return { route, params };
  }
  return undefined;
}

function matchSegments(segments: readonly Segment[], parts: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const part = parts[index];
    if (!part) return undefined;
    if (segment.kind === "static") {
      if (part !== canonicalSegment(segment.value)) return undefined;
    } else if (segment.kind === "param") params[segment.name] = decodeURIComponent(part);
    else return { ...params, [segment.name]: decodeURIComponent(parts.slice(index).join("/")) };
  }
  return parts.length === segments.length ? params : undefined;
}
