/** Which web classes a Lambda function gets: its inputs and code in, why they must be the platform's out. */
import type { App } from "../model/app.ts";
import type { Metafile } from "esbuild";
import { reachable } from "./graph.ts";

/** What hosting.json says; the platform's when it says nothing. */
export const wantsLight = ({ lambda }: Pick<App, "lambda">): boolean => lambda.webClasses === "light";

/** Packages that bring, replace or look into the platform's own classes. */
const packages =
  /(?:^|\/)node_modules\/(undici|@hono\/node-server|node-fetch|cross-fetch|whatwg-fetch|isomorphic-fetch|msw|@mswjs\/interceptors)\//;

const names = "(?:Request|Response|Headers|fetch)";
const globals = "(?:globalThis|global|self|window)";

/** What code says that may mean something else on other classes, with the words for it. */
const doubts: readonly (readonly [said: RegExp, why: string])[] = [
  [new RegExp(`\\bdefinePropert(?:y|ies)\\(\\s*${globals}\\b`), "it defines properties of the global object"],
  [new RegExp(`\\b${globals}(?:\\.|\\[["'\`])${names}(?:["'\`]\\])?\\s*(?:=(?!=)|\\|\\|=|\\?\\?=)`), "it replaces a global web class"],
  [/\b(?:compileStreaming|instantiateStreaming)\b/, "WebAssembly streaming takes the platform's Response alone"],
];

/** Why a function cannot have the light classes; undefined when it can. @param entry its input in the metafile @param code its bundle */
export function lightDoubt(metafile: Metafile, entry: string, code: string): string | undefined {
  for (const input of reachable(metafile, [entry])) {
    const found = packages.exec(input)?.[1];
    if (found) return `it contains the package ${found}`;
  }
  return doubts.find(([said]) => said.test(code))?.[1];
}
