/**
 * AWS's own runtime client and ours, the same functions under both: every byte that is posted for an event is the same.
 */
// @module-tag check
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build as esbuild } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appResolution } from "../../../framework/bundler/app-resolution.ts";
import { buildApp } from "../../../framework/bundler/build.ts";
import { functionEntry, type ScannedRoute } from "../../../framework/bundler/function-entry.ts";
import { bundleOptions } from "../../../framework/bundler/esbuild-options.ts";
import { scanMethods } from "../../../framework/bundler/route-exports.ts";
import type { InvocationResult, LambdaRuntime } from "../../../framework/emulation/lambda/invocation.ts";
import { createLambdaRuntime } from "../../../framework/emulation/lambda/runtime.ts";
import { loadApp } from "../../../framework/config/app-loader.ts";
import type { App } from "../../../framework/model/app.ts";
import type { LoadedFunction } from "../../../framework/model/invocation.ts";
import type { HttpRequest } from "../../../framework/model/http-message.ts";
import { discoverAssets } from "../../../framework/routes/static-files.ts";
import { discoverRoutes } from "../../../framework/routes/route-discovery.ts";
import { secrets } from "../../conformance/secrets.ts";
import { eventSources } from "../../runtime/event-sources.ts";
import { ricClient } from "./client/ric.ts";
import { functionOf } from "./harness.ts";
import { patient } from "./patient.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const runtimes: Readonly<Record<"aws" | "ours", LambdaRuntime>> = {
  aws: createLambdaRuntime({ ...patient, onLog: () => {}, client: ricClient }),
  ours: createLambdaRuntime({ ...patient, onLog: () => {} }),
};
let folder = "";
let routes: readonly ScannedRoute[] = [];
const functions = new Map<string, LoadedFunction>();

/**
 * One bundle per route and way to answer, as the build makes them; streamed ones with `toLambdaStream` in place of its
 * adapter.
 */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-ric-"));
  const found = await discoverRoutes(root);
  const methods = await scanMethods(root, found);
  routes = found.map((route) => ({ ...route, methods: methods.get(route.id) ?? [] }));
  const entries = new Map(
    routes.flatMap((route) => [
      [`entry/${route.id}-buffered`, functionEntry("lambda", [route])],
      [`entry/${route.id}-app`, functionEntry("node", [route])],
      [
        `entry/${route.id}-streamed`,
        `import { toLambdaStream } from "portico/lambda"; import app from "portico:entry/${route.id}-app";
          export const handler = toLambdaStream(app);`,
      ],
    ]),
  );
  const ids = routes.flatMap(({ id }) => [`${id}-buffered`, `${id}-streamed`]);
  const app = await loadApp({ root, stage: "local" });
  const options = bundleOptions({ ...appResolution(app, "lambda"), entries }, "production");
  const entryPoints = ids.map((id) => ({ in: `portico:entry/${id}`, out: id }));
  const { outputFiles } = await esbuild({ ...options, entryPoints, sourcemap: false });
  for (const id of ids) {
    const code = outputFiles.find(({ path }) => path.endsWith(`/${id}.mjs`));
    await mkdir(join(folder, id));
    await writeFile(join(folder, id, "index.mjs"), code?.contents ?? "");
    const env = { GREETING: "Hello", ...secrets };
    functions.set(id, {
      id,
      hash: "1",
      directory: join(folder, id),
      main: "index.mjs",
      memory: 256,
      timeout: 300,
      env,
    });
  }
});

afterAll(async () => {
  await Promise.all(Object.values(runtimes).map((runtime) => runtime.close()));
  await rm(folder, { recursive: true, force: true });
});

const form = "application/x-www-form-urlencoded";
/** What each function is asked: every method, and the bodies that the app's routes take. */
function requests(route: ScannedRoute): readonly HttpRequest[] {
  const path =
    route.segments
      .map((segment) => `/${segment.kind === "static" ? encodeURIComponent(segment.value) : "%EC%95%88"}`)
      .join("") || "/";
  const ask = (method: string, type = "text/plain", body = "", query = "?q=a+b&tag=%2B"): HttpRequest => ({
    method,
    target: path + query,
    headers: [
      ["host", "shop.example.com"],
      ["content-type", type],
      ["cookie", "a=1; b=2"],
    ],
    body: Buffer.from(body),
    clientAddress: "203.0.113.9",
    scheme: "https",
    port: 443,
  });
  return [
    ...["GET", "HEAD", "OPTIONS", "DELETE"].map((method) => ask(method)),
    ask("POST", "application/json", JSON.stringify({ title: "안녕", tags: ["x"] })),
    ask("POST", "application/json", "{"),
    ask("POST", form, "password=%E3%84%B1&name=a+b&message=hi"),
    ask("GET", "text/plain", "", ""),
    { ...ask("GET"), target: "/100%2525/%00" },
  ];
}

/** Random ids and the time, in bytes that are as long, so that the rest stays where it is. */
const steady = (payload: Uint8Array): string =>
  Buffer.from(payload)
    .toString("latin1")
    .replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g, "00000000-0000-0000-0000-000000000000");

