/** Holds the rules of the code base over all sources, and checks each rule on a small code base that breaks it. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { importCycles } from "./import-cycles.ts";
import { brokenLayers, roomShares } from "./layers.ts";
import {
  emptyNames,
  exitsElsewhere,
  filledLater,
  foreignCitations,
  impureModel,
  longLines,
  printsElsewhere,
  spreadLiterals,
  tooLong,
  withoutOpening,
  withoutOwnProcess,
} from "./source-rules.ts";
import { readSources, root, type Source } from "./sources.ts";

const tooling = await readSources(root, ["framework", "deploy"]);
const app = await readSources(root, ["functions"]);
const tests = await readSources(root, ["test/!(fixtures|conformance)", ".ci"]);
const openedTests = (await readSources(root, ["test", ".ci"])).filter(
  ({ file }) => !/^test\/(?:.+\/)?fixtures\/|^test\/conformance\/app\//.test(file),
);

/** The sources of a small code base, given as file names and texts. */
async function codeBase(files: Readonly<Record<string, string>>): Promise<Source[]> {
  const directory = await mkdtemp(join(tmpdir(), "portico-code-base-"));
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
  expect(app.map(({ file }) => file)).toContain("functions/guestbook/[[...path]].tsx");
});

test("folders import only what their layer may", async () => {
  expect(brokenLayers([...tooling, ...app])).toEqual([]);

  const broken = await codeBase({
    "framework/runtime/a.ts": `import "node:fs"; import type { B } from "../model/b.ts"; import "hono";`,
    "framework/runtime/middleware.ts": `import { Hono } from "hono/tiny"; import "zod"; new Hono();`,
    "framework/model/b.ts": `import { readFileSync } from "fs"; export type B = 1; readFileSync("");`,
    "framework/bundler/c.ts": `import type { D } from "../routes/d.ts";\nexport type { E } from "../../deploy/e.ts";\n`,
    "framework/routes/d.ts": `export type D = typeof import("../cli/f.ts"); export const e = import("../http/g.ts");`,
    "framework/http/g.ts": `import "../node/h.ts";`,
    "framework/node/h.ts": `export const h = 1;`,
    "framework/cloud/j.ts": `import "./aws/k.ts"; import "./cloudflare/l.ts";`,
    "framework/cloud/aws/k.ts": `import type { L } from "../cloudflare/l.ts"; import "../m.ts"; export type K = L;`,
    "framework/cloud/cloudflare/l.ts": `import "../aws/n.ts"; export type L = 1;`,
    "framework/cloud/aws/n.ts": ``,
    "framework/cloud/m.ts": ``,
    "framework/cli/f.ts": `import "../../deploy/e.ts"; import "../routes/d.ts";`,
    "framework/extra/x.ts": ``,
    "framework/features/o.ts": `import "node:fs"; import "../model/store-schema.ts"; import "../model/b.ts";`,
    "framework/model/store-schema.ts": ``,
    "deploy/e.ts": `import "../framework/model/b.ts"; export type E = typeof import("../framework/runtime/a.ts");`,
    "functions/index.ts": `import "portico"; import "hono/css"; import "./_lib/i.ts"; import "../deploy/e.ts";`,
    "functions/_lib/i.ts": `import "node:fs"; import "portico-else";`,
  });
  expect(brokenLayers(broken).toSorted()).toEqual([
    "deploy/e.ts imports framework/runtime/a.ts",
    "framework/bundler/c.ts imports deploy/e.ts",
    "framework/bundler/c.ts imports framework/routes/d.ts",
    "framework/cloud/aws/k.ts imports framework/cloud/cloudflare/l.ts",
    "framework/cloud/cloudflare/l.ts imports framework/cloud/aws/n.ts",
    "framework/extra/x.ts is in no folder that docs/architecture.md names",
    "framework/features/o.ts imports framework/model/b.ts",
    "framework/features/o.ts imports node:fs",
    "framework/http/g.ts imports framework/node/h.ts",
    "framework/model/b.ts imports fs",
    "framework/routes/d.ts imports framework/cli/f.ts",
    "framework/routes/d.ts imports framework/http/g.ts",
    "framework/runtime/a.ts imports hono",
    "framework/runtime/a.ts imports node:fs",
    "framework/runtime/middleware.ts imports zod",
    "functions/_lib/i.ts imports node:fs",
    "functions/_lib/i.ts imports portico-else",
    "functions/index.ts imports deploy/e.ts",
  ]);
});

