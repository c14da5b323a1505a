/** Lambda's build: functions that respond, their zips and manifest, groups, and rejected code. */
import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { bufferedLimit } from "../../../framework/bundler/lambda/static-files.ts";
import { assetsZipLimit, lambdaLimits, packFunction } from "../../../framework/bundler/lambda/deployment-package.ts";
import { zipEntries } from "../../../framework/zip/reader.ts";
import type { BuiltFunction, Manifest } from "../../../framework/model/manifest.ts";
import type { HttpApiEvent, HttpApiResult } from "../../../framework/runtime/http-api.ts";
import type { LambdaHandler } from "../../../framework/runtime/lambda-handler.ts";
import { addWasm, build, type Built, type Files, makeApp, makeFolder, readTree, writeFiles } from "../test-app.ts";

const shared: Files = {
  "functions/_lib/shared.ts": `export const used = () => "used"; export const other = () => "other";`,
  "functions/index.ts": `import { used } from "./_lib/shared.ts"; export const GET = () => new Response(used());`,
  "functions/users/[id].ts":
    `export const GET = (_: Request, { params }: any) => Response.json(params); ` +
    `export const POST = () => { throw new Error("x"); };`,
};

/** Runs a built function's module with an event of the HTTP API (payload 2.0). */
async function invoke(
  { out }: Built,
  fn: BuiltFunction | undefined,
  method: string,
  path: string,
): Promise<HttpApiResult> {
  const { handler } = (await import(pathToFileURL(join(out, fn?.main ?? "")).href)) as {
    handler: LambdaHandler<HttpApiEvent, HttpApiResult>;
  };
  const http = { method, path, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "test" };
  const headers = { host: "example.com", "x-forwarded-proto": "https" };
  const event = {
    version: "2.0",
    rawPath: path,
    rawQueryString: "",
    headers,
    requestContext: { domainName: "example.com", stage: "$default", http },
    isBase64Encoded: false,
  };
  return handler(event, { awsRequestId: "r-1", getRemainingTimeInMillis: () => 3000 });
}

const find = ({ functions }: Manifest, id: string): BuiltFunction | undefined => functions.find((fn) => fn.id === id);

