/** The light web classes as they stand before a function in development, linked once: which of them in, their code, and what puts their map before another's, out. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { webImports } from "./entry.ts";
import { type FullSourceMap, putBefore } from "./join-maps.ts";
import { bundleOptions, readOutputs } from "./options.ts";
import type { WebClasses } from "./web-classes.ts";

/** To link them again and again was half of every rebuild (docs/decisions/035). */
export interface LightPart {
  /** A function's module on the light classes, from a link of it without them. */
  join(code: Uint8Array): Buffer;
  /** The map of that module. @param map of the function's own code, as `readOutputs` gives it */
  joinMap(map: Uint8Array): Buffer;
}

/** An entry as it is linked when the light classes stand before it; the same entry where it has none. */
export const withoutLight = (entry: string): string => entry.replace(`${webImports("light").join()}\n`, "");

type LightClasses = Exclude<WebClasses, "platform">;
const linked = new Map<LightClasses, Promise<LightPart>>();

/** Made once per process: their sources are the package's. */
export function lightPart(web: LightClasses): Promise<LightPart> {
  const known = linked.get(web);
  if (known) return known;
  const part = toPart(web);
  linked.set(web, part);
  // What failed is tried again by the next build.
  part.catch(() => linked.delete(web));
  return part;
}

async function toPart(web: LightClasses): Promise<LightPart> {
  const { code, map } = (await readLinked(web)) ?? (await linkLight(web));
  const put = putBefore(JSON.parse(map) as FullSourceMap, code);
  return {
    // The line between them holds the joint of the maps.
    join: (own) => Buffer.concat([Buffer.from(`${code}\n`), own]),
    joinMap: (map) => Buffer.from(put(Buffer.from(map).toString())),
  };
}

/** Light classes as a module that nothing imports, and its map. */
interface LinkedLight {
  readonly code: string;
  readonly map: string;
}

/** Where the package has them linked already (.ci/build.ts); a checkout has them not. */
export const linkedFile = (web: LightClasses): string => `linked-${web}.js`;

async function readLinked(web: LightClasses): Promise<LinkedLight | undefined> {
  const file = fileURLToPath(new URL(`../light/${linkedFile(web)}`, import.meta.url));
  try {
    const [code, map] = await Promise.all([readFile(file, "utf8"), readFile(`${file}.map`, "utf8")]);
    return { code, map };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** From the sources beside this package's build. */
export async function linkLight(web: LightClasses): Promise<LinkedLight> {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const names = { root, target: "lambda", entries: new Map() } as const;
  const entryPoints = [{ in: `portico:${web}`, out: "light" }];
  // In a function of its own, so that no name of the classes' modules can meet one of the app's.
  const { outputFiles } = await build({ ...bundleOptions(names, "development"), format: "iife", entryPoints });
  const outputs = readOutputs(root, outputFiles);
  const textOf = (name: string): string => Buffer.from(outputs.get(name) ?? []).toString();
  return { code: textOf("light.js"), map: textOf("light.js.map") };
}
