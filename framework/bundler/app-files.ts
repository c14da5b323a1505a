/** The app's own files that hosting.json's `files` patterns add to every function. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../model/user-error.ts";

/** `*` matches any part of a name, `**` any folders. */
function toRegExp(pattern: string): RegExp {
  const parts = pattern.split("/").map((part) => {
    if (part === "**") return "(?:[^/]+/)*";
    return `${part.replaceAll(/[.+?^$()|[\]{}]/g, "\\$&").replaceAll("*", "[^/]*")}/`;
  });
  const source = parts.join("").replace(/\/$/, "");
  return new RegExp(`^${pattern.endsWith("**") ? `${source}[^/]+` : source}$`);
}

/** True when a path, relative to the app's root, matches one of the patterns; the file need not exist. */
export const isAppFile = (patterns: readonly string[], name: string): boolean =>
  patterns.some((pattern) => toRegExp(pattern).test(name));

/**
 * Paths relative to the root, sorted, without node_modules and folders whose names begin with a dot. Throws UserError
 * FILES_MISSING for a pattern that matches nothing.
 */
export function listAppFiles(root: string, patterns: readonly string[]): readonly string[] {
  const found = patterns.flatMap((pattern) => {
    const folder = pattern.split("/").slice(
      0,
      pattern.split("/").findIndex((part) => part.includes("*")),
    );
    const names = pattern.includes("*")
      ? filesBelow(root, folder.join("/"))
      : [pattern].filter((name) => existsSync(join(root, name)));
    const matching = names.filter((name) => toRegExp(pattern).test(name));
    if (matching.length > 0) return matching;
    throw new UserError(
      "FILES_MISSING",
      `no file matches ${pattern} in "files"`,
      "Correct the pattern in hosting.json, or remove it: * matches any part of a name, ** any folders.",
    );
  });
  return [...new Set(found)].toSorted();
}

function filesBelow(root: string, folder: string): readonly string[] {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile()) return [name];
    return entry.isDirectory() && entry.name !== "node_modules" && !entry.name.startsWith(".")
      ? filesBelow(root, name)
      : [];
  });
}

/** Contents by path. Throws as `listAppFiles`. */
export const readAppFiles = (root: string, patterns: readonly string[]): ReadonlyMap<string, Uint8Array> =>
  new Map(listAppFiles(root, patterns).map((name) => [name, readFileSync(join(root, name))]));
