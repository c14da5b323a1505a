/** `portico start`: a real build for node, served; static files by the same rule as on every target. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildApp } from "../../framework/build/build.ts";
import type { NodeServer } from "../../framework/node/serve.ts";
import { startApp } from "../../framework/node/start.ts";
import { discoverAssets } from "../../framework/routes/assets.ts";
import { discover } from "../../framework/routes/discover.ts";
import { plainApp } from "../config/plain-app.ts";
import { makeFolder, send } from "../local/gateway-app.ts";

let root: string;
let server: NodeServer;
beforeAll(async () => {
  root = await makeFolder({
    "functions/index.ts": `export const GET = (_, { env }) => Response.json(env);`,
    "functions/boom.ts": `export const GET = () => { throw new Error("secret detail"); };`,
    "functions/users/[id].ts": `export const GET = (_, { params }) => Response.json(params);`,
    "functions/files/[...path].ts": `export const GET = (_, { params }) => Response.json(params);`,
    "functions/_public/style.css": "body{}",
    "functions/_public/files/img/a.txt": "a",
    "functions/_public/docs/index.html": "docs",
  });
  const app = plainApp(root, { env: { GREETING: "hello" }, secrets: ["KEY"], targets: ["node"] });
  const [routes, assets] = await Promise.all([discover(root), discoverAssets(root, app.assets, app)]);
  await buildApp({ app, routes, assets, target: "node", out: join(root, ".portico/build/node") });
  server = await startApp({ folder: root, port: 0, env: { KEY: "k", OTHER: "no" } });
});
afterAll(async () => {
  await server.close();
  await rm(root, { recursive: true });
});

test("declared env and secrets, and nothing else", async () => {
  expect(JSON.parse((await send(server.port, "/")).text)).toEqual({ GREETING: "hello", KEY: "k" });
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

test("conditional requests and the folder's redirect work as elsewhere", async () => {
  const { headers } = await send(server.port, "/style.css");
  expect(await send(server.port, "/style.css", { headers: { "if-none-match": String(headers["etag"]) } })).toMatchObject({
    status: 304,
    text: "",
  });
  expect(await send(server.port, "/docs?x")).toMatchObject({ status: 308, headers: { location: "/docs/?x" } });
});

test("a browser sees nothing of a failure but the request's id", async () => {
  const { status, text } = await send(server.port, "/boom", { headers: { accept: "text/html" } });
  expect(status).toBe(500);
  expect(JSON.parse(text)).toEqual({ error: "Internal Server Error", requestId: expect.stringMatching(/^[\da-f-]{36}$/) });
});

test("a static file that changed since the build is not served under its old hash", async () => {
  await writeFile(join(root, "functions/_public/style.css"), "body{color:red}");
  expect((await send(server.port, "/style.css")).status).toBe(500);
  await writeFile(join(root, "functions/_public/style.css"), "body{}");
});

test("without a build, and with one of a later Portico", async () => {
  const empty = await makeFolder({ "functions/index.ts": "" });
  await expect(startApp({ folder: empty, port: 0, env: {} })).rejects.toMatchObject({
    code: "NO_BUILD",
    fix: expect.stringContaining("portico build --target node"),
  });
  const newer = await makeFolder({ ".portico/build/node/manifest.json": `{"schemaVersion":2}` });
  await expect(startApp({ folder: newer, port: 0, env: {} })).rejects.toMatchObject({ code: "MANIFEST_VERSION" });
  await Promise.all([rm(empty, { recursive: true }), rm(newer, { recursive: true })]);
});
