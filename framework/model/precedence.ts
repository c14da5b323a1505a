/** The order in which routes match, on every target: the precedence of an HTTP API's route keys. */
import { displayPattern, shape } from "./pattern.ts";
import type { Route, Segment } from "./route.ts";
import { UserError } from "./user-error.ts";

/** A pattern without an optional part, and its route. */
export interface ExpandedRoute<R extends Route = Route> {
  readonly segments: readonly Segment[];
  readonly route: R;
}

/**
 * Fixed-length patterns come before greedy ones. Between fixed ones of equal length the leftmost static segment wins;
 * of greedy ones the longer prefix. `[[...rest]]` is two patterns (docs/decisions/001): its base, fixed, and its greedy
 * one; a route with the same shape replaces either. Throws UserError ROUTE_CONFLICT where two routes
 * have one pattern, and where AWS does not define which of two wins ("Working with routes for HTTP APIs", API Gateway
 * developer guide).
 */
export function expandRoutes<R extends Route>(routes: readonly R[]): readonly ExpandedRoute<R>[] {
  const owners = new Map<string, R>();
  for (const route of routes) claim(owners, route);
  const keyed = routes.flatMap((route) => expand(route, owners)).map((one) => ({ one, key: sortKeyOf(one.segments) }));
  const expanded = keyed.toSorted((a, b) => compare(a.key, b.key)).map(({ one }) => one);
  checkGreedy(expanded);
  return expanded;
}

/** True for a pattern that matches paths of any length. */
export const isGreedy = (segments: readonly Segment[]): boolean => segments.at(-1)?.kind === "rest";

/** True when some path matches both prefixes, which have equal lengths. */
export const overlap = (a: readonly Segment[], b: readonly Segment[]): boolean =>
  a.every((left, index) => {
    const right = b[index];
    return left.kind !== "static" || right?.kind !== "static" || left.value === right.value;
  });

function claim<R extends Route>(owners: Map<string, R>, route: R): void {
  const key = shape(route.segments);
  const other = owners.get(key);
  if (other)
    throw conflict(
      [other, route],
      `both serve ${displayPattern(route.segments)}`,
      "Remove one of them, or give it another path.",
    );
  owners.set(key, route);
}

function expand<R extends Route>(route: R, owners: ReadonlyMap<string, R>): readonly ExpandedRoute<R>[] {
  const { segments } = route;
  const last = segments.at(-1);
  if (last?.kind !== "optional-rest") return [{ segments, route }];
  const base = segments.slice(0, -1);
  const patterns = [base, [...base, { kind: "rest", name: last.name } as const]];
  const free = patterns.filter((pattern) => !owners.has(shape(pattern)));
  if (free.length > 0) return free.map((pattern) => ({ segments: pattern, route }));
  const taken = patterns.flatMap((pattern) => owners.get(shape(pattern)) ?? []);
  throw conflict([route, ...taken], `leave nothing for ${displayPattern(segments)} to serve`, `Remove ${route.file}.`);
}

function checkGreedy(expanded: readonly ExpandedRoute[]): void {
  const greedy = expanded.filter(({ segments }) => isGreedy(segments));
  for (const [index, a] of greedy.entries()) {
    for (const b of greedy.slice(index + 1)) {
      if (a.segments.length !== b.segments.length || !overlap(a.segments, b.segments)) continue;
      const both = `${displayPattern(a.segments)} and ${displayPattern(b.segments)}`;
      throw conflict(
        [a.route, b.route],
        `can match the same path (${both}), and AWS does not define which one wins`,
        "Make one prefix longer, or serve both from one file.",
      );
    }
  }
}

const conflict = (routes: readonly Route[], what: string, fix: string): UserError =>
  new UserError("ROUTE_CONFLICT", `${routes.map(({ file }) => file).join(" and ")} ${what}`, fix, {
    at: routes.map(({ file }) => ({ file })),
  });

/** A pattern's sort key, computed once per pattern instead of at each comparison. */
interface SortKey {
  readonly greedy: boolean;
  readonly length: number;
  /** A digit for each segment, 0 for a static one. */
  readonly kinds: string;
  readonly shape: string;
}

const sortKeyOf = (segments: readonly Segment[]): SortKey => ({
  greedy: isGreedy(segments),
  length: segments.length,
  kinds: segments.map(({ kind }) => (kind === "static" ? 0 : 1)).join(""),
  shape: shape(segments),
});

/** Static text comes before a param at the first difference; code units decide equal kinds, for a stable order. */
function compare(a: SortKey, b: SortKey): number {
  const greedy = Number(a.greedy) - Number(b.greedy);
  if (greedy !== 0) return greedy;
  const length = a.greedy ? b.length - a.length : a.length - b.length;
  if (length !== 0) return length;
  if (a.kinds !== b.kinds) return a.kinds < b.kinds ? -1 : 1;
  return a.shape < b.shape ? -1 : 1;
}
