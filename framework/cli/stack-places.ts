/** Names the places of a stack from a Lambda function's bundle by the sources that the bundle was made of. */
import { readdirSync, readFileSync } from "node:fs";
import type { SourceMap } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readMaps, type SourceMaps } from "../../deploy/lambda/source-maps.ts";

/**
 * A module directly in the folder of a function's code, `/var/task` on AWS or one named by a hash in the local cloud,
 * with line and column. Packages that lie beside the bundle are further down and are no part of it. No URL reaches into
 * the next one, nor is longer than a path may be: a line may be of any length, and others may have sent it.
 */
const bundlePlace = new RegExp(
  String.raw`(?<folder>file://(?:(?!file://)[^\s"]){0,4096}/(?:var/task|[\da-f]{64}))` +
    String.raw`/(?<module>[^\s()"/:?]+\.mjs):(?<line>\d+):(?<column>\d+)`,
  "g",
);

/** The URL of the folder of the code that a line's stack names first; undefined for a line without a stack. */
export const codeFolder = (text: string): string | undefined =>
  text.matchAll(bundlePlace).next().value?.groups?.["folder"];

/**
 * The same text with `functions/users.ts:4:11` in the place of `file:///var/task/index.mjs:1:506`, as text or inside of
 * JSON. A place that no map knows stays.
 */
export function withSourcePlaces(text: string, maps: SourceMaps): string {
  return text.replaceAll(bundlePlace, (place, ...rest) => {
    const { module = "", line, column } = rest.at(-1) as Readonly<Record<string, string>>;
    const entry = maps.get(module)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (!entry || !("originalSource" in entry) || !entry.originalSource) return place;
    const source = JSON.stringify(entry.originalSource).slice(1, -1);
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

/** Names the places in lines of the local cloud, by the maps that lie beside the code on this machine. */
export function openLocalPlaces(): (text: string) => string {
  // Those of the last line alone: a cloud may run for days, and maps are large.
  let last: { readonly folder: string; readonly maps: SourceMaps } | undefined;
  return (text) => {
    const folder = codeFolder(text);
    if (folder === undefined) return text;
    if (last?.folder !== folder) last = { folder, maps: mapsIn(fileURLToPath(folder)) };
    return withSourcePlaces(text, last.maps);
  };
}

/** None where the code is gone by now, or a map of it cannot be read: a line is printed all the same. */
function mapsIn(folder: string): ReadonlyMap<string, SourceMap> {
  try {
    const names = readdirSync(folder).filter((name) => /\.mjs(?:\.map)?$/.test(name));
    return readMaps(names.map((name) => [name, readFileSync(join(folder, name))] as const));
  } catch {
    return new Map();
  }
}
