/** The build for a function URL: one function with the routes and the static files, which streams. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { streamedLimit } from "../../framework/bundler/lambda/static-files.ts";
import { zipEntries } from "../../framework/zip/reader.ts";
import { createLambdaRuntime } from "../../framework/emulation/lambda/runtime.ts";
import type { App } from "../../framework/model/app.ts";
import { build, type Built, type Files, makeApp, makeFolder } from "./test-app.ts";
import { patient } from "../emulation/lambda/patient.ts";

const runtime = createLambdaRuntime({ ...patient, onLog: () => {} });
afterAll(() => runtime.close());

const url: Partial<App> = {
  group: "app",
  lambda: { architecture: "arm64", logRetention: 30, policies: [], front: "function-url" },
};
const buildForUrl = (files: Files, changes: Partial<App> = {}): Promise<Built> =>
  build(makeFolder(files), "lambda", { ...url, ...changes });

const app: Files = {
  "functions/index.ts": `export const GET = () => new Response("home");`,
  "functions/users/[id].ts": `export const GET = (_: Request, { params }: any) => Response.json(params);`,
  "functions/files/[...path].ts": `export const GET = (_: Request, { params: { path } }: any) => new Response(path);`,
  "functions/_public/style.css": "body {}",
  "functions/_public/users/me": "an asset before a route",
  "functions/_public/only/a.txt": "a",
  "functions/_public/docs/index.html": "<p>docs",
  "functions/_public/404.html": "<p>no such page",
  "functions/_public/large.bin": new Uint8Array(300_000).fill(7),
};

/** The unpacked function under our runtime client, with an event of a function URL. */
async function ask({ out, manifest }: Built, rawPath: string, method = "GET", headers: Record<string, string> = {}) {
  const domainName = "abc.lambda-url.us-east-1.on.aws";
  const event = {
    ...{
      version: "2.0",
      rawPath,
      rawQueryString: "",
      headers: { host: domainName, "x-forwarded-proto": "https", ...headers },
    },
    requestContext: { domainName, stage: "$default", http: { method, sourceIp: "192.0.2.1" } },
    isBase64Encoded: false,
  };
  const fn = { id: out, hash: "1", directory: join(out, "app"), main: "index.mjs", memory: 256, timeout: 10, env: {} };
  const call = { requestId: "request-1", arn: "arn:aws:lambda:us-east-1:000000000000:function:app" };
  const { payload, functionError } = await runtime.invoke(fn, Buffer.from(JSON.stringify(event)), call);
  expect(functionError, Buffer.from(payload).toString()).toBeUndefined();
  expect(manifest.functions).toHaveLength(1);
  const bytes = Buffer.from(payload);
  const end = bytes.indexOf(Buffer.alloc(8));
  const prelude = JSON.parse(bytes.toString("utf8", 0, end)) as { statusCode: number; headers: Record<string, string> };
  return { ...prelude, body: bytes.subarray(end + 8) };
}

