/**
 * Bundling of published packages on every target: CommonJS, native code, missing packages, files and external packages.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import type { App } from "../../framework/model/app.ts";
import type { Target } from "../../framework/model/target.ts";
import { isAppFile } from "../../framework/bundler/app-files.ts";
import { createDevBuilder } from "../../framework/bundler/dev-builder.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import { build, type Files, makeApp, makeFolder, writeFiles } from "./test-app.ts";
import { answers, sameAnswer, unzip } from "./target-answers.ts";

describe("CommonJS variables", () => {
  it("have the values of a CommonJS bundle", async () => {
    const root = makeFolder({
      "functions/a.ts": `import lib from "lib"; export const GET = () => Response.json(lib.all());`,
      "functions/b.ts": `import lib from "lib"; export const GET = () => Response.json(lib.all());`,
      "node_modules/lib/package.json": `{"name":"lib","main":"index.js"}`,
      "node_modules/lib/index.js":
        `const path = require("path"); const standard = path.join(__dirname, "locales");
const code = (run) => { try { return run(); } catch (error) { return error.code; } };
exports.all = () => [path.relative(__dirname, standard), path.dirname(__filename).startsWith(__dirname), ` +
        `typeof require, require.main === module,
  code(() => require(["no", "such"].join("-"))), code(() => require.resolve(["no", "such"].join("-"))), ` +
        `require("node:os") === require(["node:", "os"].join(""))];`,
    });
    const expected = JSON.stringify(["locales", true, "function", false, "MODULE_NOT_FOUND", "MODULE_NOT_FOUND", true]);
    expect(await answers(root, "a", "/a")).toEqual(sameAnswer(expected));
  });

  it("load a module of Node where they require it, and not what its exports would load", async () => {
    const root = makeFolder({
      "functions/a.ts": `import lib from "lib"; export const GET = () => Response.json(lib.all());`,
      "node_modules/lib/package.json": `{"name":"lib","main":"index.js"}`,
      "node_modules/lib/index.js": `const has = (name) => process.moduleLoadList.includes("NativeModule " + name);
const found = [has("http"), typeof require("http").request, has("http"), has("internal/deps/undici/undici")];
exports.all = () => [...found, has("repl"), typeof require("node:repl").start];`,
    });
    const expected = JSON.stringify([false, "function", true, false, false, "function"]);
    // The other runs are in this process, which has them already.
    expect(await answers(root, "a", "/a")).toMatchObject({ lambda: expected, "lambda dev": expected });
  });

  it("are told of a module that a newer Node has, as by Node itself", async () => {
    const root = makeFolder({
      "functions/a.ts": `import lib from "lib"; export const GET = () => new Response(lib.sqlite());`,
      "node_modules/lib/package.json": `{"name":"lib","main":"index.js"}`,
      "node_modules/lib/index.js": `exports.sqlite = () => {
  try { return typeof require("node:sqlite"); } catch (error) { return error.code; }
};`,
    });
    const { out } = await build(root, "node");
    const ask =
      `const { default: fetch } = await import(${JSON.stringify(pathToFileURL(join(out, "index.js")))});` +
      `console.log(await (await fetch(new Request("http://a/a"))).text());`;
    const answer = (flags: readonly string[]): string =>
      execFileSync(process.execPath, [...flags, "--input-type=module", "-e", ask], { encoding: "utf8" }).trim();
    expect(answer([])).toBe("object");
    // As on a Node that does not have it.
    expect(answer(["--no-experimental-sqlite"])).toBe("ERR_UNKNOWN_BUILTIN_MODULE");
  });

  it("do not replace the app's own declarations", async () => {
    const root = makeFolder({
      "functions/a.ts":
        `import { dirname } from "node:path"; import { fileURLToPath } from "node:url"; ` +
        `import lib from "lib";
const __dirname = dirname(fileURLToPath(import.meta.url)); const require = (name: string) => name + "!";
export const GET = () => new Response(require(__dirname === dirname(fileURLToPath(import.meta.url)) ? lib : "other"));`,
      "node_modules/lib/package.json": `{"name":"lib","main":"index.js"}`,
      "node_modules/lib/index.js": `module.exports = typeof __dirname + typeof require(["node:", "os"].join(""));`,
    });
    expect(await answers(root, "a", "/a")).toEqual(sameAnswer("stringobject!"));
  });

  it("keep the source map correct", async () => {
    const root = makeFolder({
      "functions/a.ts": `import lib from "lib";\nexport const GET = () => {\n  throw new Error(lib + "here");\n};`,
      "node_modules/lib/package.json": `{"name":"lib","main":"index.js"}`,
      "node_modules/lib/index.js": `module.exports = __dirname;`,
    });
    const { out } = await build(root, "node");
    const code = readFileSync(join(out, "functions/a.js"), "utf8").split("\n");
    const map = new SourceMap(JSON.parse(readFileSync(join(out, "functions/a.js.map"), "utf8")) as SourceMapPayload);
    const line = code.findIndex((text) => text.includes("here"));
    expect(map.findEntry(line, code[line]!.indexOf("new Error"))).toMatchObject({
      originalSource: "functions/a.ts",
      originalLine: 2,
      originalColumn: 8,
    });
  });
});

/** What a build warns of. */
async function warnings(root: string, target: Target, changes: Partial<App> = {}): Promise<readonly string[]> {
  const texts: string[] = [];
  await build(root, target, changes, (text) => texts.push(text));
  return texts;
}

