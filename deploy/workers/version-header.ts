/** The response header that names the version which answered, and the paths that have no such header. */
import type { VersionHeader } from "../platform.ts";
import { versionHeaderName } from "./names.ts";
import { encodePath } from "./build.ts";

/**
 * Cloudflare ignores an override that a node cannot apply, in silence (docs: version overrides); the Worker's own
 * answers say which version they are of. A static file is answered without it.
 * @param files the paths as Cloudflare spells them
 */
export function toVersionHeader(version: string, files: readonly string[]): VersionHeader {
  const all = new Set(files);
  return { header: versionHeaderName, value: version, covers: (path) => !all.has(toEncodedPath(path)) };
}

/** A path that cannot be decoded is no file's, and is given as it is. */
function toEncodedPath(path: string): string {
  const { pathname } = new URL(path, "https://candidate");
  try {
    return encodePath(pathname);
  } catch {
    return pathname;
  }
}
