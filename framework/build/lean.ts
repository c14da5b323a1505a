/** Which Lambda functions can do with the lean web classes (framework/light/lean.ts): their modules in, yes where it is certain that nothing reaches what those lack out. */
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { type Loader, type Metafile, transform } from "esbuild";
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

/** What there is to know before anything is linked. Middleware is Hono's, which names all there is. */
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

/** Says whether all that a function's routes import is as lean as they are. Texts that were judged are remembered. */
export type LeanJudge = (metafile: Metafile, entry: string, routes: readonly ScannedRoute[]) => Promise<boolean>;

/** @param root absolute path of the app */
export function createLeanJudge(root: string): LeanJudge {
  const known = new Map<string, { readonly text: string; readonly lean: Promise<boolean> }>();
  const isOurs = (key: string): boolean => key.startsWith("portico:") || ownName(join(root, key)) !== undefined;
  const judge = async (key: string): Promise<boolean> => {
    const text = await readFile(join(root, key), "utf8");
    const before = known.get(key);
    const lean = before?.text === text ? before.lean : isLeanText(text, loaders[extname(key)]);
    known.set(key, { text, lean });
    return lean;
  };
  return async ({ inputs, ...rest }, entry, routes) => {
    const files = new Set(routes.map(({ file }) => file));
    const keys = [...reachable({ inputs, ...rest }, [entry])].filter((key) => !isOurs(key));
    const isKnown = keys.every((key) => {
      const { imports = [], format } = inputs[key] ?? {};
      // Neither packages nor files outside of the app, nor what stands for something else.
      const isOwn = !/^\.\.|(?:^|\/)node_modules\/|:| with \{/.test(key) && (data.test(key) || extname(key) in loaders);
      const lead = imports.every(({ path, kind, external, original }) =>
        external
          ? kind === "import-statement" && (path === esbuildRuntime || builtins.test(path))
          : !isOurs(path) || original === "portico",
      );
      return isOwn && format !== "cjs" && lead;
    });
    if (!isKnown) return false;
    const judged = await Promise.all(keys.filter((key) => !files.has(key) && !data.test(key)).map(judge));
    return judged.every(Boolean);
  };
}

async function isLeanText(text: string, loader: Loader | undefined): Promise<boolean> {
  const shape = { target: "node24", charset: "utf8", legalComments: "none", jsx: "automatic" } as const;
  const result = loader && (await orUndefined(transform(text, { ...shape, loader, minifySyntax: true, minifyWhitespace: true })));
  return result !== undefined && namesNoPart(result.code);
}
