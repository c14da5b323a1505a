/** Writes the `_headers` text of Cloudflare's asset server: static files and the rules of hosting.json in, text out. */
import { immutable, isHashed } from "../runtime/assets.ts";
import { foldersAbove } from "./asset-folders.ts";
import type { HeaderRules } from "./asset-headers.ts";
import type { BuiltAsset } from "./manifest.ts";

/** Rules that Cloudflare takes (developers.cloudflare.com/workers/static-assets/headers, "100 header rules"). */
export const headersFileLimit = 100;

/** The text, and how many files it could not name any more. */
export interface HeadersFile {
  readonly text: string;
  readonly left: number;
}

/**
 * First what never changes, by whole folders where it can be, then the app's own rules. Cloudflare joins the values of several rules
 * that match; a rule that removes a header first replaces it, so that the last one wins, as everywhere.
 * @param assets where there are more than can be named, those that come last are not
 */
export function headersFile(assets: readonly Pick<BuiltAsset, "path">[], rules: HeaderRules): HeadersFile {
  const own = rules
    .filter(({ headers }) => Object.keys(headers).length > 0)
    .map(({ pattern, headers }) => block(spelled(pattern), headers));
  const hashed = hashedPatterns(assets.map(({ path }) => path));
  const named = hashed.slice(0, headersFileLimit - own.length);
  const blocks = [...named.map((pattern) => block(spelled(decodeURIComponent(pattern)), { "Cache-Control": immutable })), ...own];
  return { text: blocks.join(""), left: hashed.length - named.length };
}

const block = (pattern: string, headers: Readonly<Record<string, string>>): string =>
  [pattern, ...Object.entries(headers).flatMap(([name, value]) => [`  ! ${name}`, `  ${name}: ${value}`]), ""].join("\n");

/** In the one spelling of a path that Cloudflare serves; `*` stays as it is. */
const spelled = (pattern: string): string => pattern.normalize("NFC").split("/").map(encodeURIComponent).join("/");

/** Outermost folders all of whose files carry a hash, as `/folder/*`, and such files elsewhere; never all there is, where new names may come any day. */
function hashedPatterns(paths: readonly string[]): readonly string[] {
  const mixed = new Set(paths.filter((path) => !isHashed(path)).flatMap(foldersAbove));
  const patterns = paths.filter(isHashed).map((path) => {
    const folder = foldersAbove(path).find((above) => !mixed.has(above));
    return folder === undefined ? path : `${folder}/*`;
  });
  return [...new Set(patterns)];
}
