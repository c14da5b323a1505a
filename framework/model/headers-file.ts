/** Writes the `_headers` file of Cloudflare's asset server from the static files and the rules of hosting.json. */
import { immutable, isImmutableAsset } from "../runtime/assets.ts";
import { foldersAbove } from "./asset-folders.ts";
import type { HeaderRules } from "./asset-headers.ts";
import type { BuiltAsset } from "./manifest.ts";

/** Cloudflare's limit of rules (developers.cloudflare.com/workers/static-assets/headers, "100 header rules"). */
export const headersFileLimit = 100;

/** The text, and the number of files for which no rule was left. */
export interface HeadersFile {
  readonly text: string;
  readonly left: number;
}

/**
 * First the immutable files, by folders where possible, then the app's own rules. Cloudflare joins the values of all
 * rules that match; each rule removes a header before it sets it, so that the last rule wins as on the other targets.
 * @param assets beyond the limit the last ones get no rule
 */
export function headersFile(assets: readonly Pick<BuiltAsset, "path">[], rules: HeaderRules): HeadersFile {
  const own = rules
    .filter(({ headers }) => Object.keys(headers).length > 0)
    .map(({ pattern, headers }) => block(spelled(pattern), headers));
  const hashed = immutablePatterns(assets.map(({ path }) => path));
  const named = hashed.slice(0, headersFileLimit - own.length);
  const blocks = [
    ...named.map((pattern) => block(spelled(decodeURIComponent(pattern)), { "Cache-Control": immutable })),
    ...own,
  ];
  return { text: blocks.join(""), left: hashed.length - named.length };
}

const block = (pattern: string, headers: Readonly<Record<string, string>>): string =>
  [pattern, ...Object.entries(headers).flatMap(([name, value]) => [`  ! ${name}`, `  ${name}: ${value}`]), ""].join(
    "\n",
  );

/** The path in the spelling that Cloudflare serves; `*` stays. */
const spelled = (pattern: string): string => pattern.normalize("NFC").split("/").map(encodeURIComponent).join("/");

/** The outermost folders that contain only files with a hash, as `/folder/*`, and such files elsewhere; never `/*`. */
function immutablePatterns(paths: readonly string[]): readonly string[] {
  const mixed = new Set(paths.filter((path) => !isImmutableAsset(path)).flatMap(foldersAbove));
  const patterns = paths.filter(isImmutableAsset).map((path) => {
    const folder = foldersAbove(path).find((above) => !mixed.has(above));
    return folder === undefined ? path : `${folder}/*`;
  });
  return [...new Set(patterns)];
}