async function both(
  loaded: LoadedFunction,
  event: unknown,
  requestId: string,
): Promise<readonly [aws: InvocationResult, ours: InvocationResult]> {
  // Each test's function is another one.
  const fn = { ...loaded, hash: loaded.directory };
  const bytes = Buffer.from(JSON.stringify(event));
  const call = { requestId, arn: `arn:aws:lambda:us-east-1:000000000000:function:${fn.id}:1` };
  return Promise.all([runtimes.aws.invoke(fn, bytes, call), runtimes.ours.invoke(fn, bytes, call)]);
}

describe.each(["buffered", "streamed"] as const)("every function of the reference app, %s", (way) => {
  it("posts the same bytes under both clients", async () => {
    const front = eventSources.find(({ name }) => name === (way === "buffered" ? "HTTP API" : "function URL"))!;
    let count = 0;
    for (const route of routes) {
      for (const request of requests(route)) {
        const [aws, ours] = await both(
          functions.get(`${route.id}-${way}`)!,
          front.toEvent(request),
          `request-${++count}`,
        );
        const what = `${route.id}: ${request.method} ${request.target}`;
        expect(aws.functionError, what).toBeUndefined();
        expect(steady(ours.payload), what).toBe(steady(aws.payload));
        if (way === "streamed")
          expect(Buffer.from(aws.payload).toString("latin1"), what).toMatch(
            /^\{"statusCode":\d{3},"headers":\{.*?\},"cookies":\[.*?\]\}\0{8}/,
          );
      }
    }
    expect(count).toBe(routes.length * 9);
  });
});

describe("the reference app as one function behind a function URL, its static files inside", () => {
  it("posts the same bytes under both clients", async () => {
    const loaded = await loadApp({ root, stage: "local" });
    const app: App = { ...loaded, group: "app", lambda: { ...loaded.lambda, front: "function-url" } };
    const assets = await discoverAssets(root, app.assets, app);
    const out = join(folder, "url");
    const { functions: built } = await buildApp({
      app,
      routes: await discoverRoutes(root),
      assets,
      target: "lambda",
      out,
    });
    expect(built.map(({ id }) => id)).toEqual(["app"]);
    const env = { GREETING: "Hello", ...secrets };
    const fn = { id: "app", hash: "1", directory: join(out, "app"), main: "index.mjs", memory: 256, timeout: 300, env };
    const front = eventSources.find(({ name }) => name === "function URL")!;
    const files = assets.map(({ path }) => path).concat("/nothing", "/100%");
    const asked = [
      ...routes.flatMap(requests),
      ...files.flatMap((target) =>
        ["GET", "HEAD", "POST"].map((method): HttpRequest => {
          const headers = [["host", "shop.example.com"]] as const;
          return {
            method,
            target,
            headers,
            body: new Uint8Array(),
            clientAddress: "203.0.113.9",
            scheme: "https",
            port: 443,
          };
        }),
      ),
    ];
    let count = 0;
    for (const request of asked) {
      const [aws, ours] = await both(fn, front.toEvent(request), `request-${++count}`);
      const what = `${request.method} ${request.target}`;
      expect(aws.functionError, what).toBeUndefined();
      expect(steady(ours.payload), what).toBe(steady(aws.payload));
      expect(Buffer.from(aws.payload).toString("latin1"), what).toMatch(/^\{"statusCode":\d{3},.*?\]\}\0{8}/);
    }
    expect(count).toBe(routes.length * 9 + files.length * 3);
  });
});

describe("a streaming handler under both clients", () => {
  const stream = (body: string): string =>
    `export const handler = awslambda.streamifyResponse(async (event, stream, context) => { ${body} });`;
  const from = `const out = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { a: "b" },
    cookies: ["c=1"] });`;
  const prelude = `{"statusCode":201,"headers":{"a":"b"},"cookies":["c=1"]}${"\0".repeat(8)}`;

  it.each([
    ["writes and ends", `${from} out.write("a"); out.write(new Uint8Array([255])); out.end();`, `${prelude}aÿ`],
    ["writes an empty text", `${from} out.write(""); out.end();`, prelude],
    ["ends without a write, which sends no prelude", `${from} out.end();`, ""],
    ["ends with a text without a write, which sends no prelude", `${from} out.end("x");`, "x"],
    ["writes without a prelude", `stream.setContentType("text/plain"); stream.write("x"); stream.end("y");`, "xy"],
    ["writes an object", `stream.write({ a: 1 }); stream.end();`, `{"a":1}`],
    [
      "writes much, at the pace of the reader",
      `${from} const { once } = await import("node:events");
        for (let i = 0; i < 100; i++) if (out.write("x".repeat(20000)) === false) await once(out, "drain"); out.end();`,
      `${prelude}${"x".repeat(2_000_000)}`,
    ],
    ["ends late", `${from} out.write("a"); setTimeout(() => out.end("b"), 20);`, `${prelude}ab`],
  ])("%s", async (_, body, expected) => {
    const [aws, ours] = await both(functionOf(stream(body)), {}, "request-1");
    expect(Buffer.from(aws.payload).toString("latin1") === expected).toBe(true);
    expect(Buffer.from(ours.payload).equals(aws.payload)).toBe(true);
  });

  it.each([
    ["before its response", `throw new TypeError("no");`],
    ["in the middle of a body", `${from} out.write("a"); await null; throw new TypeError("no");`],
  ])("fails %s: an error in the trailers, and the environment serves the next event", async (_, body) => {
    const fn = functionOf(
      `let calls = 0; ${stream(`if (calls++ === 1) { stream.end(String(process.pid)); return; } ${body}`)}`,
    );
    const failed = await both(fn, {}, "request-1");
    for (const { payload, functionError, cold } of failed) {
      expect([functionError, cold]).toEqual(["Unhandled", true]);
      expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject({ errorType: "TypeError", errorMessage: "no" });
    }
    for (const { functionError, cold, payload } of await both(fn, {}, "request-2")) {
      expect([functionError, cold, Number(payload) > 0 || Buffer.from(payload).length > 0]).toEqual([
        undefined,
        false,
        true,
      ]);
    }
  });
});