describe("buildApp() for Lambda", () => {
  it.each(["http-api", "function-url"] as const)("keeps the app's programs executable, behind a %s", async (front) => {
    const root = makeFolder({ ...shared, "functions/_bin/tool": "#!/bin/sh\n", "functions/_bin/data": "1" });
    const lambda = { ...makeApp(root).lambda, front };
    const changes = { files: ["functions/_bin/**"], lambda };
    const programs = async (): Promise<{ readonly hash?: string; readonly names: readonly string[] }> => {
      const { out, manifest } = await build(root, "lambda", changes);
      const [fn] = manifest.functions;
      const entries = zipEntries(readFileSync(join(out, fn?.zip ?? "")));
      return { hash: fn?.hash ?? "", names: entries.flatMap(({ path, executable }) => (executable ? path : [])) };
    };
    const before = await programs();
    expect(before.names).toEqual([]);
    chmodSync(join(root, "functions/_bin/tool"), 0o755);
    const after = await programs();
    expect(after.names).toEqual(["functions/_bin/tool"]);
    expect(after.hash).not.toBe(before.hash);
  });

  it("builds functions that respond", async () => {
    const built = await build(makeFolder(shared), "lambda");
    expect(await invoke(built, find(built.manifest, "index"), "GET", "/")).toMatchObject({
      statusCode: 200,
      body: "used",
    });
    expect(await invoke(built, find(built.manifest, "users-id"), "GET", "/users/안녕 1")).toMatchObject({
      body: `{"id":"안녕 1"}`,
    });
    expect(await invoke(built, find(built.manifest, "users-id"), "PUT", "/users/1")).toMatchObject({
      statusCode: 405,
      headers: { allow: "GET, HEAD, POST, OPTIONS" },
    });
    expect(await invoke(built, find(built.manifest, "users-id"), "OPTIONS", "/users/1")).toMatchObject({
      statusCode: 204,
    });
    expect(await invoke(built, find(built.manifest, "users-id"), "GET", "/users/1/")).toMatchObject({
      statusCode: 404,
    });
  });

  it("lets a route handle OPTIONS and HEAD itself", async () => {
    const built = await build(
      makeFolder({
        "functions/index.ts":
          `const say = (x: string) => () => new Response(null, { headers: { x } }); ` +
          `export const GET = say("get"), HEAD = say("head"), OPTIONS = say("options");`,
      }),
      "lambda",
    );
    for (const method of ["GET", "HEAD", "OPTIONS"]) {
      expect(await invoke(built, built.manifest.functions[0], method, "/")).toMatchObject({
        statusCode: 200,
        headers: { x: method.toLowerCase() },
      });
    }
    expect(await invoke(built, built.manifest.functions[0], "PUT", "/")).toMatchObject({
      headers: { allow: "GET, HEAD, OPTIONS" },
    });
  });

  it("runs Hono apps and middleware, and reports the bytes of middleware", async () => {
    const built = await build(
      makeFolder({
        "functions/plain.ts": `export const GET = () => new Response("plain");`,
        "functions/in/_middleware.ts":
          `export default async (c: any, next: any) => { c.set("who", "outer"); ` +
          `await next(); c.header("x-outer", "1"); };`,
        "functions/in/deep/_middleware.ts":
          `export default [async (c: any, next: any) => { c.set("who", ` +
          `c.get("who") + " inner"); await next(); }];`,
        "functions/in/deep/it.ts": `export const GET = (_: Request, { var: { who } }: any) => new Response(who);`,
        "functions/notes/[[...path]].tsx":
          `import { Hono } from "hono"; ` +
          `export default new Hono().basePath("/notes").get("/a", (c) => c.html(<b>{c.req.path}</b>));`,
      }),
      "lambda",
    );
    const deep = find(built.manifest, "in-deep-it");
    expect(await invoke(built, deep, "GET", "/in/deep/it")).toMatchObject({
      body: "outer inner",
      headers: { "x-outer": "1" },
    });
    expect(await invoke(built, find(built.manifest, "notes-path"), "GET", "/notes/a")).toMatchObject({
      body: "<b>/notes/a</b>",
    });
    expect(find(built.manifest, "plain")?.middlewareBytes).toBe(0);
    expect(deep?.middlewareBytes).toBeGreaterThan(5000);
    expect(deep?.middlewareBytes).toBeLessThan(deep?.bytes ?? 0);
  });

  it("inlines text and wasm, and turns a require of Node's modules into imports", async () => {
    const built = await build(
      makeFolder({
        "functions/index.ts":
          `import sql from "./_lib/a.sql"; import text from "./_lib/a.txt"; ` +
          `import page from "./_lib/a.html"; import add from "./_lib/add.wasm"; import { sep } from "./_lib/old.cjs";
          export const GET = () => Response.json([sql, text, page, ` +
          `(new WebAssembly.Instance(add).exports as any).add(2, 3), sep]);`,
        "functions/_lib/a.sql": "select '안녕'",
        "functions/_lib/a.txt": "text",
        "functions/_lib/a.html": "<p>",
        "functions/_lib/add.wasm": addWasm,
        "functions/_lib/old.cjs":
          `const { sep } = require("path"); const fs = require("node:fs"); ` +
          `exports.sep = sep + typeof fs.readFile;`,
      }),
      "lambda",
    );
    expect(await invoke(built, built.manifest.functions[0], "GET", "/")).toMatchObject({
      body: `["select '안녕'","text","<p>",5,"/function"]`,
    });
  });

  it("serves static files, ranges and the 404 response from the $default function", async () => {
    const built = await build(
      makeFolder({
        ...shared,
        "functions/_public/안녕.txt": "hello",
        "functions/_public/a.png": Buffer.from([0x89, 0xff, 0]),
      }),
      "lambda",
    );
    const fn = built.manifest.assetsFunction;
    expect(fn).toMatchObject({ id: "assets", zip: "assets.zip" });
    expect(await invoke(built, fn, "GET", "/안녕.txt")).toMatchObject({
      statusCode: 200,
      body: "hello",
      headers: { "content-type": expect.stringContaining("text/plain") as string },
    });
    expect(await invoke(built, fn, "GET", "/a.png")).toMatchObject({ body: "if8A", isBase64Encoded: true });
    expect(await invoke(built, fn, "GET", "/index.mjs")).toMatchObject({ statusCode: 404 });
    expect(await invoke(built, fn, "POST", "/a.png")).toMatchObject({ statusCode: 405 });
  });

  it("writes the zip and the manifest without absolute paths", async () => {
    const root = makeFolder({ ...shared, "functions/_public/a.txt": "a" });
    const { out, manifest } = await build(root, "lambda", {
      routes: [
        { pattern: "/*", settings: { memory: 256 } },
        { pattern: "/users/*", settings: { timeout: 20 } },
      ],
    });
    const files = readTree(out);
    expect(JSON.parse(files["manifest.json"]?.toString() ?? "")).toEqual(JSON.parse(JSON.stringify(manifest)));
    expect(manifest.routes.map(({ id, methods, function: fn }) => [id, methods, fn])).toEqual([
      ["index", ["GET"], "index"],
      ["users-id", ["GET", "POST"], "users-id"],
    ]);
    expect(manifest.functions.map(({ settings }) => settings)).toEqual([
      { memory: 256, timeout: 10 },
      { memory: 256, timeout: 20 },
    ]);
    expect(Object.keys(files)).toEqual(
      expect.arrayContaining([
        "functions/index.zip",
        "functions/index.mjs",
        "functions/users-id.zip",
        "functions/users-id.mjs",
        "assets.zip",
      ]),
    );
    for (const [name, bytes] of Object.entries(files))
      expect(bytes.includes(root) || bytes.includes(process.cwd()), name).toBe(false);
    const zipped = zipEntries(files["functions/users-id.zip"] ?? Buffer.alloc(0));
    expect(zipped.map(({ path }) => path)).toEqual(["build", "index.mjs", "index.mjs.map"]);
    expect(files["functions/users-id.mjs"]?.equals(zipped[1]?.bytes ?? Buffer.alloc(0))).toBe(true);
    const text = Buffer.from(zipped[2]?.bytes ?? []).toString();
    expect(text.includes(root)).toBe(false);
    const map = JSON.parse(text) as { sources: string[] };
    expect(map.sources).toContain("functions/users/[id].ts");
    expect(map.sources).toContain("portico/runtime/lambda-handler.ts");
  });

  it("produces equal bytes again and in another folder", async () => {
    const files = {
      ...shared,
      "functions/app.ts": `import { Hono } from "hono"; export default new Hono().get("/app", (c) => c.text("x"));`,
      "functions/_public/a.txt": "a",
    };
    const [one, other] = [makeFolder(files), makeFolder(files)];
    for (const target of ["lambda", "workers", "node"] as const) {
      const first = readTree((await build(one, target)).out);
      expect(readTree((await build(one, target)).out)).toEqual(first);
      expect(readTree((await build(other, target)).out)).toEqual(first);
    }
  });
});