describe("buildApp() for a function URL", () => {
  it("builds one function with everything in its zip, and no assets function", async () => {
    const { manifest, out } = await buildForUrl(app);
    expect(manifest.assetsFunction).toBeUndefined();
    expect(manifest.app.lambda.front).toBe("function-url");
    expect(manifest.functions).toMatchObject([{ id: "app", main: "app/index.mjs", zip: "app.zip" }]);
    expect(new Set(manifest.routes.map((route) => route.function))).toEqual(new Set(["app"]));
    const files = zipEntries(readFileSync(join(out, "app.zip"))).map(({ path }) => path);
    expect(files).toEqual(expect.arrayContaining(["index.mjs", "index.mjs.map", "assets.json"]));
    expect(files.filter((name) => name.startsWith("assets/"))).toHaveLength(6);
  });

  it("serves routes, files, folders and the 404 in the order of an HTTP API's route keys", async () => {
    const built = await buildForUrl(app);
    expect((await ask(built, "/")).body.toString()).toBe("home");
    expect((await ask(built, "/users/7")).body.toString()).toBe(`{"id":"7"}`);
    expect((await ask(built, "/users/me")).body.toString()).toBe("an asset before a route");
    expect((await ask(built, "/files/a%2Fb/c")).body.toString()).toBe("a/b/c");
    expect((await ask(built, "/style%2Ecss")).headers["content-type"]).toMatch(/^text\/css/);
    expect(await ask(built, "/only/b.txt")).toMatchObject({ statusCode: 404 });
    expect(await ask(built, "/docs")).toMatchObject({ statusCode: 308, headers: { location: "/docs/" } });
    expect((await ask(built, "/docs/")).body.toString()).toBe("<p>docs");
    expect((await ask(built, "/nothing", "GET", { accept: "text/html" })).body.toString()).toBe("<p>no such page");
    expect(await ask(built, "/nothing", "GET", { accept: "application/json" })).toMatchObject({ statusCode: 404 });
    expect(await ask(built, "/index.mjs")).toMatchObject({ statusCode: 404 });
    expect(await ask(built, "/100%")).toMatchObject({ statusCode: 400 });
    expect(await ask(built, "/style.css", "POST")).toMatchObject({ statusCode: 405 });
  });

  it("streams a file in parts, and a range of it", async () => {
    const built = await buildForUrl(app);
    const whole = await ask(built, "/large.bin");
    expect([whole.headers["content-length"], whole.body.length, whole.body.every((byte) => byte === 7)]).toEqual([
      "300000",
      300_000,
      true,
    ]);
    const part = await ask(built, "/large.bin", "GET", { range: "bytes=100000-299998" });
    expect([part.statusCode, part.body.length]).toEqual([206, 199_999]);
  });

  it("builds a function for routes without static files, and the reverse", async () => {
    const { "functions/index.ts": index = "" } = app;
    const routes = await buildForUrl({ "functions/index.ts": index });
    expect((await ask(routes, "/")).body.toString()).toBe("home");
    expect((await ask(routes, "/nothing")).statusCode).toBe(404);
    const settings = { routes: [{ pattern: "/*", settings: { memory: 1024 } }] };
    const files = await buildForUrl({ "functions/_public/a.txt": "a" }, settings);
    expect((await ask(files, "/a.txt")).body.toString()).toBe("a");
    expect(files.manifest.functions[0]?.settings).toEqual({ memory: 1024, timeout: 10 });
  });

  it("contains only the adapter of function URLs", async () => {
    const { manifest, out } = await buildForUrl(
      { "functions/index.ts": `export const GET = () => new Response("hi");` },
      { lambda: { ...makeApp("").lambda, front: "function-url", webClasses: "platform" } },
    );
    expect(manifest.functions[0]?.bytes).toBeLessThanOrEqual(8260);
    expect(readFileSync(join(out, "app/index.mjs"), "utf8")).not.toMatch(/elb|multiValueHeaders|lambda-url/);
  });

  it("limits static files to what the function can stream within its timeout", async () => {
    expect(
      [streamedLimit(10), streamedLimit(30), streamedLimit(98), streamedLimit(900)].map((limit) => limit / 1024 ** 2),
    ).toEqual([24, 64, 200, 200]);
    const files = { "functions/_public/five.bin": new Uint8Array(9 * 1024 ** 2) };
    expect((await buildForUrl(files)).manifest.assets).toHaveLength(1);
    const short = { routes: [{ pattern: "/*", settings: { timeout: 2 } }] };
    await expect(buildForUrl(files, short)).rejects.toMatchObject({
      code: "ASSET_TOO_LARGE",
      message: expect.stringContaining("at most 8.0 MB in its 2 s") as string,
      fix: expect.stringContaining(`"timeout": 98`) as string,
    });
    await expect(build(makeFolder(files), "lambda")).rejects.toMatchObject({ code: "ASSET_TOO_LARGE" });
  });
});
