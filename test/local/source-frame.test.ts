/** A bundle's stack, mapped by the map beside it: every form of frame that the emulations give. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDevBuilder } from "../../framework/build/dev-builder.ts";
import { frameText, mapFailure } from "../../framework/local/source-frame.ts";
import type { Failure, LoadedFunction } from "../../framework/model/invocation.ts";
import { discover } from "../../framework/routes/discover.ts";
import { plainApp } from "../config/plain-app.ts";
import { makeFolder } from "./gateway-app.ts";

let root: string;
let fn: LoadedFunction;
let place: string;
beforeAll(async () => {
  root = await makeFolder({
    "functions/[id].ts": `import { check } from "./_lib/check.ts";\n\ninterface Unused {}\nexport const GET = () => check(undefined);\n`,
    "functions/_lib/check.ts": `// one\n// two\n// three\nexport const check = (given?: { name: string }) =>\n\tgiven!.name;\n`,
  });
  const builder = createDevBuilder({ app: plainApp(root), target: "lambda", out: join(root, ".portico/dev"), env: {} });
  builder.setRoutes(await discover(root));
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
  ["Lambda's own folder", (at: string) => `    at check (file:///var/task/index.mjs:${at})`, "    at check (functions/_lib/check.ts:5:9)"],
  ["workerd's module name", (at: string) => `    at check (index.mjs:${at})`, "    at check (functions/_lib/check.ts:5:9)"],
  ["a path, anonymous", (at: string) => `    at /var/task/index.mjs:${at}`, "    at functions/_lib/check.ts:5:9"],
  ["async, anonymous", (at: string) => `    at async file:///var/task/index.mjs:${at}`, "    at functions/_lib/check.ts:5:9"],
  [
    "async, named",
    (at: string) => `    at async Object.check [as GET] (/var/task/index.mjs:${at})`,
    "    at async Object.check [as GET] (functions/_lib/check.ts:5:9)",
  ],
])("%s", async (_, frame, expected) => {
  const mapped = await mapFailure(failure(frame(place)), fn, root);
  expect(mapped.stack).toBe(`TypeError: no\n${expected}`);
  expect(mapped.frame).toMatchObject({ file: "functions/_lib/check.ts", line: 5, column: 9 });
});

test("frames that Node has mapped already, under --enable-source-maps", async () => {
  const mapped = await mapFailure(failure(`    at GET (${fn.directory}/functions/[id].ts:4:26)`), fn, root);
  expect(mapped).toMatchObject({
    stack: "TypeError: no\n    at GET (functions/[id].ts:4:26)",
    frame: { file: "functions/[id].ts", line: 4 },
  });
});

test("frames of Node, of other files and of no known form stay as they are", async () => {
  const stack = [
    "Error: at (index.mjs:1:1)",
    "    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
    "    at other (/app/other.mjs:1:1)",
    "    at new Promise (<anonymous>)",
    "    at index.mjs",
  ].join("\n");
  const mapped = await mapFailure({ name: "Error", message: "", stack }, fn, root);
  expect(mapped).toEqual({ name: "Error", message: "", stack });
});

test("the user's own frame is shown, not the runtime's above it", async () => {
  const runtime = await find("Response.json({ error, requestId }", "json");
  const mapped = await mapFailure(failure(`    at x (index.mjs:${runtime})\n    at check (index.mjs:${place})`), fn, root);
  expect(mapped.stack).toMatch(/at x \(portico\/runtime\/problem\.ts:\d+:\d+\)/);
  expect(mapped.frame?.file).toBe("functions/_lib/check.ts");
});

test("nor the light web classes', which refused what the user gave them", async () => {
  const refusal = "throw new RangeError(`${";
  const light = await find(refusal, "RangeError");
  const mapped = await mapFailure(failure(`    at redirect (index.mjs:${light})\n    at check (index.mjs:${place})`), fn, root);
  const [, line] = /at redirect \(portico\/light\/response\.ts:(\d+):\d+\)/.exec(mapped.stack) ?? [];
  expect((await readFile("framework/light/response.ts", "utf8")).split("\n")[Number(line) - 1]).toContain(refusal);
  expect(mapped.frame?.file).toBe("functions/_lib/check.ts");
});

test("what stands between the parts of a bundle is from nowhere", async () => {
  const lines = (await readFile(join(fn.directory, fn.main), "utf8")).split("\n");
  const between = lines.indexOf("})();") + 2;
  expect(lines[between - 1]).toBe("");
  for (const line of [between, between + 1]) {
    const frame = `    at x (index.mjs:${line}:2)`;
    expect(await mapFailure(failure(frame), fn, root)).toEqual(failure(frame));
  }
});

test("an excerpt as text has the lines there are, the failing one marked, its tab kept above the caret", async () => {
  const { frame } = await mapFailure(failure(`    at check (index.mjs:${place})`), fn, root);
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

test("without sourcesContent the file is read; without a map, or with a broken one, the stack stays", async () => {
  const file = join(fn.directory, "index.mjs.map");
  const text = await readFile(file, "utf8");
  const stack = `    at check (index.mjs:${place})`;
  await writeFile(file, JSON.stringify({ ...JSON.parse(text), sourcesContent: undefined }));
  expect((await mapFailure(failure(stack), fn, root)).frame?.excerpt[4]).toEqual({ number: 5, text: "\tgiven!.name;", failing: true });
  await writeFile(file, "{");
  expect(await mapFailure(failure(stack), fn, root)).toEqual(failure(stack));
  await rm(file);
  expect(await mapFailure(failure(stack), fn, root)).toEqual(failure(stack));
});