describe("a function's hash", () => {
  const keep = ({ manifest, out }: Built) =>
    manifest.functions.map(
      ({ id, hash, zip = "" }) => [id, [hash, readFileSync(join(out, zip)).toString("hex")]] as const,
    );

  it("and its zip depend on its own import graph only", async () => {
    const root = makeFolder(shared);
    const before = new Map(keep(await build(root, "lambda")));
    // The new route imports the modules of "index" as a namespace, dynamically and by require, which must not change
    // it.
    writeFiles(root, {
      "functions/new.ts":
        `import * as all from "./_lib/shared.ts"; export const GET = async () => ` +
        `Response.json([all, await import("./_lib/shared.ts"), require("./_lib/shared.ts"), ` +
        `await import("./index.ts")]);`,
    });
    const added = new Map(keep(await build(root, "lambda")));
    for (const [id, value] of before) expect(added.get(id), id).toEqual(value);
    writeFiles(root, { "functions/new.ts": `export const GET = () => new Response("edited");` });
    const edited = new Map(keep(await build(root, "lambda")));
    for (const [id, value] of before) expect(edited.get(id), id).toEqual(value);
    expect(edited.get("new")).not.toEqual(added.get("new"));
    rmSync(join(root, "functions/users"), { recursive: true });
    const removed = new Map(keep(await build(root, "lambda")));
    expect(removed.get("index")).toEqual(before.get("index"));
    writeFiles(root, {
      "functions/_lib/shared.ts": `export const used = () => "changed"; export const other = () => "other";`,
    });
    expect(new Map(keep(await build(root, "lambda"))).get("index")).not.toEqual(before.get("index"));
  });
});

describe("groups", () => {
  const files: Files = {
    "functions/index.ts": `export const GET = () => new Response("index");`,
    "functions/shop/index.ts": `export const GET = () => new Response("shop"), POST = GET;`,
    "functions/shop/[item].ts":
      `export const GET = (_: Request, { params }: any) => ` + `new Response("item " + params.item);`,
    "functions/shop/special.ts": `export default { fetch: () => new Response("special") };`,
  };

  it("put the routes of a folder, or all, into one function", async () => {
    const root = makeFolder(files);
    const folder = await build(root, "lambda", {
      group: "folder",
      routes: [{ pattern: "/shop/special", settings: { memory: 1024 } }],
    });
    expect(folder.manifest.functions.map(({ id }) => id).toSorted()).toEqual(["root", "shop"]);
    expect(find(folder.manifest, "shop")?.settings.memory).toBe(1024);
    const shop = (path: string, method = "GET") => invoke(folder, find(folder.manifest, "shop"), method, path);
    expect(await shop("/shop")).toMatchObject({ body: "shop" });
    expect(await shop("/shop/special")).toMatchObject({ body: "special" });
    expect(await shop("/shop/pen")).toMatchObject({ body: "item pen" });
    expect(await shop("/")).toMatchObject({ statusCode: 404 });
    expect(folder.manifest.routes.map((route) => route.function)).toEqual(["root", "shop", "shop", "shop"]);
    const app = await build(root, "lambda", { group: "app" });
    expect(app.manifest.functions.map(({ id }) => id)).toEqual(["app"]);
    expect(await invoke(app, app.manifest.functions[0], "PUT", "/shop")).toMatchObject({
      statusCode: 405,
      headers: { allow: "GET, HEAD, POST, OPTIONS" },
    });
  });

  it("do not apply to other targets", async () => {
    const { manifest } = await build(makeFolder(files), "workers", { group: "app" });
    expect(manifest.functions.length).toBe(4);
  });
});