test("no room of framework has more than 35 % of its lines", async () => {
  const large = [...roomShares(tooling)].filter(([, share]) => share > 0.35);
  expect(large).toEqual([]);

  const small = await codeBase({
    "framework/cloud/aws/a.ts": "\n\n//",
    "framework/cloud/cloudflare/b.ts": "//",
    "framework/cloud/c.ts": "//",
    "framework/http/d.ts": "\n\n\n\n//",
    "deploy/e.ts": "//",
  });
  expect(Object.fromEntries(roomShares(small))).toEqual({
    cloud: 0.1,
    "cloud/aws": 0.3,
    "cloud/cloudflare": 0.1,
    http: 0.5,
  });
});

test("no imports go in a circle, type imports counted", async () => {
  expect(importCycles([...tooling, ...app])).toEqual([]);
  expect(importCycles(tests)).toEqual([]);

  const circles = await codeBase({
    "deploy/a.ts": `import { b } from "./b.ts"; export const a = () => b;`,
    "deploy/b.ts": `import { c } from "./c.ts"; export const b = () => c;`,
    "deploy/c.ts": `import { a } from "./a.ts"; import "./e.ts"; export const c = () => a;`,
    "deploy/d.ts": `import { a } from "./a.ts"; export type D = typeof a; export const e = () => import("./d.ts");`,
    "deploy/e.ts": `import type { F } from "./f.ts"; export const e: F = 1;`,
    "deploy/f.ts": `export type F = 1 | typeof import("./e.ts");`,
  });
  expect(importCycles(circles)).toEqual([
    ["deploy/e.ts", "deploy/f.ts"],
    ["deploy/a.ts", "deploy/b.ts", "deploy/c.ts"],
  ]);
});

test("the model is pure", async () => {
  expect(impureModel(tooling)).toEqual([]);

  const broken = await codeBase({
    "framework/model/a.ts": `/** process.env in a comment */ export const now = () => Date.now() + performance.now();`,
    "framework/http/b.ts": `export const now = () => Date.now();`,
  });
  expect(impureModel(broken)).toEqual([
    "framework/model/a.ts has Date.now",
    "framework/model/a.ts has performance.now",
  ]);
});

test("only cli/bin reads process.argv and exits", async () => {
  expect(exitsElsewhere([...tooling, ...app])).toEqual([]);

  const broken = await codeBase({
    "framework/cli/bin.js": `process.exit(process.argv.length)`,
    "deploy/a.ts": `// process.exit(0)\nprocess.exit(1);`,
  });
  expect(exitsElsewhere(broken)).toEqual(["deploy/a.ts has process.exit"]);
});

test("only the Reporter prints", async () => {
  expect(printsElsewhere(tooling)).toEqual([]);

  const broken = await codeBase({
    "framework/cli/reporter.ts": `process.stdout.write("")`,
    "framework/runtime/a.ts": `console.error(1); console.log(2);`,
    "framework/bundler/b.ts": `/** console.log in a comment */\nconst log = console.warn;\nprocess.stderr.write("");`,
  });
  expect(printsElsewhere(broken)).toEqual([
    "framework/bundler/b.ts has console.warn",
    "framework/bundler/b.ts has process.stderr.write",
    "framework/runtime/a.ts has console.log",
  ]);
});

