/** Patterns of routes as regular expression literals, and redirects to routes that differ by a trailing slash. */
import { regexpSource } from "../model/pattern.ts";
import { expandRoutes, isGreedy } from "../model/precedence.ts";
import type { Route, Segment } from "../model/route.ts";

/** Wraps the 404 handler in redirects to routes that differ by a trailing slash; unchanged without routes. */
export function withSlashRedirects(
  routes: readonly Route[],
  notFound: string,
): { readonly lines: readonly string[]; readonly notFound: string } {
  if (routes.length === 0) return { lines: [], notFound };
  const patterns = expandRoutes(routes).filter(({ segments }) => !isGreedy(segments));
  return {
    lines: [`import { redirectSlash } from "portico/runtime/trailing-slash";`],
    notFound: `redirectSlash([${patterns.map(({ segments }) => patternLiteral(segments)).join(", ")}], ${notFound})`,
  };
}

/** A regular expression literal that matches the paths of a pattern. */
export const patternLiteral = (segments: readonly Segment[]): string => regexpLiteral(regexpSource(segments));

/** `RegExp.source` escapes slashes. */
export const regexpLiteral = (source: string): string => `/${new RegExp(source).source}/`;
