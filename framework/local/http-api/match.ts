/** The emulated HTTP API's own routing: its keys, a method and a decoded path in, the key that AWS would choose and its path parameters out. */

/** The key that a request goes to. */
export interface SelectedRoute {
  readonly key: string;
  /** Decoded; empty for `$default`. */
  readonly pathParameters: Readonly<Record<string, string>>;
}

/**
 * API Gateway's order (developer guide, "Routing API requests"): a full match, then a greedy one, then `$default`. Among full matches
 * static text beats a variable from the left, among greedy ones the longest prefix is the most specific; for one path a named method
 * beats ANY. A variable never matches an empty segment.
 * @param keys as given to CreateRoute
 * @param decodedPath decoded once as a whole, as rawPath is, without a stage
 */
export function selectRoute(keys: readonly string[], method: string, decodedPath: string): SelectedRoute | undefined {
  let best: { readonly rank: string; readonly route: SelectedRoute } | undefined;
  for (const key of keys) {
    const [verb, template] = splitKey(key);
    if (template === undefined || (verb !== "ANY" && verb !== method)) continue;
    const pathParameters = bind(template, decodedPath);
    if (!pathParameters) continue;
    const rank = rankOf(template) + (verb === "ANY" ? "0" : "1");
    if (!best || rank > best.rank) best = { rank, route: { key, pathParameters } };
  }
  if (best) return best.route;
  return keys.includes("$default") ? { key: "$default", pathParameters: {} } : undefined;
}

/** At the first space: a path may hold more. */
function splitKey(key: string): readonly [string, string?] {
  const space = key.indexOf(" ");
  return space < 0 ? [key] : [key.slice(0, space), key.slice(space + 1)];
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

function bind(template: string, path: string): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  let rest = path;
  for (const segment of template.split("/").slice(1)) {
    if (!rest.startsWith("/")) return undefined;
    const variable = /^\{([^}+]+)(\+)?\}$/.exec(segment);
    const end = rest.indexOf("/", 1);
    const found = variable?.[2] || end < 0 ? rest.slice(1) : rest.slice(1, end);
    if (variable && (found === "" || found.startsWith("/"))) return undefined;
    if (!variable && found !== segment) return undefined;
    if (variable?.[1]) parameters[variable[1]] = found;
    rest = rest.slice(1 + found.length);
  }
  return rest === "" ? parameters : undefined;
}
