/** Which web classes a Lambda function gets: its inputs and code in, why they must be the platform's out. */
import type { App } from "../model/app.ts";
import type { Metafile } from "esbuild";
import { reachable } from "./graph.ts";

/** A Lambda function's web classes: Node's own, the light ones (framework/light), or the light ones without what nothing in it names (lean.ts). */
export type WebClasses = "platform" | "light" | "lean";

/** What hosting.json says; the light ones when it says nothing. */
export const wantsLight = ({ lambda }: Pick<App, "lambda">): boolean => lambda.webClasses !== "platform";

/** Packages that bring, replace or look into the platform's own classes. */
const packages = new RegExp(
  `(?:^|/)node_modules/(${[
    "undici|node-fetch|node-fetch-native|cross-fetch|whatwg-fetch|isomorphic-fetch|isomorphic-unfetch|fetch-mock|nock|msw",
    "@hono/node-server|@mswjs/interceptors|@whatwg-node/[\\w-]+|@remix-run/web-[\\w-]+|@web-std/[\\w-]+|@edge-runtime/[\\w-]+",
  ].join("|")})/`,
);

const classes = "(?:Request|Response|Headers)";
const globals = "(?:globalThis|global|self|window)";
const assigned = "\\s*(?:=(?![=>])|\\|\\|=|\\?\\?=|&&=)";
/** `.name`, `["name"]`. */
const member = (name: string): string => `(?:\\.${name}\\b|\\[["'\`]${name}["'\`]\\])`;
const changes = "\\b(?:definePropert(?:y|ies)|assign|setPrototypeOf|set|deleteProperty)\\(\\s*";

/** What code says that may mean something else on other classes, with the words for it. */
const doubts: readonly (readonly [said: RegExp, why: string])[] = [
  [new RegExp(`${changes}${globals}\\b`), "it changes properties of the global object"],
  // Of whatever object: it may be the global one by another name. Exports of old modules are none.
  [new RegExp(`(?<!\\bexports)${member(classes)}${assigned}`), "it replaces a web class"],
  [new RegExp(`\\b${globals}${member("fetch")}${assigned}`), "it replaces fetch"],
  [new RegExp(`${changes}${classes}\\b(?!\\()|\\b${classes}\\.prototype(?:\\.\\w+|\\[[^\\]]*\\])${assigned}`), "it changes a web class"],
  [/\b(?:compileStreaming|instantiateStreaming)\b/, "WebAssembly streaming takes the platform's Response alone"],
];

/**
 * What to put after a bundle on the light classes: code that may clone objects loads what refuses ours before they are made, as imports
 * are; to load it everywhere would cost every start 0.8 ms.
 */
export const cloning = (code: string): string =>
  /\b(?:structuredClone|postMessage|workerData)\b/.test(code) ? `import"node:worker_threads";\n` : "";

/** Why a function cannot have the light classes; undefined when it can. @param entry its input in the metafile @param code its bundle */
export function lightDoubt(metafile: Metafile, entry: string, code: string): string | undefined {
  for (const input of reachable(metafile, [entry])) {
    const found = packages.exec(input)?.[1];
    if (found) return `it contains the package ${found}`;
  }
  return doubts.find(([said]) => said.test(code))?.[1];
}