const failure = (files: Files, target: Target = "lambda", changes: Partial<App> = {}): Promise<unknown> =>
  build(makeFolder(files), target, changes).then(
    () => "nothing was wrong",
    (error: unknown) => error,
  );

const targets: readonly Target[] = ["lambda", "node", "workers"];

/** As bufferutil is to ws: a package whose code is native, through the usual loader of such. */
const fast: Files = {
  "node_modules/fast/package.json": `{"name":"fast","main":"index.js"}`,
  "node_modules/fast/index.js": `module.exports = require("node-gyp-build")(__dirname);`,
  "node_modules/node-gyp-build/package.json": `{"name":"node-gyp-build","main":"index.js"}`,
  "node_modules/node-gyp-build/index.js": `module.exports = () => { throw new Error("no prebuild"); };`,
};

describe("native code", () => {
  const optional: Files = {
    ...fast,
    "functions/s.ts": `import sock from "sock"; export const GET = () => new Response(sock.mask("x"));`,
    "node_modules/sock/package.json": `{"name":"sock","main":"index.js"}`,
    "node_modules/sock/index.js":
      `exports.mask = (x) => "slow " + x;
try { const part = require("fast"); exports.mask = part.mask; } catch (error) { if (error.code !== ` +
      `"MODULE_NOT_FOUND") throw error; }`,
  };

  it("that is optional is left out", async () => {
    expect(await answers(makeFolder(optional), "s", "/s")).toEqual(sameAnswer("slow x"));
  });

  it.each(targets)("that is left out causes a warning (%s)", async (target) => {
    const texts = await warnings(makeFolder(optional), target);
    expect(texts.filter((text) => !text.startsWith("__dirname"))).toEqual([
      "sock runs without fast, which needs native code and is required inside a try, " +
        "at node_modules/sock/index.js:2:28",
    ]);
  });

  it.each([
    [
      "required outside of a try",
      { "node_modules/sock/index.js": `const part = require("fast"); try { exports.mask = part.mask; } catch {}` },
    ],
    [
      "imported",
      {
        "node_modules/sock/package.json": `{"name":"sock","type":"module","main":"index.js"}`,
        "node_modules/sock/index.js": `import part from "fast"; export default part;`,
      },
    ],
    [
      "optional to one package, and not to another",
      { "functions/s.ts": `import "sock"; import fast from "fast"; export const GET = () => fast;` },
    ],
  ])("that is %s is rejected with the import chain", async (_, changes) => {
    for (const target of targets) {
      expect(await failure({ ...optional, ...changes }, target)).toMatchObject({
        code: "NATIVE_MODULE",
        message: expect.stringMatching(
          /^the package fast needs native code, .*, imported by functions\/s\.ts → (?:sock → )?fast$/,
        ) as string,
        at: [{ file: "node_modules/fast/index.js", line: 1 }],
      });
    }
  });

  it("in packages per platform is rejected, although no import names them", async () => {
    const files = {
      "functions/a.ts": `import picture from "picture"; export const GET = () => picture;`,
      "node_modules/picture/package.json": JSON.stringify({
        name: "picture",
        main: "index.js",
        optionalDependencies: { "@picture/picture-linux-x64": "1" },
      }),
      "node_modules/picture/index.js":
        `module.exports = ` + `require("@picture/picture-" + process.platform + "-" + process.arch);`,
    };
    expect(await failure(files)).toMatchObject({
      code: "NATIVE_MODULE",
      message: expect.stringContaining("the package picture") as string,
    });
  });
});

