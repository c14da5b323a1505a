/** The module fallback service of workerd: reads the modules of loaded functions, `/portico/ID/HASH/index.mjs`. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LoadedFunction } from "../../model/invocation.ts";

/** The prefix of what host-worker.mjs imports. */
const root = "/portico/";

/**
 * Undefined where there is no such module.
 * @param find a build by its key, `ID/HASH`
 * @param onLoad gets the number of bytes that workerd keeps from now on
 */
export async function fallbackModule(
  specifier: string,
  find: (key: string) => LoadedFunction | undefined,
  onLoad: (bytes: number) => void,
): Promise<object | undefined> {
  const [id = "", hash = "", ...names] = specifier.startsWith(root) ? specifier.slice(root.length).split("/") : [];
  const fn = find(`${id}/${hash}`);
  if (!fn) return undefined;
  // workerd expects the specifier without its slash.
  const name = specifier.slice(1);
  const file = decode(names.join("/"));
  if (file === "about.json") return { name, json: JSON.stringify({ main: fn.main, env: fn.env }) };
  const isCode = file.endsWith(".mjs");
  // Only files of the build: modules, dynamically imported ones in their own folder, and WebAssembly.
  if ((!isCode && !file.endsWith(".wasm")) || /(?:^|\/)\.{0,2}(?:\/|$)|[\\\0]/.test(file)) return undefined;
  const path = join(fn.directory, file);
  if (!existsSync(path)) return undefined;
  const bytes = await readFile(path);
  onLoad(bytes.length);
  return isCode ? { name, esModule: bytes.toString("utf8") } : { name, wasm: [...bytes] };
}

/** Decodes a URL path; one with a malformed escape stays as it is. */
function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
