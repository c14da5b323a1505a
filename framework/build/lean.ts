/** Which Lambda functions can do with the lean web classes (framework/light/lean.ts): their modules in, yes where it is certain that nothing reaches what those lack out. */
import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join, posix } from "node:path";
import { type Loader, type Metafile, transform, type TransformOptions } from "esbuild";
import type { ScannedRoute } from "./entry.ts";
import { orUndefined } from "./errors.ts";
import { reachable } from "./graph.ts";
import { leadingImports } from "./module-text.ts";
import { ownName } from "./plugin.ts";
import type { RouteModule } from "./scan.ts";

/** What the lean classes lack, by its names: the parts of framework/light/parts.ts. */
const parts = "Request|fetch|FormData|formData|blob";

/** What leads to anything by other ways than its name. */
const reflection = [
  "globalThis|global|self|window|eval|Function|constructor|Reflect|Proxy|require|module|exports|createRequire|getBuiltinModule|mainModule",
  "binding|_linkedBinding|dlopen|prepareStackTrace|createHook|executionAsyncResource|getPrototypeOf|getOwnPropertyDescriptors?|__\\w+__|ShadowRealm",
].join("|");

/** Before a bracket that opens an array or a pattern; after anything else that can end an expression it is a member by a computed name. */
const keyword = /(?<![\w$.#\x80-\uffff])(?:return|case|yield|await|typeof|throw|else|in|const|let|var)\s*\[/g;

/** What makes code doubtful, wherever it stands: esbuild's text of it has no types and no comments, `\u` escapes are resolved and constant names joined. */
const doubts: readonly RegExp[] = [
  // The words of an answer's status are no expression.
  new RegExp(`(?<!\\bBad )\\b(?:${parts}|${reflection})\\b`),
  /[\w$\x80-\uffff)\]}"'`./]\s*\[(?!(?:\d+|"[^"\\]*")\])/,
  /\bimport\s*\(/,
  /\/\*/,
  /\bprocess\b(?!\.(?:env|argv|arch|cwd|hrtime|memoryUsage|nextTick|pid|platform|stderr|stdout|uptime|versions?)\b)/,
];