describe("packages that are not installed", () => {
  const files: Files = {
    "functions/a.ts":
      `import db from "sqlbuild"; export const GET = (request: Request) => { try { ` +
      `return new Response(db.open(new URL(request.url).pathname.slice(1))); } catch (error: any) { ` +
      `return new Response(error.code + " " + error.message); } };`,
    "functions/a/[kind].ts": `import db from "sqlbuild"; export const GET = () => new Response(db.open("b"));`,
    "node_modules/sqlbuild/package.json": `{"name":"sqlbuild","main":"index.js"}`,
    "node_modules/sqlbuild/index.js":
      `exports.open = (kind) => kind === "a" ? require("driver-a") : kind === ` +
      `"b" ? require("@scope/driver-b/promise") : "none";`,
  };

  it.each(targets)("are listed in one error with both fixes (%s)", async (target) => {
    expect(await failure(files, target)).toMatchObject({
      code: "BUILD_FAILED",
      message: 'Could not resolve "driver-a", imported by functions/a.ts → sqlbuild, and 1 more',
      fix:
        "Run npm install driver-a @scope/driver-b; or, if the code that needs them never runs, " +
        'add "external": ["driver-a", "@scope/driver-b"] to hosting.json.',
      at: [{ file: "node_modules/sqlbuild/index.js" }],
    });
  });

  it("are listed in one error for all functions of a large app", async () => {
    const many = Array.from({ length: 40 }, (_, at) => [
      `functions/r${String(at).padStart(2, "0")}.ts`,
      `import "${at % 2 ? "uses-a" : "uses-b"}"; export const GET = () => new Response();`,
    ]);
    const packages = ["a", "b"].map((name, at) => [
      `node_modules/uses-${name}/index.js`,
      `exports.open = () => require("driver-${at}");`,
    ]);
    // Functions are bundled in batches; the last ones need a package of their own.
    const last = `import "uses-c"; export const GET = () => new Response();`;
    const rest = {
      "functions/z.ts": last,
      "node_modules/uses-c/index.js": `exports.open = () => require("driver-2");`,
    };
    expect(await failure({ ...(Object.fromEntries([...many, ...packages]) as Files), ...rest })).toMatchObject({
      message: 'Could not resolve "driver-0", imported by functions/r01.ts → uses-a, and 2 more',
      fix: expect.stringContaining('add "external": ["driver-0", "driver-1", "driver-2"] to hosting.json') as string,
    });
  });

  it("throw when required, and name the setting that excludes them", async () => {
    const root = makeFolder(files);
    const external = ["driver-a", "@scope/*"];
    const text = (place: string): string =>
      `MODULE_NOT_FOUND Cannot find module 'driver-a': "external" in hosting.json excludes it; ${place}`;
    const [lambda, node] = [text("bundle it, or put it into a layer"), text("install it where the app runs")];
    expect(await answers(root, "a", "/a", { external })).toEqual({
      lambda,
      "lambda dev": lambda,
      node,
      "node dev": node,
    });
    expect(await warnings(root, "workers", { external })).toEqual([]);
  });

  it("are rejected as static imports of a Worker", async () => {
    const own = { "functions/a.ts": `import lib from "not-there"; export const GET = () => lib;` };
    expect(await failure(own, "workers", { external: ["not-there"] })).toMatchObject({
      code: "BUILD_FAILED",
      fix: expect.stringContaining('await import("not-there")') as string,
    });
  });
});

