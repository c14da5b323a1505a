/** The laws of the house held over all sources, and each law's checker over a small house that breaks it. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { importCycles } from "./cycles.ts";
import { emptyNames, exitsElsewhere, printsElsewhere, tooLong, withoutOpening } from "./habits.ts";
import { brokenLaws } from "./layers.ts";
import { readSources, root, type Source } from "./sources.ts";

const tooling = await readSources(root, ["framework", "deploy"]);
const app = await readSources(root, ["functions"]);
const tests = await readSources(root, ["test/!(fixtures|conformance)", ".ci"]);

/** Sources of a made-up house: file names and texts in, as readSources gives them. */
async function house(files: Readonly<Record<string, string>>): Promise<Source[]> {
  const directory = await mkdtemp(join(tmpdir(), "portico-house-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(directory, dirname(file)), { recursive: true });
    await writeFile(join(directory, file), text);
  }
  return readSources(directory, ["framework", "deploy", "functions"]);
}

test("every source is read", () => {
  expect(tooling.length).toBeGreaterThan(50);
  expect(tooling.flatMap(({ imports }) => imports).filter(({ typeOnly }) => typeOnly).length).toBeGreaterThan(50);
  expect(app.map(({ file }) => file)).toContain("functions/index.tsx");
});

test("folders import only what their layer may", async () => {
  expect(brokenLaws([...tooling, ...app])).toEqual([]);

  const broken = await house({
    "framework/runtime/a.ts": `import "node:fs"; import type { B } from "../model/b.ts"; import { Hono } from "hono"; new Hono();`,
    "framework/runtime/middleware.ts": `import { Hono } from "hono/tiny"; import "zod"; new Hono();`,
    "framework/model/b.ts": `import { readFileSync } from "fs"; export type B = 1; readFileSync("");`,
    "framework/build/c.ts": `import type { D } from "../routes/d.ts";\nexport type { E } from "../../deploy/e.ts";\n`,
    "framework/routes/d.ts": `export type D = typeof import("../cli/f.ts");\nexport const load = () => import("../local/g.ts");`,
    "framework/local/g.ts": `import "../node/h.ts";`,
    "framework/node/h.ts": `export const h = 1;`,
    "framework/cli/f.ts": `import "../../deploy/e.ts"; import "../routes/d.ts";`,
    "framework/extra/x.ts": ``,
    "deploy/e.ts": `import "../framework/model/b.ts";\nimport type { R } from "../framework/runtime/a.ts";\nexport type E = R;`,
    "functions/index.ts": `import { html } from "portico"; import "hono/css"; import "./_lib/i.ts"; import "../framework/model/b.ts"; html("");`,
    "functions/_lib/i.ts": `import "node:fs"; import "portico-else";`,
  });
  expect(brokenLaws(broken).toSorted()).toEqual([
    "deploy/e.ts imports framework/runtime/a.ts",
    "framework/build/c.ts imports deploy/e.ts",
    "framework/build/c.ts imports framework/routes/d.ts",
    "framework/extra/x.ts is in no folder that design.md names",
    "framework/model/b.ts imports fs",
    "framework/routes/d.ts imports framework/cli/f.ts",
    "framework/routes/d.ts imports framework/local/g.ts",
    "framework/runtime/a.ts imports hono",
    "framework/runtime/a.ts imports node:fs",
    "framework/runtime/middleware.ts imports zod",
    "functions/_lib/i.ts imports node:fs",
    "functions/_lib/i.ts imports portico-else",
    "functions/index.ts imports framework/model/b.ts",
  ]);
});

test("no value imports go in a circle", async () => {
  expect(importCycles([...tooling, ...app])).toEqual([]);
  expect(importCycles(tests)).toEqual([]);

  const circle = await house({
    "deploy/a.ts": `import { b } from "./b.ts"; export const a = () => b;`,
    "deploy/b.ts": `import { c } from "./c.ts"; export const b = () => c;`,
    "deploy/c.ts": `import { a } from "./a.ts"; import type { D } from "./d.ts"; export const c = (d: D) => [a, d];`,
    "deploy/d.ts": `import { c } from "./c.ts"; export type D = typeof c; export const e = () => import("./d.ts");`,
  });
  expect(importCycles(circle)).toEqual([["deploy/a.ts", "deploy/b.ts", "deploy/c.ts", "deploy/a.ts"]]);
});

test("only cli/bin reads process.argv and exits", async () => {
  expect(exitsElsewhere([...tooling, ...app])).toEqual([]);

  const broken = await house({
    "framework/cli/bin.js": `process.exit(process.argv.length)`,
    "deploy/a.ts": `// process.exit(0)\nprocess.exit(1);`,
  });
  expect(exitsElsewhere(broken)).toEqual(["deploy/a.ts says process.exit"]);
});

test("only the Reporter prints", async () => {
  expect(printsElsewhere(tooling)).toEqual([]);

  const broken = await house({
    "framework/cli/reporter.ts": `process.stdout.write("")`,
    "framework/runtime/a.ts": `console.error(1); console.log(2);`,
    "framework/build/b.ts": `/** console.log in a comment */\nconst log = console.warn;\nprocess.stderr.write("");`,
  });
  expect(printsElsewhere(broken)).toEqual([
    "framework/build/b.ts says console.warn",
    "framework/build/b.ts says process.stderr.write",
    "framework/runtime/a.ts says console.log",
  ]);
});

test("every file opens with what it is, and is short and well named", async () => {
  expect(withoutOpening(tooling)).toEqual([]);
  expect(tooLong(tooling)).toEqual([]);
  expect(emptyNames([...tooling, ...app, ...tests])).toEqual([]);

  const broken = await house({
    "deploy/a.ts": `/** A sentence. */\nexport const a = 1;`,
    "deploy/b.ts": `/** no end */ export const b = 1;`,
    "deploy/c.ts": `import "./a.ts";\n/** Too late. */`,
    "deploy/zip-utils.ts": `/** A list. */\n${"// line\n".repeat(300)}`,
  });
  expect(withoutOpening(broken)).toEqual(["deploy/b.ts has no opening sentence", "deploy/c.ts has no opening sentence"]);
  expect(tooLong(broken)).toEqual(["deploy/zip-utils.ts has 301 lines"]);
  expect(emptyNames(broken)).toEqual(["deploy/zip-utils.ts says nothing"]);
});
