/** The choice of a Lambda function's web classes: the light ones, or Node's own where code depends on those. */
import type { App } from "../../model/app.ts";

/** A Lambda function's web classes: Node's own, or the light ones (framework/web-classes). */
export type WebClasses = "platform" | "light";

/** hosting.json's choice; the light ones by default. */
export const wantsLightClasses = ({ lambda }: Pick<App, "lambda">): boolean => lambda.webClasses !== "platform";

/** Packages that provide, replace or inspect the platform's own classes. */
const conflictingPackages = new RegExp(
  `(?:^|/)node_modules/(${[
    "undici|node-fetch|node-fetch-native|cross-fetch|whatwg-fetch|isomorphic-fetch|isomorphic-unfetch",
    "fetch-mock|nock|msw",
    "@hono/node-server|@mswjs/interceptors|@whatwg-node/[\\w-]+|@remix-run/web-[\\w-]+",
    "@web-std/[\\w-]+|@edge-runtime/[\\w-]+",
  ].join("|")})/`,
);

const classes = "(?:Request|Response|Headers)";
const globals = "(?:globalThis|global|self|window)";
const assigned = "\\s*(?:=(?![=>])|\\|\\|=|\\?\\?=|&&=)";
/** `.name`, `["name"]`. */
const member = (name: string): string => `(?:\\.${name}\\b|\\[["'\`]${name}["'\`]\\])`;
const changes = "\\b(?:definePropert(?:y|ies)|assign|setPrototypeOf|set|deleteProperty)\\(\\s*";

/** Patterns of code that may behave differently on other classes, each with its description. */
const conflictPatterns: readonly (readonly [pattern: RegExp, description: string])[] = [
  [new RegExp(`${changes}${globals}\\b`), "it changes properties of the global object"],
  // On any object, which may be an alias of the global one, but not on `exports`.
  [new RegExp(`(?<!\\bexports)${member(classes)}${assigned}`), "it replaces a web class"],
  [new RegExp(`\\b${globals}${member("fetch")}${assigned}`), "it replaces fetch"],
  [
    new RegExp(`${changes}${classes}\\b(?!\\()|\\b${classes}\\.prototype(?:\\.\\w+|\\[[^\\]]*\\])${assigned}`),
    "it changes a web class",
  ],
  [/\b(?:compileStreaming|instantiateStreaming)\b/, "WebAssembly streaming takes the platform's Response alone"],
];

/** What follows a name in one of the patterns, or is before it. */
const conflictingUses = [
  `(?<=${changes}\\w+)`,
  `["'\`]?\\]?${assigned}`,
  "\\.prototype\\b",
  `${member("fetch")}${assigned}`,
].join("|");

/**
 * Matches where one of the patterns does, and rarely elsewhere. It takes a third of the patterns' time, which was a
 * ninth of the main thread's in a build of 46 popular packages.
 */
const likelyConflict = new RegExp(`\\b(?:${classes}|${globals})\\b(?:${conflictingUses})|Streaming\\b`);

/**
 * A line to append to a bundle on the light classes. With node:worker_threads loaded first, cloning an instance of a
 * light class fails as for the platform's classes; loading it in every function would cost each start 0.8 ms.
 */
export const cloneGuard = (code: string): string =>
  /\b(?:structuredClone|postMessage|workerData)\b/.test(code) ? `import"node:worker_threads";\n` : "";

/**
 * The reason why a function cannot have the light classes; undefined when it can.
 * @param inputs keys of its inputs in the metafile
 * @param code its bundled code
 */
export function webClassConflict(inputs: Iterable<string>, code: string): string | undefined {
  for (const input of inputs) {
    const found = conflictingPackages.exec(input)?.[1];
    if (found) return `it contains the package ${found}`;
  }
  if (!likelyConflict.test(code)) return undefined;
  return conflictPatterns.find(([pattern]) => pattern.test(code))?.[1];
}
