/** Mapped stacks of bundles, in every form of frame that the emulations produce. */
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDevBuilder } from "../../framework/bundler/dev-builder.ts";
import { frameText, mapFailure } from "../../framework/dev/source-frame.ts";
import type { Failure, LoadedFunction } from "../../framework/model/invocation.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import { defaultApp } from "../config/default-app.ts";
import { makeFolder } from "./gateway-app.ts";

let root: string;
let fn: LoadedFunction;
let place: string;
beforeAll(async () => {
  root = await makeFolder({
    "functions/[id].ts":
      `import { check } from "./_lib/check.ts";\n\ninterface Unused {}\n` +
      `export const GET = () => check(undefined);\n`,
    "functions/_lib/check.ts":
      `// one\n// two\n// three\n` + `export const check = (given?: { name: string }) =>\n\tgiven!.name;\n`,
  });
  const builder = createDevBuilder({
    app: defaultApp(root),
    target: "lambda",
    out: join(root, ".portico/dev"),
    env: {},
  });
  builder.setRoutes(await discoverRoutes(root));
  fn = await builder.load("id");
  await builder.close();
  place = await find("given.name", ".name");
});
afterAll(() => rm(root, { recursive: true }));

/** `line:column` of a text in the bundle, as V8 counts. */
async function find(text: string, offset: string): Promise<string> {
  const lines = (await readFile(join(fn.directory, fn.main), "utf8")).split("\n");
  const index = lines.findIndex((line) => line.includes(text));
  return `${index + 1}:${lines[index]!.indexOf(text) + text.indexOf(offset) + 2}`;
}

const failure = (frame: string): Failure => ({ name: "TypeError", message: "no", stack: `TypeError: no\n${frame}` });

test.each([
  [
    "a URL with a query",
    (at: string) => `    at check (file://${fn.directory}/index.mjs?0a1b:${at})`,
    "    at check (functions/_lib/check.ts:5:9)",
  ],
  [
    "Lambda's own folder",
    (at: string) => `    at check (file:///var/task/index.mjs:${at})`,
    "    at check (functions/_lib/check.ts:5:9)",
  ],
  [
    "workerd's module name",
    (at: string) => `    at check (index.mjs:${at})`,
    "    at check (functions/_lib/check.ts:5:9)",
  ],
  ["a path, anonymous", (at: string) => `    at /var/task/index.mjs:${at}`, "    at functions/_lib/check.ts:5:9"],
  [
    "async, anonymous",
    (at: string) => `    at async file:///var/task/index.mjs:${at}`,
    "    at functions/_lib/check.ts:5:9",
  ],
  [
    "async, named",
    (at: string) => `    at async Object.check [as GET] (/var/task/index.mjs:${at})`,
    "    at async Object.check [as GET] (functions/_lib/check.ts:5:9)",
  ],
])("%s", async (_, frame, expected) => {
  const mapped = await mapFailure(failure(frame(place)), fn, { root, target: "lambda" });
  expect(mapped.stack).toBe(`TypeError: no\n${expected}`);
  expect(mapped.frame).toMatchObject({ file: "functions/_lib/check.ts", line: 5, column: 9 });
});

test("a frame that Node has mapped under --enable-source-maps", async () => {
  const mapped = await mapFailure(failure(`    at GET (${fn.directory}/functions/[id].ts:4:26)`), fn, {
    root,
    target: "lambda",
  });
  expect(mapped).toMatchObject({
    stack: "TypeError: no\n    at GET (functions/[id].ts:4:26)",
    frame: { file: "functions/[id].ts", line: 4 },
  });
});

test("frames of Node, of other files and of unknown forms stay unmapped", async () => {
  const stack = [
    "Error: at (index.mjs:1:1)",
    "    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
    "    at other (/app/other.mjs:1:1)",
    "    at new Promise (<anonymous>)",
    "    at index.mjs",
  ].join("\n");
  const mapped = await mapFailure({ name: "Error", message: "", stack }, fn, { root, target: "lambda" });
  expect(mapped).toEqual({ name: "Error", message: "", stack });
});

