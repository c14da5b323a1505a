/** The part of a function that is its route's own: the generated entry and the scanned route in, the code that goes after its trunk out. */
import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { type TransformOptions, transform } from "esbuild";
import { type Trunk, type TrunkPlan, planTrunk, shortGlobals } from "./trunk.ts";
import { orUndefined } from "./errors.ts";
import type { SourceMap } from "./join-maps.ts";
import { exportClause, leadingImports, shortWords } from "./module-text.ts";
import type { RouteModule } from "./scan.ts";

/** A function in two parts. */
export interface SplitFunction {
  readonly trunk: TrunkPlan;
  /** A module whose default export is the handler; what it imports is missing in it. */
  readonly text: string;
  readonly map: SourceMap;
}

/** A leaf as it goes after its trunk. */
export interface Leaf {
  readonly code: Buffer;
  readonly map: SourceMap;
  /** Where the map's code begins on its line. */
  readonly column: number;
}

/**
 * Undefined for what has to be linked as one: a route that imports later, conditionally or by CommonJS, looks up names by `eval`, or
 * takes all of a package as an object.
 * @param entry as entry.ts has it @param file of the route, relative to the root
 */
export function splitFunction(
  entry: string,
  file: string,
  module: RouteModule,
  scopeOf: (file: string) => string,
): SplitFunction | undefined {
  const outer = leadingImports(entry);
  const route = outer.imports.find(({ from }) => from === `./${file}`);
  const handler = /^\s*export const handler = (?<text>.*);\s*$/s.exec(entry.slice(outer.end))?.groups?.["text"];
  const inner = leadingImports(module.code);
  const clause = exportClause(module.code);
  // What esbuild warns of, such as an assignment to an import, may mean something else here.
  const isPlain = !module.isLink && module.warnings.length === 0 && !/\beval\b/.test(module.code);
  if (!route || !handler || !clause || !isPlain || inner.imports.length !== module.imports || /\beval\b/.test(module.code))
    return undefined;
  const own = inner.imports.map((it) => ({ ...it, from: isFolder.test(it.from) ? "." : fromRoot(file, it.from) }));
  // All of a package as an object would bring all of it, and a folder's name alone says which of two files it means.
  if (own.some(({ from, names }) => !isBuiltin(from) && (isFolder.test(from) || names.some(({ name }) => name === "*")))) return undefined;
  const trunk = planTrunk([...outer.imports.filter((it) => it !== route), ...own], scopeOf(file));
  if (!trunk) return undefined;
  // The imports become spaces, so that the map stays right for what follows them.
  const body = " ".repeat(inner.end) + module.code.slice(inner.end, clause.start);
  const returned = route.names.map(({ name }) => clause.locals.get(name));
  const parameters = route.names.map(({ local }) => local);
  const text = `export default(([${parameters.join()}])=>${handler})((()=>{\n${body}\nreturn[${returned.join()}]})());`;
  return { trunk, text, map: { ...module.map, mappings: `;${module.map.mappings}` } };
}

const isFolder = /(?:^|\/)\.{0,2}$/;

const fromRoot = (file: string, from: string): string => (/^\.\.?\//.test(from) ? `./${posix.join(posix.dirname(file), from)}` : from);

/** No format: with one, esbuild would give the handler a name that the trunk may have, too. */
const options = {
  loader: "js",
  platform: "node",
  target: "node24",
  charset: "utf8",
  minify: true,
  legalComments: "none",
  sourcemap: "external",
  sourcesContent: false,
} as const satisfies TransformOptions;

const keywords = new Set(["do", "if", "in", "for", "let", "new", "try", "var"]);
const [transformed, wanted] = ["export default", "export const handler="];

/** Undefined where its code cannot stand in a function, such as an `await` of the module's. */
export async function linkLeaf(split: SplitFunction, trunk: Trunk): Promise<Leaf | undefined> {
  const { exports } = split.trunk;
  const imported = new Map([...exports].map(([local, name]) => [local, trunk.locals.get(name) ?? ""]));
  const apart = await keepApart(split, [...imported.values()]);
  if (!apart) return undefined;
  const define: Record<string, string> = {};
  for (const word of shortWords(apart.code)) {
    // A global of the environment, if it is one, that the trunk may have given as a name to something of its own.
    if (!shortGlobals.includes(word) && !keywords.has(word)) define[word] = `globalThis.${word}`;
  }
  for (const [local, name] of imported) define[local] = name;
  const result = await orUndefined(transform(withMap(apart), { ...options, define }));
  if (!result?.code.startsWith(transformed)) return undefined;
  return {
    code: Buffer.from(wanted + result.code.slice(transformed.length)),
    map: JSON.parse(result.map) as SourceMap,
    column: wanted.length - transformed.length,
  };
}

/** Code and where it is from. */
interface Text {
  readonly code: string;
  readonly map: SourceMap;
}

/**
 * Where something of the route's has a name that the trunk gave to an import, that import would mean it instead: such things get
 * other names first. A mention that goes away keeps esbuild from taking the trunk's.
 */
async function keepApart({ text: code, map }: SplitFunction, names: readonly string[]): Promise<Text | undefined> {
  const words = new Set(shortWords(code));
  if (!names.some((name) => words.has(name))) return { code, map };
  const mentioned = withMap({ code: `${code}\n(()=>[${[...new Set(names)].join()}]);`, map });
  const { minify: _, ...readable } = options;
  const result = await orUndefined(transform(mentioned, { ...readable, minifyIdentifiers: true }));
  return result && { code: result.code, map: JSON.parse(result.map) as SourceMap };
}

function withMap({ code, map }: Text): string {
  const inline = Buffer.from(JSON.stringify({ version: 3, ...map })).toString("base64");
  return `${code}\n//# sourceMappingURL=data:application/json;base64,${inline}`;
}
