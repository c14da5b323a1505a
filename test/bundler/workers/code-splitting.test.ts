/** Bundles with code splitting run in workerd and in Node, with stable hashes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Miniflare } from "miniflare";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Fetch } from "../../../framework/runtime/route-function.ts";
import { addWasm, build, type Built, type Files, makeFolder, writeFiles } from "../test-app.ts";

const files: Files = {
  "functions/index.ts":
    `import { sep } from "path"; import text from "./_lib/a.txt"; ` +
    `import page from "./_lib/a.html"; import sql from "./_lib/a.sql"; import add from "./_lib/add.wasm";
    export const GET = (_: Request, { env }: any) => Response.json([text, page, sql, ` +
    `(new WebAssembly.Instance(add).exports as any).add(40, 2), sep, env]);`,
  "functions/_lib/a.txt": "text",
  "functions/_lib/a.html": "<p>",
  "functions/_lib/a.sql": "select 1",
  "functions/_lib/add.wasm": addWasm,
  "functions/users/[id].ts": `export const GET = (_: Request, { params }: any) => new Response(params.id);`,
  "functions/users/me.ts": `import { name } from "../_lib/old.cjs"; export const GET = () => new Response(name);`,
  "functions/_lib/old.cjs": `exports.name = "me " + require("node:path").basename("/a/b");`,
  "functions/bad.ts": `throw new Error("top level"); export const GET = () => new Response();`,
  "functions/(in)/_middleware.ts": `import { requestId } from "hono/request-id"; export default requestId();`,
  "functions/(in)/app/[[...path]].ts":
    `import { Hono } from "hono"; ` +
    `export default new Hono().basePath("/app").get("/:x", (c) => c.text(c.req.param("x")));`,
};

/** The Worker as it would be uploaded. */
function startWorker({ out, manifest }: Built): Miniflare {
  const modules = (manifest.modules ?? []).flatMap(({ name, type }) => {
    if (type === "source-map") return [];
    const contents = readFileSync(join(out, name));
    return [
      type === "wasm"
        ? ({ type: "CompiledWasm", path: name, contents } as const)
        : ({ type: "ESModule", path: name, contents: contents.toString() } as const),
    ];
  });
  const bindings = { GREETING: "hello", KEY: "secret", UNDECLARED: "hidden" };
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    port: 0,
    cf: false,
    modules,
    compatibilityDate: "2026-04-01",
    compatibilityFlags: ["nodejs_compat"],
    bindings,
  });
  onTestFinished(() => miniflare.dispose());
  return miniflare;
}

type Ask = (path: string) => Promise<{ readonly status: number; readonly text: string }>;

async function check(ask: Ask, env: string): Promise<void> {
  expect(await ask("/")).toEqual({ status: 200, text: `["text","<p>","select 1",42,"/",${env}]` });
  expect(await ask("/users/%EC%95%88%20a")).toEqual({ status: 200, text: "안 a" });
  expect(await ask("/users/me")).toEqual({ status: 200, text: "me b" });
  expect(await ask("/app/x")).toEqual({ status: 200, text: "x" });
  expect(await ask("/none")).toMatchObject({ status: 404 });
  expect(await ask("/bad")).toMatchObject({ status: 500 });
}

describe("buildApp() for Workers", () => {
  it("builds modules that workerd runs, with the declared env only", async () => {
    const built = await build(makeFolder(files), "workers");
    const url = await startWorker(built).ready;
    await check(async (path) => {
      const response = await fetch(new URL(path, url));
      return { status: response.status, text: await response.text() };
    }, `{"GREETING":"hello","KEY":"secret"}`);
  });

  it("lists the uploaded modules, the main one first", async () => {
    const { manifest, out } = await build(makeFolder(files), "workers");
    expect(manifest.modules?.[0]).toMatchObject({ name: "index.js", type: "esm" });
    expect(manifest.modules?.filter(({ type }) => type === "wasm")).toHaveLength(1);
    for (const { name, bytes } of manifest.modules ?? []) expect(readFileSync(join(out, name)).length).toBe(bytes);
    for (const { main } of manifest.functions) expect(manifest.modules?.some(({ name }) => name === main)).toBe(true);
  });

  it("rejects a Worker over Cloudflare's limit", async () => {
    const root = makeFolder({
      "functions/index.ts": `import big from "./_lib/big.wasm"; export const GET = () => new Response(String(big));`,
      "functions/_lib/big.wasm": Buffer.alloc(64 * 1024 ** 2),
    });
    await expect(build(root, "workers")).rejects.toMatchObject({ code: "WORKER_TOO_LARGE" });
  });

  it("keeps a function's hash when other routes change", async () => {
    const root = makeFolder(files);
    const hashes = async () =>
      new Map((await build(root, "workers")).manifest.functions.map(({ id, hash }) => [id, hash]));
    const before = await hashes();
    writeFiles(root, {
      "functions/new.ts":
        `import text from "./_lib/a.txt"; import { name } from "./_lib/old.cjs"; ` +
        `export const GET = () => new Response(text + name);`,
    });
    const added = await hashes();
    for (const [id, hash] of before) expect(added.get(id), id).toBe(hash);
    writeFiles(root, { "functions/_lib/a.txt": "changed" });
    const edited = await hashes();
    expect(
      [...edited]
        .filter(([id, hash]) => added.get(id) !== hash)
        .map(([id]) => id)
        .toSorted(),
    ).toEqual(["index", "new"]);
  });
});

describe("buildApp() for Node", () => {
  it("builds a module whose default export handles every route", async () => {
    const { out, manifest } = await build(makeFolder(files), "node");
    const { default: app } = (await import(pathToFileURL(join(out, manifest.main ?? "")).href)) as { default: Fetch };
    const call = {
      env: { GREETING: "hello" },
      requestId: "r",
      clientAddress: undefined,
      platform: { name: "node" },
      waitUntil: () => {},
    } as unknown as Parameters<Fetch>[1];
    await check(async (path) => {
      const response = await app(new Request(new URL(path, "http://example.com")), call);
      return { status: response.status, text: await response.text() };
    }, `{"GREETING":"hello"}`);
  });
});
