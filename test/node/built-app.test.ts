/** Tests of `portico start` with a real build for Node and its static files. */
// @module-tag isolated
import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildApp } from "../../framework/bundler/build.ts";
import type { NodeServer } from "../../framework/node/server.ts";
import { startApp } from "../../framework/node/built-app.ts";
import { discoverAssets } from "../../framework/routes/static-files.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import { defaultApp } from "../config/default-app.ts";
import { makeFolder, send } from "../dev/gateway-app.ts";

let root: string;
let server: NodeServer;
beforeAll(async () => {
  root = await makeFolder({
    "functions/index.ts": `export const GET = (_, { env }) => Response.json(env);`,
    "functions/process.ts": `const top = process.env.KEY;
export const GET = () => Response.json({ top, greeting: process.env.GREETING, other: process.env.OTHER ?? null });`,
    "functions/found.ts": `import { createRequire } from "node:module"; const load = createRequire(import.meta.url);
const names = ["ca-lc", "dri-ver", "@scope/any"].map((name) => name.replace("-", ""));
const code = (run: () => unknown) => Promise.resolve().then(run).then(() => "found", (error: any) => error.code);
const ways = (name: string) => [() => load(name), () => import(name), () => import.meta.resolve(name)];
export const GET = async () => Response.json(await Promise.all(names.flatMap(ways).map(code)));`,
    "node_modules/calc/package.json": `{"name":"calc","main":"index.js"}`,
    "node_modules/calc/index.js": "",
    "node_modules/driver/package.json": `{"name":"driver","main":"index.js"}`,
    "node_modules/driver/index.js": `require("calc");`,
    "node_modules/@scope/any/package.json": `{"name":"@scope/any","main":"index.js"}`,
    "node_modules/@scope/any/index.js": "",
    "functions/boom.ts": `export const GET = () => { throw new Error("secret detail"); };`,
    "functions/users/[id].ts": `export const GET = (_, { params }) => Response.json(params);`,
    "functions/files/[...path].ts": `export const GET = (_, { params }) => Response.json(params);`,
    "functions/_public/style.css": "body{}",
    "functions/_public/files/img/a.txt": "a",
    "functions/_public/docs/index.html": "docs",
  });
  const app = defaultApp(root, {
    env: { GREETING: "hello" },
    secrets: ["KEY"],
    external: ["driver", "@scope/*"],
    targets: ["node"],
  });
  const [routes, assets] = await Promise.all([discoverRoutes(root), discoverAssets(root, app.assets, app)]);
  await buildApp({ app, routes, assets, target: "node", out: join(root, ".portico/build/node") });
  server = await startApp({ folder: root, port: 0, env: { KEY: "k", OTHER: "no" } });
});
afterAll(async () => {
  await server.close();
  await rm(root, { recursive: true });
});

test("the app gets declared env and secrets, and nothing else", async () => {
  expect(JSON.parse((await send(server.port, "/")).text)).toEqual({ GREETING: "hello", KEY: "k" });
  expect(JSON.parse((await send(server.port, "/process")).text)).toEqual({ top: "k", greeting: "hello", other: null });
});

test.each([
  ["/style.css", 200, "body{}"],
  ["/files/img/a.txt", 200, "a"],
  ["/files/img/none", 404, `{"error":"Not Found"}`],
  ["/files/other", 200, `{"path":"other"}`],
  ["/docs/", 200, "docs"],
  ["/users/a%2fb", 200, `{"id":"a/b"}`],
  ["/nothing", 404, `{"error":"Not Found"}`],
  ["/%2e%2e/hosting.json", 404, `{"error":"Not Found"}`],
  ["/%zz", 400, `{"error":"Bad Request"}`],
])("%s is %i", async (path, status, text) => {
  expect(await send(server.port, path)).toMatchObject({ status, text });
});

test("only packages that hosting.json declares are found, with their dependencies", async () => {
  const [no, none] = ["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"];
  const start = new URL("../../framework/node/built-app.ts", import.meta.url).href;
  // In its own process, as portico start is, since vitest's own hooks would resolve import() first.
  const code = `const { startApp } = await import(${JSON.stringify(start)});
const server = await startApp({ folder: ${JSON.stringify(root)}, port: 0, env: { KEY: "k" } });
console.log(await (await fetch("http://127.0.0.1:" + server.port + "/found")).text()); await server.close();`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", code]);
  expect(JSON.parse(stdout)).toEqual([no, none, none, ...Array<string>(6).fill("found")]);
});

test("conditional requests and the folder's redirect work as elsewhere", async () => {
  const { headers } = await send(server.port, "/style.css");
  expect(
    await send(server.port, "/style.css", { headers: { "if-none-match": String(headers["etag"]) } }),
  ).toMatchObject({
    status: 304,
    text: "",
  });
  expect(await send(server.port, "/docs?x")).toMatchObject({ status: 308, headers: { location: "/docs/?x" } });
});

test("of an error, the client sees only the request's id", async () => {
  const { status, text } = await send(server.port, "/boom", { headers: { accept: "text/html" } });
  expect(status).toBe(500);
  expect(JSON.parse(text)).toEqual({
    error: "Internal Server Error",
    requestId: expect.stringMatching(/^[\da-f-]{36}$/),
  });
});

test("a static file that changed since the build is not served under its old hash", async () => {
  await writeFile(join(root, "functions/_public/style.css"), "body{color:red}");
  expect((await send(server.port, "/style.css")).status).toBe(500);
  await writeFile(join(root, "functions/_public/style.css"), "body{}");
});

test("a missing build, and one of a later Portico, are UserErrors", async () => {
  const empty = await makeFolder({ "functions/index.ts": "" });
  await expect(startApp({ folder: empty, port: 0, env: {} })).rejects.toMatchObject({
    code: "NO_BUILD",
    fix: expect.stringContaining("portico build --target node"),
  });
  const newer = await makeFolder({ ".portico/build/node/manifest.json": `{"schemaVersion":2}` });
  await expect(startApp({ folder: newer, port: 0, env: {} })).rejects.toMatchObject({ code: "MANIFEST_VERSION" });
  await Promise.all([rm(empty, { recursive: true }), rm(newer, { recursive: true })]);
});