describe("an unresolved import", () => {
  const half: Files = {
    "functions/ok.ts": `export const GET = () => new Response("ok");`,
    "functions/users.ts": `import { db } from "./_lib/db"; export const GET = () => Response.json(db);`,
    "functions/_lib/db.ts": `import h from "half"; export const db = h;`,
    "node_modules/half/package.json": `{"name":"half","main":"index.js"}`,
  };
  const chain = "imported by functions/users.ts → functions/_lib/db.ts → half";

  it.each([
    [
      `module.exports = require(".half/generated");`,
      "Run the command that generates code for half, as its documentation says, then build again.",
    ],
    [`module.exports = require(".prisma/client/default");`, "Run npx prisma generate, then build again."],
    [`module.exports = require("./gone.js");`, "Reinstall half: npm install half."],
    [`module.exports = ;`, "Correct the code at this place."],
  ])("inside a package is reported with the route and the import chain: %s", async (code, fix) => {
    for (const target of targets) {
      const error = await failure({ ...half, "node_modules/half/index.js": code }, target);
      expect(error).toMatchObject({ code: "BUILD_FAILED", message: expect.stringContaining(chain) as string, fix });
    }
  });

  it.each([
    [
      "./_x.md",
      "Import one of .ts, .tsx, .mts, .cts, .js, .jsx, .mjs, .cjs, .json, .css, .jinja, .txt, .sql, .html, " +
        '.wasm; a .txt file gives its text, and new URL("./_x.md", import.meta.url) its location.',
    ],
    ["./_y.ts", "Correct the path: the file does not exist."],
    ["absent", "Run npm install absent."],
    ["half/deep", "Correct the name: the package does not export it."],
  ])("has a fix that works: %s", async (name, fix) => {
    const files = {
      ...half,
      "functions/_x.md": "hi",
      "functions/a.ts": `import q from "${name}"; export const GET = () => new Response(q);`,
      "node_modules/half/index.js": "",
    };
    for (const target of targets)
      expect(await failure(files, target)).toMatchObject({
        code: "BUILD_FAILED",
        fix,
        at: [{ file: "functions/a.ts", line: 1 }],
      });
  });
});

describe("a name that Workers lack", () => {
  const lib = (code: string): Files => ({
    "functions/a.ts": `import lib from "lib"; export const GET = () => Response.json(lib);`,
    "node_modules/lib/package.json": `{"name":"lib","main":"index.js"}`,
    "node_modules/lib/index.js": code,
  });

  it.each([
    [
      `exports.a = __dirname;`,
      "__dirname does not exist in a Worker; the package lib uses it, at node_modules/lib/index.js:1:13",
    ],
    [
      `exports.a = __filename;`,
      "__filename does not exist in a Worker; the package lib uses it, at node_modules/lib/index.js:1:13",
    ],
    [
      `exports.a = require.resolve("x");`,
      "require.resolve does not exist in a Worker; the package lib uses it, at node_modules/lib/index.js:1:13",
    ],
    [
      `exports.a = require.main === module;`,
      "require.main does not exist in a Worker; the package lib uses it, at node_modules/lib/index.js:1:13",
    ],
    [`exports.a = typeof __dirname === "string" ? __dirname : "";`, undefined],
    [`// __dirname\nexports.a = "__dirname"; exports.b = { __dirname: 1 }.__dirname;`, undefined],
  ])("is reported with its place: %s", async (code, expected) => {
    expect(await warnings(makeFolder(lib(code)), "workers")).toEqual(expected === undefined ? [] : [expected]);
    for (const target of ["lambda", "node"] as const) expect(await warnings(makeFolder(lib(code)), target)).toEqual([]);
  });

  it("is reported in the app's own code too", async () => {
    const root = makeFolder({
      "functions/a.ts":
        `import { createRequire } from "node:module";\nconst load = ` +
        `createRequire(import.meta.url);\nexport const GET = () => Response.json(typeof load);`,
    });
    expect(await warnings(root, "workers")).toEqual([
      "import.meta.url is undefined in a Worker, at functions/a.ts:2:28",
    ]);
    expect(await warnings(root, "lambda")).toEqual([]);
  });
});

describe("a tsconfig.json", () => {
  const route = { "functions/a.ts": `export const GET = () => new Response("a");` };
  const metadata = "emitDecoratorMetadata has no effect";

  it.each(targets)("with emitDecoratorMetadata causes a warning (%s)", async (target) => {
    const root = makeFolder({
      ...route,
      "tsconfig.json": `{\n  "extends": "./base.json"\n}`,
      "base.json": `{ "compilerOptions": {\n // on\n "emitDecoratorMetadata": true } }`,
    });
    expect(await warnings(root, target)).toEqual([
      expect.stringMatching(new RegExp(`^${metadata}.*, at base\\.json:3$`)) as string,
    ]);
  });

  it("that turns it off, or is in a folder without routes, causes no warning", async () => {
    const on = `{ "compilerOptions": { "emitDecoratorMetadata": true } }`;
    const off = `{ "extends": "./base.json", "compilerOptions": { "emitDecoratorMetadata": false } }`;
    expect(
      await warnings(
        makeFolder({ ...route, "tsconfig.json": off, "base.json": on, "scripts/tsconfig.json": on }),
        "lambda",
      ),
    ).toEqual([]);
  });
});