/** @param code as esbuild prints it, its syntax and white space minified */
export function namesNoPart(code: string): boolean {
  const text = code.replace(keyword, ";[").replace(/(?<=[{};])constructor\(/g, "(");
  // Keys of objects may be computed, those of patterns may not; to tell them apart takes more than this.
  const hasPattern = /[{,]\s*\[/.test(text) && /\]\s*:/.test(text);
  return !hasPattern && !doubts.some((doubt) => doubt.test(text));
}

/** Modules of Node's that lead neither to the global object nor to its fetch implementation. */
const builtins = new RegExp(
  `^(?:node:)?(?:${[
    "assert|async_hooks|buffer|crypto|events|fs|fs/promises|os|path|perf_hooks|querystring",
    "stream|stream/promises|string_decoder|timers|timers/promises|url|util|zlib",
  ].join("|")})$`,
);

const isPath = (specifier: string): boolean => /^\.\.?\//.test(specifier);

/** What routes say by themselves. Middleware is Hono's, which names all there is. */
export const mayBeLean = (routes: readonly ScannedRoute[], modules: ReadonlyMap<string, RouteModule>): boolean =>
  routes.every(({ file, middleware }) => {
    const module = modules.get(file);
    return middleware.length === 0 && module !== undefined && isLeanModule(module);
  });

function isLeanModule({ code, isLink, imports: count }: RouteModule): boolean {
  const { imports } = leadingImports(code);
  const areKnown = imports.every(({ from }) => from === "portico" || isPath(from) || builtins.test(from));
  return !isLink && imports.length === count && areKnown && namesNoPart(code);
}

/** Data: strings, and objects of strings. */
const data = /\.(?:json|txt|sql|html)$/;

const loaders: Readonly<Record<string, Loader>> = { ".ts": "ts", ".mts": "ts", ".tsx": "tsx", ".js": "js", ".mjs": "js", ".jsx": "jsx" };

/** What a metafile calls esbuild's own lines. */
const esbuildRuntime = "<runtime>";

/** Judges what routes import. Texts that were judged are remembered. */
export interface LeanJudge {
  /** Before anything is linked: most likely the verdict, which saves linking twice. */
  foresee(routes: readonly ScannedRoute[], modules: ReadonlyMap<string, RouteModule>): Promise<boolean>;
  /** The verdict. @param entry the function's, in the metafile of its link */
  isLean(metafile: Metafile, entry: string, routes: readonly ScannedRoute[]): Promise<boolean>;
}

/** @param root absolute path of the app */
export function createLeanJudge(root: string): LeanJudge {
  const print = createPrinter(root);
  const isLeanFile = async (key: string): Promise<boolean> => {
    const code = await print(key);
    return code !== undefined && namesNoPart(code);
  };
  const foresee = async (file: string, code: string, seen: Set<string>): Promise<boolean> => {
    for (const { from } of leadingImports(code).imports) {
      const key = isPath(from) ? fileOf(root, posix.join(posix.dirname(file), from)) : undefined;
      if (!isPath(from) && from !== "portico" && !builtins.test(from)) return false;
      if (key === undefined || data.test(key) || seen.has(key)) continue;
      seen.add(key);
      if (!(await isLeanFile(key)) || !(await foresee(key, (await print(key)) ?? "", seen))) return false;
    }
    return true;
  };
  return {
    async foresee(routes, modules) {
      if (!mayBeLean(routes, modules)) return false;
      const seen = new Set(routes.map(({ file }) => file));
      for (const { file } of routes) if (!(await foresee(file, modules.get(file)?.code ?? "", seen))) return false;
      return true;
    },
    async isLean(metafile, entry, routes) {
      const isOurs = (key: string): boolean => key.startsWith("portico:") || ownName(join(root, key)) !== undefined;
      const keys = [...reachable(metafile, [entry])].filter((key) => !isOurs(key));
      if (!keys.every((key) => isLeanInput(key, metafile.inputs[key], isOurs))) return false;
      const own = new Set(routes.map(({ file }) => file));
      const judged = await Promise.all(keys.filter((key) => !own.has(key) && !data.test(key)).map(isLeanFile));
      return judged.every(Boolean);
    },
  };
}

/** Neither a package nor a file outside of the app, nor what stands for something else; and what it imports is known. */
function isLeanInput(
  key: string,
  { imports = [], format }: Partial<Metafile["inputs"][string]> = {},
  isOurs: (key: string) => boolean,
): boolean {
  const isOwn = !/^\.\.|(?:^|\/)node_modules\/|:| with \{/.test(key) && (data.test(key) || extname(key) in loaders);
  const lead = imports.every(({ path, kind, external, original }) =>
    external ? kind === "import-statement" && (path === esbuildRuntime || builtins.test(path)) : !isOurs(path) || original === "portico",
  );
  return isOwn && format !== "cjs" && lead;
}

/** Where an import most likely leads, relative to the root. */
function fileOf(root: string, path: string): string | undefined {
  const endings = Object.keys(loaders);
  const names = [
    path,
    path.replace(/js(x?)$/, "ts$1"),
    ...endings.map((end) => path + end),
    ...endings.map((end) => `${path}/index${end}`),
  ];
  return names.find((name) => statSync(join(root, name), { throwIfNoEntry: false })?.isFile());
}

const shape = {
  ...{ target: "node24", charset: "utf8", legalComments: "none", jsx: "automatic" },
  ...{ minifySyntax: true, minifyWhitespace: true },
} as const satisfies TransformOptions;

/** A file as esbuild prints it; undefined for what it does not, and of other kinds. The same text is printed once. */
function createPrinter(root: string): (key: string) => Promise<string | undefined> {
  const known = new Map<string, { readonly text: string; readonly code: Promise<string | undefined> }>();
  return async (key) => {
    const loader = loaders[extname(key)];
    if (!loader) return undefined;
    const text = await readFile(join(root, key), "utf8");
    const before = known.get(key);
    const code = before?.text === text ? before.code : orUndefined(transform(text, { ...shape, loader })).then((result) => result?.code);
    known.set(key, { text, code });
    return code;
  };
}
