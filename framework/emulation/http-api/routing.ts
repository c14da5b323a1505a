/**
 * The emulated HTTP API's routing: the path that its routes and events see, and the route key that AWS would select.
 */

/**
 * The path of a request target, undefined where the API itself responds with 400. The path is decoded, cut at a
 * question mark that results, and decoded once more: `%2F` and `%252F` are slashes, text after `%3F` is dropped, and a
 * `%25` that is no escape after the first time is refused. AWS does not document this; ten paths sent to a live API
 * show it (captured in 2026 by hotsock/voker, vokerhttp/testdata/ingress-paths.json).
 */
export function apiPath(target: string): string | undefined {
  const [path = ""] = target.split("?", 1);
  try {
    const [once = ""] = decodeURIComponent(path).split("?", 1);
    return decodeURIComponent(once);
  } catch {
    return undefined;
  }
}

/** The route of a request. */
export interface SelectedRoute {
  readonly key: string;
  /** Decoded; empty for `$default`. */
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** A parsed route key. */
interface Candidate {
  readonly key: string;
  readonly verb: string;
  readonly segments: readonly TemplateSegment[];
  readonly rank: string;
}

/** Static text, or a variable; a greedy one matches the rest of the path. */
type TemplateSegment = { readonly text: string } | { readonly variable: string; readonly greedy: boolean };

/**
 * API Gateway's order (developer guide, "Routing API requests"): a full match, then a greedy one, then `$default`.
 * Among full matches static text wins over a variable from the left, among greedy ones the longest prefix wins; for one
 * path a named method wins over ANY. A variable never matches an empty segment.
 * @param keys as given to CreateRoute
 * @returns the route of a method and a decoded path without its stage, as in rawPath
 */
export function routeSelector(
  keys: readonly string[],
): (method: string, decodedPath: string) => SelectedRoute | undefined {
  const candidates = keys.flatMap(toCandidate);
  const fallback = keys.includes("$default") ? { key: "$default", pathParameters: {} } : undefined;
  // The most specific first, equal ones in the order given.
  const [statics, others] = [new Map<string, Candidate[]>(), [] as Candidate[]];
  for (const candidate of candidates.toSorted((left, right) =>
    left.rank > right.rank ? -1 : left.rank < right.rank ? 1 : 0,
  )) {
    const { segments } = candidate;
    if (!segments.every((segment) => "text" in segment)) others.push(candidate);
    else {
      const path = segments.map((segment) => `/${"text" in segment ? segment.text : ""}`).join("");
      statics.set(path, [...(statics.get(path) ?? []), candidate]);
    }
  }
  return (method, decodedPath) => {
    const accepts = ({ verb }: Candidate): boolean => verb === "ANY" || verb === method;
    // A template without variables is the most specific.
    const exact = statics.get(decodedPath)?.find(accepts);
    if (exact) return { key: exact.key, pathParameters: {} };
    for (const candidate of others) {
      const pathParameters = accepts(candidate) ? bind(candidate.segments, decodedPath) : undefined;
      if (pathParameters) return { key: candidate.key, pathParameters };
    }
    return fallback;
  };
}

/** The route of one request; see `routeSelector`. */
export const selectRoute = (keys: readonly string[], method: string, decodedPath: string): SelectedRoute | undefined =>
  routeSelector(keys)(method, decodedPath);

function toCandidate(key: string): readonly Candidate[] {
  // The first space; a path may contain more.
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
 * A sort key in AWS's order: "2" and a digit per segment for a full template (static "2", variable "1"), "1" and the
 * same digits for a greedy one, where the longer prefix is the longer text. It compares only templates that match the
 * same path.
 */
function rankOf(template: string): string {
  const segments = template.split("/").slice(1);
  const greedy = /^\{[^}]+\+\}$/.test(segments.at(-1) ?? "");
  const digits = segments.map((segment) => (segment.startsWith("{") ? "1" : "2"));
  return greedy ? `1${String(segments.length).padStart(4, "0")}${digits.join("")}` : `2${digits.join("")}`;
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
