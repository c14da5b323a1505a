/** Queries on esbuild's metafile: reachable inputs, their bytes and their content hashes. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import type { BuiltFunction } from "../model/manifest.ts";
import { allNeeds } from "../model/need.ts";
import { logModuleName } from "./log-module.ts";
import { stableName } from "./esbuild-options.ts";
import { porticoModuleText, type ResolutionOptions } from "./esbuild-plugin.ts";

/**
 * These inputs and all that they import, at any depth and dynamically too.
 * @param skip inputs to leave out with their imports
 */
export function reachable(
  metafile: Metafile,
  from: readonly string[],
  skip: (key: string) => boolean = () => false,
): ReadonlySet<string> {
  const found = new Set(from);
  for (const key of found) {
    for (const { path, external } of metafile.inputs[key]?.imports ?? []) if (!external && !skip(path)) found.add(path);
  }
  return found;
}

/** What a function needs of its cloud, as the manifest has it. @param inputs keys of its inputs */
export function needsOf(inputs: ReadonlySet<string>): Pick<BuiltFunction, "needs"> {
  const features = [...inputs].filter((key) => key.startsWith("portico:features/"));
  const needs = allNeeds.filter((need) => features.some((key) => key.startsWith(`portico:features/${need}/`)));
  return needs.length > 0 ? { needs } : {};
}

/** Whether a function imports `portico/log`, at any depth. @param inputs keys of its inputs */
export const importsLog = (inputs: ReadonlySet<string>): boolean => inputs.has(`portico:${logModuleName}`);

/** The static imports between the app's own files; packages and Portico's modules are left out. */
export function ownImports({ inputs }: Metafile): ReadonlyMap<string, readonly string[]> {
  const isOwn = (key: string): boolean => !key.startsWith("portico:") && !/(?:^|\/)node_modules\//.test(key);
  const imported = ({ imports }: Metafile["inputs"][string]): string[] =>
    imports
      .filter(({ path, kind, external }) => kind !== "dynamic-import" && !external && isOwn(path))
      .map(({ path }) => path);
  const own = Object.entries(inputs).filter(([key]) => isOwn(key));
  return new Map(own.map(([key, input]) => [key, imported(input)]));
}

/**
 * The bytes that some outputs contain only because of middleware.
 * @param entry key of the function's generated entry
 */
export function middlewareBytes(
  metafile: Metafile,
  entry: string,
  outputs: readonly string[],
  middleware: ReadonlySet<string>,
): number {
  if (middleware.size === 0) return 0;
  const without = reachable(
    metafile,
    [entry],
    (key) => middleware.has(key) || key.startsWith("portico:runtime/middleware."),
  );
  const inputs = outputs.flatMap((output) => Object.entries(metafile.outputs[output]?.inputs ?? {}));
  const own = reachable(metafile, [entry]);
  return inputs.reduce(
    (sum, [key, { bytesInOutput }]) => (own.has(key) && !without.has(key) ? sum + bytesInOutput : sum),
    0,
  );
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

/** Hashes import graphs by content. One hasher serves a whole build, since graphs share most of their files. */
export function createGraphHasher(options: ResolutionOptions, metafile: Metafile): (entry: string) => Promise<string> {
  const digests = new Map<string, Promise<string>>();
  const digest = (key: string): Promise<string> => {
    const cached =
      digests.get(key) ?? inputBytes(options, key).then((bytes) => createHash("sha256").update(bytes).digest("hex"));
    digests.set(key, cached);
    return cached;
  };
  return async (entry) => {
    const keys = [...reachable(metafile, [entry])];
    const lines = await Promise.all(keys.map(async (key) => `${stableName(key)} ${await digest(key)}\n`));
    return createHash("sha256").update(lines.toSorted().join("")).digest("hex");
  };
}

/** A file's bytes; the key itself for modules without a file, such as Node's. */
async function inputBytes(options: ResolutionOptions, key: string): Promise<string | Uint8Array> {
  if (key.startsWith("portico:")) return porticoModuleText(options, key.slice("portico:".length));
  const path = join(options.root, key.replace(/ with \{.*\}$/, ""));
  return existsSync(path) ? readFile(path) : key;
}
