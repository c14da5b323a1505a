/** What a function that imports `portico/store` has, and that others stay as they are. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build as esbuild } from "esbuild";
import { describe, expect, it } from "vitest";
import { bundleOptions } from "../../framework/bundler/esbuild-options.ts";
import { targets } from "../../framework/model/target.ts";
import { build, makeFolder } from "./test-app.ts";

const plain = `export const GET = () => new Response("hi");\n`;
const files = {
  "functions/index.ts": plain,
  "functions/count.ts":
    `import { add } from "./_lib/count.ts";\n` +
    `export const GET = async (_: Request, context: never) => new Response(String(await add(context)));\n`,
  "functions/_lib/count.ts":
    `import { store } from "portico/store";\n` +
    `export const add = (context: never) => store<number>(context, "visits").add("all");\n`,
  "functions/typed.ts":
    `import type { Entry } from "portico/store";\n` +
    `export const GET = () => Response.json({ value: 1, version: "" } satisfies Entry<number>);\n`,
};

describe("compressed bytes of the store", () => {
  // What it is made of: docs/decisions/101.
  it.each([
    ["lambda", 3352],
    ["workers", 1851],
    ["node", 2443],
  ] as const)("are on %s at most %d, without rateLimit and idempotent", async (target, most) => {
    const entries = new Map([
      ["entry/it", `import { store } from "portico/store"; export const open = (c) => store(c, "a");`],
    ]);
    const options = bundleOptions({ root: makeFolder(files), target, entries }, "production");
    const result = await esbuild({
      ...options,
      sourcemap: false,
      entryPoints: [{ in: "portico:entry/it", out: "it" }],
    });
    const [code] = result.outputFiles;
    expect(code!.text).not.toMatch(/idempotency-key|_rate-limit/);
    expect(gzipSync(code!.contents, { level: 9 }).length).toBeLessThanOrEqual(most);
  });
});

describe.each(targets)("on %s", (target) => {
  it("the manifest says which functions need a store, whatever imports it", async () => {
    const { manifest } = await build(makeFolder(files), target);
    const needs = Object.fromEntries(manifest.functions.map((fn) => [fn.id, fn.needs]));
    expect(needs).toEqual({ index: undefined, count: ["store"], typed: undefined });
  });

  it("a function has the engine of its target alone", async () => {
    const { out, manifest } = await build(makeFolder(files), target);
    const { main } = manifest.functions.find(({ id }) => id === "count")!;
    const code = readFileSync(join(out, main), "utf8");
    const marks = { lambda: "DynamoDB_20120810", workers: "D1 failed", node: "node:sqlite" };
    for (const [name, mark] of Object.entries(marks)) expect(code.includes(mark), name).toBe(name === target);
  });

  it("a function without it is equal in an app where another one has it", async () => {
    const read = async (root: string): Promise<Buffer> => {
      const { out, manifest } = await build(root, target);
      return readFileSync(join(out, manifest.functions.find(({ id }) => id === "index")!.main));
    };
    const { "functions/index.ts": index } = files;
    expect(await read(makeFolder(files))).toEqual(
      await read(makeFolder({ "functions/index.ts": index, "functions/count.ts": plain, "functions/typed.ts": plain })),
    );
  });
});

it("a function of several routes needs what any of them needs", async () => {
  const { manifest } = await build(makeFolder(files), "lambda", { group: "app" });
  expect(manifest.functions.map(({ id, needs }) => [id, needs])).toEqual([["app", ["store"]]]);

  const lambda = { ...manifest.app.lambda, front: "function-url" } as const;
  const behindUrl = await build(makeFolder(files), "lambda", { group: "app", lambda });
  expect(behindUrl.manifest.functions.map(({ id, needs }) => [id, needs])).toEqual([["app", ["store"]]]);
});
