/** The response headers that hosting.json sets on a static file. */
import type { App } from "./app.ts";

/** Rules in the order of hosting.json. */
export type HeaderRules = App["headers"];

/**
 * The last rule that matches wins, for each header. A rule names the file as on disk, unescaped; a final `*` matches
 * any rest. A folder's page has the headers of its index.html.
 * @param path canonical
 * @returns names in lower case; undefined without any
 */
export function assetHeaders(rules: HeaderRules, path: string): Readonly<Record<string, string>> | undefined {
  const name = decodeURIComponent(path);
  const matching = rules.filter(({ pattern }) => matches(pattern.normalize("NFC"), name));
  const headers = matching
    .flatMap((rule) => Object.entries(rule.headers))
    .map(([key, value]) => [key.toLowerCase(), value]);
  return headers.length === 0 ? undefined : (Object.fromEntries(headers) as Record<string, string>);
}

const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
