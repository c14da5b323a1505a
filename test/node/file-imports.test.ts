/** Tests that an app's tests can import .html, .txt, .sql and .wasm files, in Node's test runner, vitest and tsc. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addWasm } from "../bundler/test-app.ts";
import { root as repository } from "../architecture/sources.ts";

const modules = join(repository, "node_modules");
const run = promisify(execFile);

const route = `import { html } from "portico";
import page from "./_lib/page.html";
import view from "./_views/view.jinja";
import note from "./_lib/it's a note.txt";
import query from "./_lib/query.sql";
import add from "./_lib/add.wasm";

export const sum = (new WebAssembly.Instance(add).exports["add"] as (a: number, b: number) => number)(2, 3);
export const text: string = page + note + query + view.render({ name: "<" });
export const GET = (): Response => html(text + sum);
`;
const check = `import { GET } from "./functions/index.ts";
test("imports", async () => {
  const text = await (await GET()).text();
  if (text !== "<p>\\u00e9 \${x} \\\\n</p>note;[&lt;]5") throw new Error(text);
});
`;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "portico-files-"));
  for (const name of ["_lib", "_views"]) await mkdir(join(root, "functions", name), { recursive: true });
  await mkdir(join(root, "node_modules"));
  for (const name of ["vitest", "typescript", "hono"])
    await symlink(join(modules, name), join(root, "node_modules", name));
  await symlink(repository, join(root, "node_modules/portico"));
  const files = {
    "package.json": `{ "type": "module" }`,
    "tsconfig.json": JSON.stringify({
      extends: join(repository, "framework/cli/template/tsconfig.json"),
      include: ["functions", "routes.d.ts"],
    }),
    "hosting.json": `{ "name": "files" }`,
    "functions/index.ts": route,
    "functions/_lib/page.html": "<p>é ${x} \\n</p>",
    "functions/_lib/it's a note.txt": "note",
    "functions/_views/view.jinja": `{% include "part.jinja" %}{% include "none.jinja" ignore missing %}`,
    "functions/_views/part.jinja": "[{{ name }}]",
    "functions/_lib/query.sql": ";",
    "functions/_lib/add.wasm": addWasm,
    "own.test.ts": `import { test } from "node:test";\n${check}`,
    "vitest.config.ts": `import { portico } from "portico/vitest";
export default { plugins: [portico()], test: { include: ["*.vitest.ts"] } };`,
    "own.vitest.ts": `import { test } from "vitest";\n${check}`,
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content);
});
afterAll(() => rm(root, { recursive: true }));

test("node --import portico/register --test", async () => {
  const { stdout } = await run(process.execPath, ["--import", "portico/register", "--test", "own.test.ts"], {
    cwd: root,
    env: plainEnv(),
  });
  expect(stdout).toMatch(/pass 1\n/);
});

test("vitest with the plugin", async () => {
  const { stdout } = await run(process.execPath, [join(modules, "vitest/vitest.mjs"), "run"], {
    cwd: root,
    env: plainEnv(),
  });
  expect(stdout).toMatch(/Tests .*1 passed/);
});

test("the compiler knows their types from the package, and those of templates from portico types", async () => {
  await run(process.execPath, [join(repository, "framework/cli/bin.js"), "types"], { cwd: root });
  const { stdout } = await run(process.execPath, [join(modules, "typescript/bin/tsc"), "-p", "."], { cwd: root });
  expect(stdout).toBe("");
});

/** Without what the runner of this test says to its children. */
function plainEnv(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_)|^TEST$/.test(name));
  return { ...Object.fromEntries(own), NO_COLOR: "1" };
}
