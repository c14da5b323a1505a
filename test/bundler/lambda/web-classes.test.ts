/**
 * The choice of light or platform web classes per function, and the warnings for functions that keep the platform's.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { buildApp } from "../../../framework/bundler/build.ts";
import { createDevBuilder } from "../../../framework/bundler/dev-builder.ts";
import { discoverRoutes } from "../../../framework/routes/route-discovery.ts";
import type { App } from "../../../framework/model/app.ts";
import { type Files, makeApp, makeFolder, writeFiles } from "../test-app.ts";

/** Builds one route; returns whether it uses the light classes, and the build's warnings. */
async function built(
  files: Files,
  lambda: Partial<App["lambda"]> = {},
): Promise<{ light: boolean; warnings: readonly string[] }> {
  const root = makeFolder(files);
  const out = join(root, ".portico/build/lambda");
  const warnings: string[] = [];
  const app = makeApp(root, { lambda: { ...makeApp(root).lambda, ...lambda } });
  await buildApp({
    app,
    routes: await discoverRoutes(root),
    assets: [],
    target: "lambda",
    out,
    warn: (text) => warnings.push(text),
  });
  return { light: readFileSync(join(out, "functions/index.mjs"), "utf8").includes("moduleLoadList"), warnings };
}

const route = (code: string): Files => ({
  "functions/index.ts": `${code}\nexport const GET = () => new Response("hi");`,
});

describe("a function", () => {
  it("uses the light classes by default, and the platform's if hosting.json says so", async () => {
    expect(await built(route(""))).toEqual({ light: true, warnings: [] });
    expect(await built(route(""), { webClasses: "light" })).toEqual({ light: true, warnings: [] });
    expect(await built(route(""), { webClasses: "platform" })).toEqual({ light: false, warnings: [] });
  });

  it.each([
    ["a class of its own that extends one", `class Mine extends Response {}; export const POST = () => new Mine("x");`],
    [
      "a test of what something is",
      `export const POST = (r: unknown) => new Response(String(r instanceof Request || typeof Response === ` +
        `"function"));`,
    ],
    [
      "a handler that is named as a class is compared with",
      `const same = globalThis.Response === Response; export const POST = () => Response.json(same);`,
    ],
    [
      "a wrapped fetch of its own",
      `const send = (fetch: any) => ({ fetch }); export const POST = () => send(globalThis.fetch).fetch("data:,");`,
    ],
    ["globals of its own", `(globalThis as any).count ??= 0; (globalThis as any)[Symbol.for("x")] = 1;`],
    ["Hono", `import { Hono } from "hono"; console.log(new Hono());`],
  ])("keeps the light classes with %s", async (_, code) => {
    expect(await built(route(code))).toEqual({ light: true, warnings: [] });
  });

  it.each([
    ["replaces a class", `globalThis.Response = class extends Response {} as never;`, "it replaces a web class"],
    [
      "replaces a class by its name in quotes",
      `(globalThis as any)["Headers"] ??= class {};`,
      "it replaces a web class",
    ],
    [
      "replaces a class of the global object by another name",
      `const world: any = globalThis; world.Request = class {};`,
      "it replaces a web class",
    ],
    ["replaces fetch", `const send = fetch; globalThis.fetch = (...all) => send(...all);`, "it replaces fetch"],
    [
      "defines a global",
      `Object.defineProperty(globalThis, "Response", { value: class {} });`,
      "it changes properties of the global object",
    ],
    [
      "assigns globals",
      `Object.assign(globalThis, { Headers: class {} });`,
      "it changes properties of the global object",
    ],
    ["sets a global", `Reflect.set(globalThis, "fetch", null);`, "it changes properties of the global object"],
    ["adds a method", `(Response.prototype as any).teapot = () => 418;`, "it changes a web class"],
    ["changes a method by its name", `(Headers.prototype as any)["get"] = () => "";`, "it changes a web class"],
    ["defines a method", `Object.defineProperty(Request.prototype, "user", { value: 1 });`, "it changes a web class"],
    ["adds a static method", `Object.assign(Response, { teapot: 418 });`, "it changes a web class"],
    [
      "streams WebAssembly",
      `export const POST = async () => { await (WebAssembly as any).instantiateStreaming(fetch("data:,")); ` +
        `return new Response(); };`,
      "WebAssembly streaming takes the platform's Response alone",
    ],
  ])("keeps the platform's where it %s", async (_, code, reason) => {
    expect(await built(route(code))).toEqual({
      light: false,
      warnings: [`the function index uses the platform's web classes, which start more slowly: ${reason}`],
    });
  });

  test.each(["undici", "node-fetch", "@whatwg-node/fetch", "nock"])(
    "keeps the platform's where it contains %s",
    async (name) => {
      const files = {
        [`node_modules/${name}/index.js`]: "export const it = 1;",
        [`node_modules/${name}/package.json`]: `{"name":"${name}","main":"index.js","type":"module"}`,
      };
      const { light, warnings } = await built({ ...route(`import { it } from "${name}"; console.log(it);`), ...files });
      expect([light, warnings]).toEqual([
        false,
        [
          `the function index uses the platform's web classes, which start more slowly: ` +
            `it contains the package ${name}`,
        ],
      ]);
    },
  );
});