test("every file opens with a sentence, is short and well named", async () => {
  expect(openedTests.map(({ file }) => file)).toContain("test/until.ts");
  expect(withoutOpening([...tooling, ...openedTests])).toEqual([]);
  expect(tooLong([...tooling, ...app])).toEqual([]);
  expect(emptyNames([...tooling, ...app, ...tests])).toEqual([]);

  const broken = await codeBase({
    "deploy/a.ts": `/** A sentence. */\nexport const a = 1;`,
    "deploy/b.ts": `/** no end */ export const b = 1;`,
    "deploy/c.ts": `import "./a.ts";\n/** Too late. */`,
    "deploy/d.ts": `// @module-tag check\n/** A sentence. */\nexport const d = 1;`,
    "deploy/e.ts": `// A comment.\n/** A sentence. */\nexport const e = 1;`,
    "deploy/zip-utils.ts": `/** A list. */\n${"// line\n".repeat(300)}`,
  });
  expect(withoutOpening(broken)).toEqual([
    "deploy/b.ts has no opening sentence",
    "deploy/c.ts has no opening sentence",
    "deploy/e.ts has no opening sentence",
  ]);
  expect(tooLong(broken)).toEqual(["deploy/zip-utils.ts has 301 lines"]);
  expect(emptyNames(broken)).toEqual(["deploy/zip-utils.ts has a name without a meaning"]);
});

test("lines have at most 120 characters", async () => {
  expect(longLines([...tooling, ...app, ...tests])).toEqual([]);

  const broken = await codeBase({
    "deploy/a.ts": `export const a = 1;\n// ${"x".repeat(118)}\n// https://example.com/${"x".repeat(120)}`,
  });
  expect(longLines(broken)).toEqual(["deploy/a.ts:2 has 121 characters"]);
});

test("records are written where they are used, and no context is filled later", async () => {
  expect(spreadLiterals([...tooling, ...app, ...tests])).toEqual([]);
  expect(filledLater([...tooling, ...app])).toEqual([]);

  const broken = await codeBase({
    "deploy/a.ts": `const [a, b] = [1, 2]; export const c = { ...${"{ a, b }"}, d: 3, ...(a && { e: 4 }) };`,
    "deploy/b.ts": `const run = {}; Object.assign(run, { a: 1 }); Object.assign({}, run);`,
    "deploy/c.ts": `export let read: () => 1;\nexport class C { static { read = () => 1; } }`,
    "deploy/d.ts": `export let log: () => void;\nexport const fill = (to: typeof log) => { log = to; };`,
  });
  expect(spreadLiterals(broken)).toEqual([`deploy/a.ts has ...${"{ a"}`]);
  expect(filledLater(broken)).toEqual(["deploy/b.ts has Object.assign(run", "deploy/d.ts has export let log"]);
});

test("comments cite nothing that is not in the repository", async () => {
  expect(foreignCitations([...tooling, ...app, ...tests])).toEqual([]);

  const broken = await codeBase({
    "deploy/a.ts": [
      `/** A file (${"facts"}/aws.md); see`,
      ` * ${"framework"}/gone.ts and docs/architecture.md. */`,
      `export const a = 1;`,
    ].join("\n"),
    "deploy/b.ts": [
      `// docs/${"decisions"}/999, docs/decisions/001`,
      `export const b = "framework/no-comment.ts"; // ${"design"}.md §3`,
    ].join("\n"),
  });
  expect(foreignCitations(broken)).toEqual([
    "deploy/a.ts cites facts/",
    "deploy/a.ts cites framework/gone.ts",
    "deploy/b.ts cites design.md",
    "deploy/b.ts cites decisions/999",
  ]);
});

test("a test file that changes its process has one of its own", () => {
  expect(withoutOwnProcess(tests)).toEqual([]);
  const changing = { file: "test/a.test.ts", text: `process.${"chdir"}("/");`, imports: [] };
  expect(
    withoutOwnProcess([changing, { ...changing, text: `// @module-tag isolated\n${changing.text}` }]),
  ).toHaveLength(1);
});
