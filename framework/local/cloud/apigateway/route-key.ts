/** Route keys: a key in, whether HTTP APIs take it, and whether two of them would answer the same requests, out. */

const methods = new Set(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "ANY"]);
const variable = /^\{[a-zA-Z0-9._$:-]+\+?\}$/;

/** `$default`, or `METHOD /path`: no empty segment, no slash at the end, `{name}` fills a segment, `{name+}` only the last one. */
export function isRouteKey(key: string): boolean {
  if (key === "$default") return true;
  const space = key.indexOf(" ");
  const path = key.slice(space + 1);
  if (space < 0 || !methods.has(key.slice(0, space)) || !path.startsWith("/")) return false;
  if (path === "/") return true;
  const segments = path.slice(1).split("/");
  const names = segments.filter((segment) => segment.startsWith("{")).map((segment) => segment.replace(/[{}+]/g, ""));
  return segments.every((segment, at) => isSegment(segment, at === segments.length - 1)) && new Set(names).size === names.length;
}

function isSegment(segment: string, isLast: boolean): boolean {
  if (segment === "") return false;
  if (!/[{}]/.test(segment)) return true;
  return variable.test(segment) && (isLast || !segment.endsWith("+}"));
}

/** Equal for two keys that differ in the names of their variables only; AWS refuses the second. */
export function routeShape(key: string): string {
  return key.replace(/\{[^}+]+(\+?)\}/g, "{$1}");
}