describe("a failed build", () => {
  const failure = (root: string): Promise<unknown> =>
    build(root, "lambda").then(
      () => "nothing was wrong",
      (error: unknown) => error,
    );

  it("keeps the last build and leaves no temporary files", async () => {
    const root = makeFolder(shared);
    const { out } = await build(root, "lambda");
    const before = readTree(join(out, ".."));
    writeFiles(root, { "functions/index.ts": `import "./missing.ts"; export const GET = 1;` });
    expect(await failure(root)).toMatchObject({
      code: "BUILD_FAILED",
      at: [{ file: "functions/index.ts", line: 1, column: 8 }],
    });
    expect(readTree(join(out, ".."))).toEqual(before);
  });

  it("names the package to install, and counts further errors", async () => {
    const root = makeFolder({
      "functions/index.ts":
        `import a from "@scope/nothing/deep"; import b from "nothing-2"; export const GET = ` + `() => [a, b];`,
    });
    const error = await failure(root);
    expect(error).toMatchObject({ code: "BUILD_FAILED", fix: "Run npm install @scope/nothing nothing-2." });
    expect(error).toHaveProperty("message", expect.stringMatching(/, and 1 more$/));
  });

  it("rejects native code with the name of its package", async () => {
    const root = makeFolder({
      "functions/index.ts": `import fast from "fast"; export const GET = () => fast;`,
      "node_modules/fast/package.json": `{"name":"fast","main":"index.js"}`,
      "node_modules/fast/index.js": `module.exports = require("./build/fast.node");`,
      "node_modules/fast/build/fast.node": "\u0000",
    });
    const error = await failure(root);
    expect(error).toMatchObject({
      code: "NATIVE_MODULE",
      message: expect.stringContaining("the package fast") as string,
    });
  });

  it("builds a package whose optional native part is not installed", async () => {
    const root = makeFolder({
      "functions/index.ts": `import fast from "fast"; export const GET = () => new Response(fast);`,
      "node_modules/fast/package.json": `{"name":"fast","main":"index.js"}`,
      "node_modules/fast/index.js":
        `let native; try { native = require("./build/fast.node"); } catch { ` +
        `native = "slow"; } module.exports = native;`,
    });
    const built = await build(root, "lambda");
    expect(await invoke(built, built.manifest.functions[0], "GET", "/")).toMatchObject({ body: "slow" });
  });

  it("rejects static files that leave no space for those of earlier releases", async () => {
    const count = Math.ceil(assetsZipLimit / (4 * 1024 ** 2));
    const root = makeFolder(
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`functions/_public/${index}.bin`, randomBytes(4 * 1024 ** 2)]),
      ),
    );
    expect(await failure(root)).toMatchObject({
      code: "FUNCTION_TOO_LARGE",
      message: expect.stringContaining("45.0 MB") as string,
    });
  });

  it("rejects a zip over Lambda's limit", async () => {
    const about = { id: "large", middlewareBytes: 0, settings: { memory: 128, timeout: 1 } };
    const packed = packFunction(about, "large", new Map([["index.mjs", randomBytes(lambdaLimits.zip)]]));
    await expect(packed).rejects.toMatchObject({
      code: "FUNCTION_TOO_LARGE",
      message: expect.stringContaining("50.0 MB") as string,
    });
  });

  it("rejects a static file over the limit of a response", async () => {
    const root = makeFolder(shared);
    const size = Math.ceil(bufferedLimit) + 1;
    writeFiles(root, { "functions/_public/big.bin": Buffer.alloc(size) });
    expect(await failure(root)).toMatchObject({ code: "ASSET_TOO_LARGE", at: [{ file: "functions/_public/big.bin" }] });
    expect((await build(root, "workers")).manifest.assets).toMatchObject([{ bytes: size }]);
  });
});
