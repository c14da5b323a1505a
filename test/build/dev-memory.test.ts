/** What a start of dev takes from the one before: only what is the same in all that it hung on; every other case is a build from nothing. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, test } from "vitest";
import { createDevBuilder } from "../../framework/build/dev-builder.ts";
import type { App } from "../../framework/model/app.ts";
import type { LoadedFunction } from "../../framework/model/invocation.ts";
import type { Target } from "../../framework/model/target.ts";
import { discover } from "../../framework/routes/discover.ts";
import { type Files, makeApp, makeFolder, writeFiles } from "./app.ts";

const files: Files = {
  "functions/index.ts": `import { word } from "./_lib/word"; export const GET = () => new Response(word + process.env.GREETING);`,
  "functions/_lib/word.ts": `export const word = "one";`,
  "tsconfig.json": "{}",
};

interface Change {
  readonly target?: Target;
  readonly env?: Readonly<Record<string, string>>;
  readonly app?: Partial<App>;
}

/** One session of dev: the first function asked for, and the end. */
async function session(root: string, { target = "lambda", env = {}, app = {} }: Change = {}): Promise<LoadedFunction> {
  const builder = createDevBuilder({ app: makeApp(root, app), target, out: join(root, ".portico/dev", target), env });
  builder.setRoutes(await discover(root));
  const loaded = await builder.load("index");
  await builder.close();
  return loaded;
}

const memory = (root: string, target: Target = "lambda"): string => join(root, ".portico/cache/dev", target, "index.json");
const main = ({ directory }: LoadedFunction): string => join(directory, "index.mjs");
/** Every build writes its files. */
const written = (fn: LoadedFunction): bigint => statSync(main(fn), { bigint: true }).mtimeNs;

/** Nothing is remembered of files that changed just now. */
async function remembered(root: string, target: Target = "lambda"): Promise<LoadedFunction> {
  for (let tries = 0; tries < 50; tries++) {
    const loaded = await session(root, { target });
    if (existsSync(memory(root, target))) return loaded;
  }
  throw new Error("no build was remembered");
}

it.each(["lambda", "workers", "node"] as const)(
  "on %s, a build is taken as it is where nothing changed, again and again",
  async (target) => {
    const root = makeFolder(files);
    const first = await remembered(root, target);
    const before = written(first);
    for (let start = 0; start < 2; start++) expect(await session(root, { target })).toEqual(first);
    expect(written(first)).toBe(before);
  },
);

it("is known by its bytes when only the files' dates changed", async () => {
  const root = makeFolder(files);
  const first = await remembered(root);
  const before = written(first);
  writeFiles(root, files);
  await session(root);
  expect(written(first)).toBe(before);
});

test.each<readonly [string, (root: string, first: LoadedFunction) => unknown]>([
  ["a file that it read", (root) => writeFiles(root, { "functions/_lib/word.ts": `export const word = "two";` })],
  ["the route", (root) => writeFiles(root, { "functions/index.ts": `export const GET = () => new Response("two");` })],
  ["a file that an import would find first", (root) => writeFiles(root, { "functions/_lib/word.tsx": `export const word = "two";` })],
  ["settings of TypeScript", (root) => writeFiles(root, { "tsconfig.json": `{ "compilerOptions": { "target": "es2020" } }` })],
  ["middleware", (root) => writeFiles(root, { "functions/_middleware.ts": "export default [];" })],
  ["env", () => ({ env: { GREETING: "hi" } })],
  ["a function's settings", () => ({ app: { routes: [{ pattern: "/", settings: { memory: 1024 } }] } })],
  ["its web classes", () => ({ app: { lambda: { ...makeApp("/").lambda, webClasses: "platform" } } })],
  ["what was built", (_, first) => writeFileSync(main(first), "export const handler = 1;")],
  ["what was built, which is gone", (_, first) => rmSync(first.directory, { recursive: true })],
  ["the memory, cut off", (root) => writeFileSync(memory(root), readFileSync(memory(root)).subarray(0, 100))],
  ["the memory, without what it was built from", (root) => rewrite(memory(root), (known) => ({ ...known, more: { inputs: [] } }))],
  ["the memory, of another folder", (root) => rewrite(memory(root), (known) => ({ ...known, out: root }))],
])("another build is made after a change of: %s", async (_, change) => {
  const root = makeFolder(files);
  const first = await remembered(root);
  const given = (change(root, first) ?? {}) as Change;
  const second = await session(root, given);
  const built = readFileSync(main(second), "utf8");
  rmSync(join(root, ".portico"), { recursive: true });
  const clean = await session(root, given);
  expect(second).toEqual(clean);
  expect(built).toBe(readFileSync(main(clean), "utf8"));
});

function rewrite(file: string, change: (known: Readonly<Record<string, unknown>>) => unknown): void {
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, unknown>>)));
}

it("an edit right after a start that built nothing is built", async () => {
  const root = makeFolder(files);
  await remembered(root);
  const builder = createDevBuilder({ app: makeApp(root), target: "lambda", out: join(root, ".portico/dev/lambda"), env: {} });
  builder.setRoutes(await discover(root));
  await builder.load("index");
  writeFiles(root, { "functions/_lib/word.ts": `export const word = "two";` });
  expect(builder.changed([join(root, "functions/_lib/word.ts")])).toEqual(["index"]);
  expect(readFileSync(main(await builder.load("index")), "utf8")).toContain(`"two"`);
  await builder.close();
});

it("a build that is outdated at the end is not remembered", async () => {
  const root = makeFolder(files);
  const builder = createDevBuilder({ app: makeApp(root), target: "lambda", out: join(root, ".portico/dev/lambda"), env: {} });
  builder.setRoutes(await discover(root));
  await builder.load("index");
  builder.changed([join(root, "functions/_lib/word.ts")]);
  await builder.close();
  expect(existsSync(memory(root))).toBe(false);
});