test("a conflict in one function does not affect others", async () => {
  const root = makeFolder(route("globalThis.Response = Response;"));
  writeFiles(root, { "functions/other.ts": `export const GET = () => new Response("other");` });
  const out = join(root, ".portico/build/lambda");
  await buildApp({
    app: makeApp(root),
    routes: await discoverRoutes(root),
    assets: [],
    target: "lambda",
    out,
    warn: () => undefined,
  });
  const isLight = (id: string): boolean =>
    readFileSync(join(out, `functions/${id}.mjs`), "utf8").includes("moduleLoadList");
  expect([isLight("index"), isLight("other")]).toEqual([false, true]);
});

/** A function's response in a new process, and whether `worker_threads` was loaded there, as it is in this process. */
function inProcess(main: string): { readonly body: string; readonly loaded: boolean } {
  const event = {
    rawPath: "/",
    rawQueryString: "",
    headers: {},
    requestContext: { stage: "$default", domainName: "own.test", http: { method: "GET" } },
  };
  const text =
    `const { handler } = await import(${JSON.stringify(main)});
    const { body } = await handler(${JSON.stringify(event)}, { awsRequestId: "1" });
    process.stdout.write(JSON.stringify({ body, loaded: ` +
    `process.moduleLoadList.includes("NativeModule worker_threads") }));`;
  return JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "-e", text], { encoding: "utf8" }),
  ) as ReturnType<typeof inProcess>;
}

describe("cloning an object of the light classes fails", () => {
  const named = (thrower: string): string =>
    `try { ${thrower}; return new Response("cloned"); } catch ({ name }: any) { return new Response(name); }`;
  it.each([
    ["structuredClone", "structuredClone(new Response())", "", true],
    ["structuredClone of the global object", `globalThis["structuredClone"]({ its: [request.headers] })`, "", true],
    ["a message", "new MessageChannel().port1.postMessage(request)", "", true],
    [
      "a message of a module's",
      "new it.MessageChannel().port1.postMessage(new Headers())",
      `import * as it from "node:worker_threads";`,
      true,
    ],
    ["nothing", `throw new DOMException("", "DataCloneError")`, "", false],
  ])("%s, and only code that clones loads node:worker_threads", async (_, code, before, loaded) => {
    const root = makeFolder({
      "functions/index.ts": `${before}\nexport const GET = (request: Request) => { ${named(code)} };`,
    });
    const app = makeApp(root);
    const routes = await discoverRoutes(root);
    const out = join(root, ".portico/build/lambda");
    await buildApp({ app, routes, assets: [], target: "lambda", out, warn: () => undefined });
    const builder = createDevBuilder({ app, target: "lambda", out: join(root, ".portico/dev"), env: {} });
    builder.setRoutes(routes);
    const { directory, main } = await builder.load("index");
    await builder.close();
    for (const file of [join(out, "functions/index.mjs"), join(directory, main)]) {
      expect(inProcess(file)).toEqual({ body: "DataCloneError", loaded });
    }
  });
});
