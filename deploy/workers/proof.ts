/** Whose an answer is: a version and its static files in, what its own answers carry and which paths have none of it out. */
import type { Proof } from "../platform.ts";
import { proofHeader } from "./names.ts";
import { spelled } from "./read-build.ts";

/**
 * Cloudflare ignores an override that a node cannot apply, in silence (docs: version overrides); the Worker's own answers say which version
 * they are of. A static file is answered without it.
 * @param files the paths as Cloudflare spells them
 */
export function proofOf(version: string, files: readonly string[]): Proof {
  const all = new Set(files);
  return { header: proofHeader, value: version, covers: (path) => !all.has(spelledPath(path)) };
}

/** A path that cannot be decoded is no file's, and is given as it is. */
function spelledPath(path: string): string {
  const { pathname } = new URL(path, "https://candidate");
  try {
    return spelled(pathname);
  } catch {
    return pathname;
  }
}