describe("files that code references by relative path", () => {
  const afm: Files = {
    "functions/a.ts":
      `import { font } from "fonts"; import { own } from "./_lib/own.ts"; ` +
      `import old from "old"; export const GET = () => Response.json([font(), own(), old.fonts()]);`,
    "functions/b.ts": `import { font } from "fonts"; export const GET = () => new Response(font());`,
    "functions/_lib/own.ts": `import { readFileSync, rmSync } from "node:fs"; import { fileURLToPath } from "node:url";
export const own = () => readFileSync(fileURLToPath(new URL("../_data/a.afm", import.meta.url)), "utf8");`,
    "functions/_data/a.afm": "OWN",
    "node_modules/fonts/package.json": `{"name":"fonts","version":"1.0.0","type":"module","exports":"./index.js"}`,
    "node_modules/fonts/index.js":
      `import { readFileSync, rmSync } from "node:fs"; import { ` +
      `URL as Place } from "node:url";
export const font = () => readFileSync(new Place("data/a.afm", import.meta.url), ` +
      `"utf8") + String(new URL("./none.afm", import.meta.url)).slice(-8);`,
    "node_modules/fonts/data/a.afm": "AFM",
    "node_modules/old/package.json": `{"name":"old","main":"lib/index.js"}`,
    "node_modules/old/lib/index.js":
      `const fs = require("fs"); const worker = ` +
      `require.resolve ? require.resolve("./worker.js") : null;
exports.fonts = () => [fs.readFileSync(__dirname + "/data/b.afm", "utf8"), fs.existsSync(worker), ` +
      `fs.existsSync(__dirname + "/data")].join(" ");`,
    "node_modules/old/lib/data/b.afm": "B",
    "node_modules/old/lib/worker.js": "1;",
  };

  it("are copied on Lambda and Node under unique names", async () => {
    const root = makeFolder(afm);
    expect(await answers(root, "a", "/a")).toEqual(sameAnswer(JSON.stringify(["AFMnone.afm", "OWN", "B true false"])));
    expect(await answers(root, "b", "/b")).toEqual(sameAnswer("AFMnone.afm"));
  });

  it("are part of the hash of their own function only", async () => {
    const root = makeFolder(afm);
    for (const target of ["lambda", "node"] as const) {
      const hashes = async () =>
        new Map((await build(root, target)).manifest.functions.map(({ id, hash }) => [id, hash]));
      const before = await hashes();
      writeFiles(root, { "functions/_data/a.afm": `OTHER ${target}` });
      const after = await hashes();
      expect([after.get("a") === before.get("a"), after.get("b") === before.get("b")]).toEqual([false, true]);
    }
  });

  it("keep the source map correct", async () => {
    const root = makeFolder({
      ...afm,
      "functions/a.ts":
        `import { readFileSync, rmSync } from "node:fs";\nexport const GET = () => { ` +
        `const text = readFileSync(new URL("./_data/a.afm", import.meta.url), "utf8"); ` +
        `throw new Error(text + "here"); };`,
    });
    const { out, manifest } = await build(root, "lambda");
    const fn = unzip(readFileSync(join(out, manifest.functions.find(({ id }) => id === "a")?.zip ?? "")));
    const code = readFileSync(join(fn.directory, "index.mjs"), "utf8").split("\n");
    const map = new SourceMap(
      JSON.parse(readFileSync(join(fn.directory, "index.mjs.map"), "utf8")) as SourceMapPayload,
    );
    const line = code.findIndex((text) => text.includes(`"here"`));
    expect(map.findEntry(line, code[line]!.indexOf(`"here"`))).toMatchObject({
      originalSource: "functions/a.ts",
      originalLine: 1,
      originalColumn: 128,
    });
  });

  it("are rejected on Workers", async () => {
    expect(await failure(afm, "workers")).toMatchObject({
      code: "FILE_ON_WORKERS",
      at: [{ line: 2 }],
      fix: expect.stringContaining(".txt") as string,
    });
    const guarded = {
      ...afm,
      "functions/a.ts": `import old from "old"; export const GET = () => new Response(old.fonts());`,
      "functions/b.ts": `export const GET = () => new Response("b");`,
    };
    expect(await failure(guarded, "workers")).toBe("nothing was wrong");
  });

  it("cause a rebuild in development when they change", async () => {
    const root = makeFolder(afm);
    const builder = createDevBuilder({
      app: makeApp(root),
      target: "lambda",
      out: join(root, ".portico/dev"),
      env: {},
    });
    onTestFinished(() => builder.close());
    builder.setRoutes(await discoverRoutes(root));
    await Promise.all([builder.load("a"), builder.load("b")]);
    expect(builder.changed([join(root, "functions/_data/a.afm")])).toEqual(["a"]);
  });
});

