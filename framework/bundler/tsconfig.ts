/** Reader of tsconfig.json: the files that it extends, and the value of a compiler option. */
import { readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { findNodeAtLocation, parse, parseTree } from "jsonc-parser";
import { codeFrame } from "../model/code-frame.ts";

/** Absolute paths of extended files; later ones override. Undefined for a file that does not exist. */
export function extendedConfigs(file: string): readonly (string | undefined)[] {
  return [member(readSettings(file), "extends") ?? []].flat().map((name) => {
    if (typeof name !== "string") return undefined;
    const candidates = /^\.{1,2}(?:\/|$)|^(?:[a-zA-Z]:)?[/\\]/.test(name)
      ? [resolve(dirname(file), name)]
      : packageCandidates(dirname(file), name);
    return candidates
      .flatMap((path) => [path, `${path}.json`, join(path, "tsconfig.json")])
      .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  });
}

const packageCandidates = (folder: string, name: string): readonly string[] => [
  join(folder, "node_modules", name),
  ...(folder === dirname(folder) ? [] : packageCandidates(dirname(folder), name)),
];

/** The effective value of a compiler option and the place that sets it; undefined where it is not set. */
export function tsconfigValue(
  file: string,
  option: string,
): { readonly value: unknown; readonly file: string; readonly line: number } | undefined {
  const text = readFileSync(file, "utf8");
  const tree = parseTree(text);
  const node = tree && findNodeAtLocation(tree, ["compilerOptions", option]);
  if (node) return { value: node.value, file, line: codeFrame(text, node.offset).line };
  const bases = extendedConfigs(file).filter((base) => base !== undefined && base !== file);
  return bases
    .toReversed()
    .map((base) => tsconfigValue(base!, option))
    .find((found) => found !== undefined);
}

/** The file's content; comments and trailing commas are allowed. */
export const readSettings = (file: string): unknown => parse(readFileSync(file, "utf8"));

/** The value of a key; undefined for a missing key or a value that is not an object. */
export const member = (value: unknown, name: string): unknown =>
  value && typeof value === "object" ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
