/** Modules that a function finds: in its zip, in Node and in Lambda's runtime, never beside the app's build. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished, describe, expect, it } from "vitest";
import type { LoadedFunction } from "../../../framework/model/invocation.ts";
import { start } from "./harness.ts";

/** A name that no bundler sees, as packages with a part per platform ask for it. */
const calc = `["ca", "lc"].join("")`;

const seen = `import { createRequire } from "node:module"; import { Worker } from "node:worker_threads";
  import { tmpdir } from "node:os"; import { writeFileSync } from "node:fs";
const load = createRequire(import.meta.url);
const ways = {
  require: () => load(${calc}), resolve: () => load.resolve(${calc}), paths: () => load.resolve(${calc},
  { paths: [process.cwd()] }),
  import: () => import(${calc}), metaResolve: () => import.meta.resolve(${calc}),
  relative: () => import(["../../../node_modules", "calc/index.js"].join("/")),
  elsewhere: () => createRequire(new URL("../../../x.js", import.meta.url))(${calc}),
  linked: () => import("./linked.mjs"),
  written: () => { writeFileSync(tmpdir() + "/w.mjs", "export { add } from 'calc'");
  return import(tmpdir() + "/w.mjs"); },
  worker: () => new Promise((done, fail) => {
    const names = "Object.keys(require(" + JSON.stringify(${calc}) + "))";
    const source = "require('node:worker_threads').parentPort.postMessage(" + names + ")";
    new Worker(source, { eval: true }).on("message", done).on("error", fail);
  }),
};
export const handler = async () => {
  const codes = {};
  for (const [way, run] of Object.entries(ways)) { try { await run(); codes[way] = "found";
  } catch (error) { codes[way] = error.code; } }
  return codes;
};`;

/**
 * A function built inside an app with a package in node_modules, as dev and the local cloud have it. @param files of
 * the zip
 */
function functionIn(
  files: Readonly<Record<string, string>>,
  app: Readonly<Record<string, string>> = {},
): LoadedFunction {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "portico-modules-")));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const directory = join(root, ".portico/dev/hello");
  const inApp = {
    "package.json": `{"name":"app","type":"module"}`,
    "node_modules/calc/package.json": `{"name":"calc","type":"module","exports":"./index.js"}`,
    "node_modules/calc/index.js": `export const add = (a, b) => a + b;`,
    ...app,
  };
  for (const [name, text] of [
    ...Object.entries(inApp).map(([name, text]) => [join(root, name), text] as const),
    ...Object.entries(files).map(([name, text]) => [join(directory, name), text] as const),
  ]) {
    mkdirSync(dirname(name), { recursive: true });
    writeFileSync(name, text);
  }
  return { id: "hello", hash: "1", directory, main: "index.mjs", memory: 256, timeout: 30, env: {} };
}

describe("modules of the app that its zip does not hold", () => {
  const [missing, missingImport] = ["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"];
  const none = {
    require: missing,
    resolve: missing,
    paths: missing,
    elsewhere: missing,
    worker: missing,
    import: missingImport,
    metaResolve: missingImport,
    relative: missingImport,
    linked: missingImport,
    written: missingImport,
  };

  it.each([false, true])("are found by no kind of import (spare process: %s)", async (ahead) => {
    const fn = functionIn({ "index.mjs": seen });
    symlinkSync("../../../node_modules/calc/index.js", join(fn.directory, "linked.mjs"));
    expect((await start(ahead ? { spareProcess: fn } : {}).call(fn)).value).toEqual(none);
  });

  it("are not found through a NODE_PATH that names them", async () => {
    const fn = functionIn({ "index.mjs": seen });
    const through = { ...fn, env: { NODE_PATH: join(fn.directory, "../../../node_modules") } };
    expect((await start().call(through)).value).toEqual(none);
  });

  it("fail with Node's own errors", async () => {
    const fn = functionIn({ "index.mjs": `await import(${calc}); export const handler = async () => 1;` });
    const { value, functionError } = await start().call(fn);
    expect(functionError).toBe("Unhandled");
    expect(value).toMatchObject({
      errorType: "Runtime.ImportModuleError",
      errorMessage: `Error: Cannot find package 'calc' imported from ${join(fn.directory, "index.mjs")}`,
    });
  });
});

it("modules of the zip are found, also packages with dependencies", async () => {
  const fn = functionIn({
    "index.mjs": `import { createRequire } from "node:module"; const load = createRequire(import.meta.url);
export const handler = async () => [load(${calc}).add(1, 2), (await import("./chunks/part.mjs")).sum,
load.resolve(${calc}).startsWith(process.env.LAMBDA_TASK_ROOT)];`,
    "chunks/part.mjs": `import { add } from "calc"; export const sum = add(2, 3);`,
    "node_modules/calc/package.json": `{"name":"calc","main":"index.js"}`,
    "node_modules/calc/index.js": `exports.add = require("plus").plus;`,
    "node_modules/plus/package.json": `{"name":"plus","main":"index.js"}`,
    "node_modules/plus/index.js": `exports.plus = (a, b) => a + b;`,
  });
  expect((await start().call(fn)).value).toEqual([3, 5, true]);
});

it("the SDK of Lambda's runtime is found in the app; its dependencies are found only by it", async () => {
  const fn = functionIn(
    {
      "index.mjs": `import { createRequire } from "node:module"; const load = createRequire(import.meta.url);
const sdk = ["@aws-sdk", "client-x"].join("/");
export const handler = async () => [load(sdk).x, (await import(sdk)).x, await import(["its",
"own"].join("-")).then(() => "found", ({ code }) => code)];`,
    },
    {
      "node_modules/@aws-sdk/client-x/package.json": `{"name":"@aws-sdk/client-x","main":"index.js"}`,
      "node_modules/@aws-sdk/client-x/index.js": `exports.x = require("its-own");`,
      "node_modules/its-own/index.js": `module.exports = "x";`,
    },
  );
  expect((await start().call(fn)).value).toEqual(["x", "x", "ERR_MODULE_NOT_FOUND"]);
});