describe('"files" in hosting.json', () => {
  const data: Files = {
    "functions/a.ts":
      `import { readdirSync, readFileSync } from "node:fs"; import { join } from "node:path"; ` +
      `import lib from "lib";
export const GET = () => Response.json([readFileSync(join(lib.folder(), "functions/_data/deep/x.csv"), "utf8"), ` +
      `readdirSync(join(lib.folder(), "functions/_data")), readFileSync(lib.folder() + "/one.txt", "utf8")]);`,
    "node_modules/lib/package.json": `{"name":"lib","main":"index.js"}`,
    "node_modules/lib/index.js": `exports.folder = () => __dirname;`,
    "functions/_data/deep/x.csv": "1,2",
    "functions/_data/y.md": "y",
    "functions/_data/.hidden/z.csv": "no",
    "one.txt": "one",
  };
  const files = ["functions/_data/**/*.csv", "*.txt"];

  it("are in the function's folder under the same paths", async () => {
    expect(await answers(makeFolder(data), "a", "/a", { files })).toEqual(
      sameAnswer(JSON.stringify(["1,2", ["deep"], "one"])),
    );
  });

  it("are build inputs: changed, added and removed files", async () => {
    const root = makeFolder(data);
    const hash = async () => (await build(root, "lambda", { files })).manifest.functions[0]?.hash;
    const hashes = [await hash(), await hash()];
    writeFiles(root, { "functions/_data/new.csv": "3" });
    hashes.push(await hash());
    writeFiles(root, { "functions/_data/new.csv": "4" });
    hashes.push(await hash());
    rmSync(join(root, "functions/_data/new.csv"));
    hashes.push(await hash());
    expect(hashes.map((one) => hashes.indexOf(one))).toEqual([0, 0, 2, 3, 0]);
  });

  it("cause an error if missing, and a warning on Workers", async () => {
    expect(await failure(data, "lambda", { files: ["data/**"] })).toMatchObject({ code: "FILES_MISSING" });
    expect(
      await warnings(
        makeFolder({ "one.txt": "1", "functions/b.ts": `export const GET = () => new Response("b");` }),
        "workers",
        {
          files: ["one.txt"],
        },
      ),
    ).toEqual([expect.stringContaining("no effect on Workers") as string]);
  });

  it.each([
    ["a/**", ["a/b", "a/b/c"], ["a", "ab", "b/a"]],
    ["a/*.txt", ["a/x.txt", "a/.txt"], ["a/b/x.txt", "a/xtxt", "b/a/x.txt"]],
    ["**/x", ["x", "a/x", "a/b/x"], ["ax", "x/a"]],
    ["a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/xb", "ab"]],
    ["a+(b)", ["a+(b)"], ["aab"]],
  ])("%s", (pattern, yes, no) => {
    expect(yes.filter((name) => !isAppFile([pattern], name))).toEqual([]);
    expect(no.filter((name) => isAppFile([pattern], name))).toEqual([]);
  });
});

it.each(targets)("development repeats the warnings of a build once (%s)", async (target) => {
  const root = makeFolder({
    ...fast,
    "functions/a.ts":
      `import sock from "sock"; export const GET = () => ` +
      `new Response(sock.mask + String(import.meta.url) + (typeof sock == "nothing"));`,
    "node_modules/sock/package.json": `{"name":"sock","main":"index.js"}`,
    "node_modules/sock/index.js": `exports.mask = (x) => x; try { exports.mask = require("fast").mask; } catch {}`,
    "tsconfig.json": `{ "compilerOptions": { "emitDecoratorMetadata": true, "target": "es1" } }`,
  });
  const texts: string[] = [];
  const builder = createDevBuilder({
    app: makeApp(root),
    target,
    out: join(root, ".portico/dev"),
    env: {},
    onWarning: (text) => texts.push(text),
  });
  onTestFinished(() => builder.close());
  builder.setRoutes(await discoverRoutes(root));
  await builder.load("a");
  builder.changed([join(root, "functions/a.ts")]);
  await builder.load("a");
  const built = await warnings(root, target);
  expect(texts.toSorted()).toEqual(built.toSorted());
  expect(built).toContainEqual(expect.stringMatching(/tsconfig\.json:1/) as string);
  expect(built).toContainEqual(expect.stringContaining("sock runs without fast") as string);
  expect(built.length).toBe(target === "workers" ? 6 : 4);
});
