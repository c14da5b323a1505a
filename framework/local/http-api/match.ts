/** The emulated HTTP API's own routing: its keys, a method and a decoded path in, the key that AWS would choose and its path parameters out. */

/** The key that a request goes to. */
export interface SelectedRoute {
  readonly key: string;
  /** Decoded; empty for `$default`. */
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** A key, taken apart once. */
interface Candidate {
  readonly key: string;
  readonly verb: string;
  readonly segments: readonly TemplateSegment[];
  readonly rank: string;
}

/** Static text, or a variable's name; a greedy one takes all that follows. */
type TemplateSegment = { readonly text: string } | { readonly variable: string; readonly greedy: boolean };

/**
 * API Gateway's order (developer guide, "Routing API requests"): a full match, then a greedy one, then `$default`. Among full matches
 * static text beats a variable from the left, among greedy ones the longest prefix is the most specific; for one path a named method
 * beats ANY. A variable never matches an empty segment.
 * @param keys as given to CreateRoute
 * @returns of a method and a path that is decoded as a whole, as rawPath is, without a stage
 */
export function routeSelector(keys: readonly string[]): (method: string, decodedPath: string) => SelectedRoute | undefined {
  const candidates = keys.flatMap(toCandidate);
  const fallback = keys.includes("$default") ? { key: "$default", pathParameters: {} } : undefined;
  // Most specific first; of equals the first that was given.
  const [statics, others] = [new Map<string, Candidate[]>(), [] as Candidate[]];
  for (const candidate of candidates.toSorted((left, right) => (left.rank > right.rank ? -1 : left.rank < right.rank ? 1 : 0))) {
    const { segments } = candidate;
    if (!segments.every((segment) => "text" in segment)) others.push(candidate);
    else {
      const path = segments.map((segment) => `/${"text" in segment ? segment.text : ""}`).join("");
      statics.set(path, [...(statics.get(path) ?? []), candidate]);
    }
  }
  return (method, decodedPath) => {
    const takes = ({ verb }: Candidate): boolean => verb === "ANY" || verb === method;
    // No template with a variable is as specific as static text alone.
    const exact = statics.get(decodedPath)?.find(takes);
    if (exact) return { key: exact.key, pathParameters: {} };
    for (const candidate of others) {
      const pathParameters = takes(candidate) ? bind(candidate.segments, decodedPath) : undefined;
      if (pathParameters) return { key: candidate.key, pathParameters };
    }
    return fallback;
  };
}

/** The key for one request; see `routeSelector`. */
export const selectRoute = (keys: readonly string[], method: string, decodedPath: string): SelectedRoute | undefined =>
  routeSelector(keys)(method, decodedPath);

function toCandidate(key: string): readonly Candidate[] {
  // At the first space: a path may hold more.
  const space = key.indexOf(" ");
  if (space < 0) return [];
  const [verb, template] = [key.slice(0, space), key.slice(space + 1)];
  const segments = template.split("/").slice(1).map(toSegment);
  return [{ key, verb, segments, rank: rankOf(template) + (verb === "ANY" ? "0" : "1") }];
}

function toSegment(text: string): TemplateSegment {
  const [, variable, plus] = /^\{([^}+]+)(\+)?\}$/.exec(text) ?? [];
  return variable === undefined ? { text } : { variable, greedy: plus !== undefined };
}

/**
 * A text that sorts as AWS prefers: "2" and a mark per segment for a full template (static "2", variable "1"), "1" and the same marks
 * for a greedy one, where the longer prefix is the longer text. Only ever compared between templates that match the same path.
 */
function rankOf(template: string): string {
  const segments = template.split("/").slice(1);
  const greedy = /^\{[^}]+\+\}$/.test(segments.at(-1) ?? "");
  const marks = segments.map((segment) => (segment.startsWith("{") ? "1" : "2"));
  return greedy ? `1${String(segments.length).padStart(4, "0")}${marks.join("")}` : `2${marks.join("")}`;
}

function bind(segments: readonly TemplateSegment[], path: string): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  let at = 0;
  for (const segment of segments) {
    if (path[at] !== "/") return undefined;
    const end = path.indexOf("/", at + 1);
    const stop = end < 0 || ("greedy" in segment && segment.greedy) ? path.length : end;
    if ("text" in segment) {
      if (stop - at - 1 !== segment.text.length || !path.startsWith(segment.text, at + 1)) return undefined;
    } else {
      const found = path.slice(at + 1, stop);
      if (found === "" || found.startsWith("/")) return undefined;
      parameters[segment.variable] = found;
    }
    at = stop;
  }
  return at === path.length ? parameters : undefined;
}