describe("toLambdaStream()", () => {
  /** A handler around `app`, an expression, bundled as a function of the build would be. */
  async function streamed(app: string): Promise<LoadedFunction> {
    const text = `import { toLambdaStream } from "portico/lambda"; export const handler = toLambdaStream(${app});`;
    const options = bundleOptions({ root, target: "lambda", entries: new Map([["entry/it", text]]) }, "production");
    const { outputFiles } = await esbuild({ ...options, entryPoints: ["portico:entry/it"], sourcemap: false });
    return functionOf(outputFiles[0]?.text ?? "", { timeout: 300 });
  }
  const event = (method = "GET"): unknown =>
    eventSources[2]?.toEvent({
      method,
      target: "/",
      headers: [],
      body: new Uint8Array(),
      clientAddress: "::1",
      scheme: "https",
      port: 443,
    });
  const text = ({ payload }: InvocationResult): string => Buffer.from(payload).toString("latin1");

  it("sends status, headers and cookies before the bytes, and bytes as they are", async () => {
    const fn = await streamed(
      `() => { const r = new Response(new Uint8Array([0, 255]), { status: 202,
        headers: { "content-encoding": "br" } }); r.headers.append("set-cookie", "a=1");
        r.headers.append("set-cookie", "b=2"); return r; }`,
    );
    for (const outcome of await both(fn, event(), "request-1")) {
      expect(text(outcome)).toBe(
        `{"statusCode":202,"headers":{"content-encoding":"br"},"cookies":["a=1","b=2"]}${"\0".repeat(8)}\0ÿ`,
      );
    }
  });

  it("sends no body for HEAD and 204, and responds 400 to an event that is no request", async () => {
    const head = await streamed(
      `({ method }) => new Response(method === "HEAD" ? "body" : null, { status: method === "HEAD" ? 200 : 204 })`,
    );
    for (const outcome of await both(head, event("HEAD"), "request-1"))
      expect(text(outcome)).toMatch(/^\{"statusCode":200.*\}\0{8}$/);
    for (const outcome of await both(head, event(), "request-2"))
      expect(text(outcome)).toMatch(/^\{"statusCode":204.*\}\0{8}$/);
    for (const outcome of await both(head, {}, "request-3"))
      expect(text(outcome)).toMatch(/^\{"statusCode":400.*\}\0{8}\{"error":"Bad Request"\}$/);
  });

  it("reports a body that fails in the middle, and serves the next event", async () => {
    const fn = await streamed(
      `({ url }) => { let sent = 0; return new Response(new ReadableStream({ pull(c) {
        if (sent++ < 2) c.enqueue(new TextEncoder().encode("part"));
        else if (!globalThis.failed) { globalThis.failed = true; c.error(new RangeError("midway")); } else c.close();
        } })); }`,
    );
    for (const { payload, functionError } of await both(fn, event(), "request-1")) {
      expect(functionError).toBe("Unhandled");
      expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject({
        errorType: "RangeError",
        errorMessage: "midway",
      });
    }
    for (const outcome of await both(fn, event(), "request-2")) {
      expect([outcome.functionError, outcome.cold]).toEqual([undefined, false]);
      expect(text(outcome)).toMatch(/partpart$/);
    }
  });

  it("continues background work after the response, within the same event", async () => {
    const fn = await streamed(
      `(_, { waitUntil }) => { const before = globalThis.done ?? "nothing";
        waitUntil(new Promise((r) => setTimeout(() => { globalThis.done = "work"; r(); }, 50)));
        return new Response(before); }`,
    );
    for (const outcome of await both(fn, event(), "request-1")) expect(text(outcome)).toMatch(/nothing$/);
    for (const outcome of await both(fn, event(), "request-2"))
      expect([text(outcome).slice(-4), outcome.cold]).toEqual(["work", false]);
  });
});