test("the user's own frame is shown in place of the runtime's above it", async () => {
  const runtime = await find("Response.json({ error, requestId }", "json");
  const mapped = await mapFailure(failure(`    at x (index.mjs:${runtime})\n    at check (index.mjs:${place})`), fn, {
    root,
    target: "lambda",
  });
  expect(mapped.stack).toMatch(/at x \(portico\/runtime\/error-response\.ts:\d+:\d+\)/);
  expect(mapped.frame?.file).toBe("functions/_lib/check.ts");
});

test("the user's own frame is shown in place of the web classes' above it", async () => {
  const light = await find("throw new RangeError(", "RangeError");
  const mapped = await mapFailure(
    failure(`    at redirect (index.mjs:${light})\n    at check (index.mjs:${place})`),
    fn,
    { root, target: "lambda" },
  );
  expect(mapped.stack).toContain("at redirect (portico/light:1:1)");
  expect(mapped.frame?.file).toBe("functions/_lib/check.ts");
});

test("a frame in a dynamically imported module is mapped by that module's map", async () => {
  const folder = await makeFolder({
    "functions/index.ts": `export const GET = async () => (await import("./_lib/late.ts")).fail();\n`,
    "functions/_lib/late.ts": `// one\n// two\nexport const fail = () => {\n  throw new Error("late");\n};\n`,
  });
  const builder = createDevBuilder({
    app: defaultApp(folder),
    target: "lambda",
    out: join(folder, ".portico/dev"),
    env: {},
  });
  builder.setRoutes(await discoverRoutes(folder));
  const late = await builder.load("index");
  await builder.close();
  const name = (await readdir(late.directory)).find((file) => /^late-.*\.mjs$/.test(file))!;
  const lines = (await readFile(join(late.directory, name), "utf8")).split("\n");
  const line = lines.findIndex((text) => text.includes("throw new Error"));
  const frame = `    at fail (file:///var/task/${name}:${line + 1}:${lines[line]!.indexOf("new") + 1})`;
  const mapped = await mapFailure(failure(frame), late, { root: folder, target: "lambda" });
  expect(mapped.stack).toBe("TypeError: no\n    at fail (functions/_lib/late.ts:4:9)");
  expect(mapped.frame).toMatchObject({ file: "functions/_lib/late.ts", line: 4 });
  await rm(folder, { recursive: true });
});

test("an excerpt as text marks the failing line and keeps its tab above the caret", async () => {
  const { frame } = await mapFailure(failure(`    at check (index.mjs:${place})`), fn, { root, target: "lambda" });
  expect(frameText(frame!)).toBe(
    [
      "  1 | // one",
      "  2 | // two",
      "  3 | // three",
      "  4 | export const check = (given?: { name: string }) =>",
      "> 5 | \tgiven!.name;",
      "    | \t       ^",
      "  6 | ",
    ].join("\n"),
  );
});

test("without sourcesContent the source file is read; without a valid map the stack stays unmapped", async () => {
  const own = { ...fn, directory: `${fn.directory}-own` };
  await cp(fn.directory, own.directory, { recursive: true });
  const file = join(own.directory, "index.mjs.map");
  const text = await readFile(file, "utf8");
  const stack = `    at check (index.mjs:${place})`;
  await writeFile(file, JSON.stringify({ ...JSON.parse(text), sourcesContent: undefined }));
  expect((await mapFailure(failure(stack), own, { root, target: "lambda" })).frame?.excerpt[4]).toEqual({
    number: 5,
    text: "\tgiven!.name;",
    failing: true,
  });
  await writeFile(file, "{");
  expect(await mapFailure(failure(stack), own, { root, target: "lambda" })).toEqual(failure(stack));
  await rm(file);
  expect(await mapFailure(failure(stack), own, { root, target: "lambda" })).toEqual(failure(stack));
});
