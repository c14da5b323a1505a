/** What a bundle is made of: esbuild's metafile in, reachable inputs and their bytes out. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import { stableName } from "./options.ts";
import { type Names, porticoSource } from "./plugin.ts";

/** Every input that these inputs import, at any depth, dynamically too; themselves included. @param skip inputs not to enter */
export function reachable(metafile: Metafile, from: readonly string[], skip: (key: string) => boolean = () => false): ReadonlySet<string> {
  const found = new Set(from);
  for (const key of found) {
    for (const { path, external } of metafile.inputs[key]?.imports ?? []) if (!external && !skip(path)) found.add(path);
  }
  return found;
}

/** Bytes in some outputs of the inputs that are there for middleware alone. @param entry key of the function's generated entry */
export function middlewareBytes(metafile: Metafile, entry: string, outputs: readonly string[], middleware: ReadonlySet<string>): number {
  if (middleware.size === 0) return 0;
  const without = reachable(metafile, [entry], (key) => middleware.has(key) || key.startsWith("portico:runtime/middleware."));
  const inputs = outputs.flatMap((output) => Object.entries(metafile.outputs[output]?.inputs ?? {}));
  const own = reachable(metafile, [entry]);
  return inputs.reduce((sum, [key, { bytesInOutput }]) => (own.has(key) && !without.has(key) ? sum + bytesInOutput : sum), 0);
}

/** An output and the chunks that it imports statically, at any depth. */
export function staticOutputs(metafile: Metafile, output: string): readonly string[] {
  const found = new Set([output]);
  for (const key of found) {
    for (const { path, kind, external } of metafile.outputs[key]?.imports ?? [])
      if (kind === "import-statement" && !external) found.add(path);
  }
  return [...found];
}

/** Hashes import graphs by content; one per build, since graphs share most of their files. */
export function createGraphHasher(names: Names, metafile: Metafile): (entry: string) => Promise<string> {
  const digests = new Map<string, Promise<string>>();
  const digest = (key: string): Promise<string> => {
    const known = digests.get(key) ?? inputBytes(names, key).then((bytes) => createHash("sha256").update(bytes).digest("hex"));
    digests.set(key, known);
    return known;
  };
  return async (entry) => {
    const keys = [...reachable(metafile, [entry])];
    const lines = await Promise.all(keys.map(async (key) => `${stableName(key)} ${await digest(key)}\n`));
    return createHash("sha256").update(lines.toSorted().join("")).digest("hex");
  };
}

/** A file's bytes; a module that stands for one of Node's, or for nothing, is its name. */
async function inputBytes({ root, entries }: Names, key: string): Promise<string | Uint8Array> {
  if (key.startsWith("portico:")) return porticoSource(entries, key.slice("portico:".length));
  const path = join(root, key.replace(/ with \{.*\}$/, ""));
  return existsSync(path) ? readFile(path) : key;
}
