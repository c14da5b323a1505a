/** Wrong exports and wrong return values of handlers, on every target: their message and the line they are shown at. */
// @module-tag isolated
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDevBuilder } from "../../framework/bundler/dev-builder.ts";
import type { Emulator } from "../../framework/emulation/emulator.ts";
import { createLambdaEmulator } from "../../framework/emulation/lambda/emulator.ts";
import { createNodeEmulator } from "../../framework/emulation/node/emulator.ts";
import { failureAdvice, mapFailure, type MappedFailure } from "../../framework/dev/source-frame.ts";
import { createWorkersEmulator } from "../../framework/emulation/workers/emulator.ts";
import { functionId } from "../../framework/bundler/function-groups.ts";
import type { App } from "../../framework/model/app.ts";
import type { FunctionSource } from "../../framework/model/invocation.ts";
import type { Route } from "../../framework/model/route.ts";
import type { Target } from "../../framework/model/target.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import { defaultApp } from "../config/default-app.ts";
import { makeFolder } from "./gateway-app.ts";
import { patient } from "../emulation/lambda/patient.ts";

const files = {
  "functions/text.ts": `const hello = "hello";\n\nexport const GET = () => {\n  return hello;\n};\n`,
  "functions/number.ts": `export async function GET() {\n  await 0;\n  return 42;\n}\n`,
  "functions/nothing.ts":
    `import "node:path";\nexport function POST() {\n  new Response("no return");\n}\n` +
    `export const GET = () => new Response("other");\n`,
  "functions/again.ts": `export { GET } from "./_lib/again.ts";\n`,
  "functions/_lib/again.ts":
    `export const GET = async () => {\n  const one = new Response("once");\n` +
    `  await one.text();\n  return one;\n};\n`,
  "functions/no-function.ts": `export const PUT = () => new Response();\nexport const GET = "hello";\n`,
  "functions/object.ts": `const routes = { hi: () => new Response("hi") };\nexport default routes;\n`,
  "functions/value.ts": `const handler = async () => new Response("hi");\nexport default handler;\n`,
  "functions/app.ts": `export default { fetch: () => "text" };\n`,
  "functions/circle.ts": `import { upper } from "./_lib/upper.ts";\nexport const GET = () => new Response(upper);\n`,
  "functions/_lib/upper.ts":
    `import { word } from "./word.ts";\nexport const upper = word.toUpperCase();\n` + `export const lower = "b";\n`,
  "functions/_lib/word.ts": `import { lower } from "./upper.ts";\nexport const word = lower.trim();\n`,
  "functions/late.ts": `import { upper } from "./_lib/fine.ts";\nexport const GET = () => upper();\n`,
  "functions/_lib/fine.ts":
    `import { word } from "./other.ts";\n` + `export const upper = () => { throw new Error(word()); };\n`,
  "functions/_lib/other.ts": `import { upper } from "./fine.ts";\nexport const word = () => typeof upper;\n`,
  "functions/database.ts": `import { open } from "odd";\nexport const GET = () => new Response(open());\n`,
  "node_modules/odd/package.json": JSON.stringify({ name: "odd", main: "node.js", browser: "browser.js" }),
  "node_modules/odd/node.js": `exports.open = () => { throw new Error("node"); };\n`,
  "node_modules/odd/browser.js": `exports.open = () => { throw new Error("browser"); };\n`,
  "functions/mw/_middleware.ts": `// A guard?\nexport default "guard";\n`,
  "functions/mw/index.ts": `export const GET = () => new Response("unguarded");\n`,
};

const emulators: Readonly<Record<Target, () => Emulator>> = {
  lambda: () => createLambdaEmulator({ ...patient, onLog: () => undefined }),
  workers: () =>
    createWorkersEmulator({
      compatibilityDate: "2026-07-01",
      compatibilityFlags: ["nodejs_compat"],
      onLog: () => undefined,
      onNotice: () => undefined,
    }),
  node: () => createNodeEmulator({ onLog: () => undefined }),
};

let root: string;
beforeAll(async () => {
  root = await makeFolder(files);
});
afterAll(() => rm(root, { recursive: true }));

/** An app and the emulator that runs it. */
interface Setup {
  readonly app: App;
  readonly target: Target;
  readonly source: FunctionSource;
  readonly emulator: Emulator;
  readonly routes: readonly Route[];
}

async function failureOf(
  { app, target, source, emulator, routes }: Setup,
  path: string,
  method: string,
): Promise<MappedFailure> {
  const route = routes.find(({ pattern }) => pattern === path)!;
  const id = functionId(app.group, target, route);
  const fn = await source.load(id);
  const request = {
    method,
    target: path,
    headers: [["Host", "localhost"] as const],
    body: new Uint8Array(),
    clientAddress: "127.0.0.1",
    scheme: "http" as const,
    port: 80,
  };
  const to = { routeKey: `ANY ${path}`, pathParameters: {}, requestId: randomUUID() };
  const { response, failure } = await emulator.invoke(fn, request, to);
  expect(response.status, path).toBe(500);
  return mapFailure(
    failure!,
    fn,
    { root: app.root, target },
    {
      method,
      route,
      routes: routes.filter((one) => functionId(app.group, target, one) === id),
    },
  );
}

describe.each(["lambda", "workers", "node"] as const)("on %s", (target) => {
  let setup: Setup;
  let close: () => Promise<unknown>;
  beforeAll(async () => {
    const app = defaultApp(root, { targets: [target] });
    const routes = await discoverRoutes(root);
    const source = createDevBuilder({ app, target, out: join(root, ".portico/dev", target), env: {} });
    source.setRoutes(routes);
    setup = { app, target, source, emulator: emulators[target](), routes };
    close = () => Promise.all([setup.emulator.close(), source.close()]);
  });
  afterAll(() => close());

  test.each([
    ["/text", "GET", /^The handler returned a string, not a Response; /, "functions/text.ts", 3],
    ["/text", "HEAD", /^The handler returned a string, not a Response; /, "functions/text.ts", 3],
    ["/number", "GET", /^The handler returned a number, not a Response; /, "functions/number.ts", 1],
    [
      "/nothing",
      "POST",
      /^The handler returned undefined, not a Response; is a return missing\?$/,
      "functions/nothing.ts",
      2,
    ],
    ["/again", "GET", /^The handler returned a Response whose body was read before$/, "functions/again.ts", 1],
    ["/no-function", "GET", /^GET is a string, not a function; /, "functions/no-function.ts", 2],
    ["/object", "GET", /^The default export is an object without fetch; /, "functions/object.ts", 2],
    ["/value", "GET", /^The default export is a function without fetch; /, "functions/value.ts", 2],
    ["/app", "GET", /^The handler returned a string, not a Response; /, "functions/app.ts", 1],
    ["/mw", "GET", /^The default export of a _middleware file is a string, /, "functions/mw/_middleware.ts", 2],
  ])("%s %s", async (path, method, message, file, line) => {
    const failure = await failureOf(setup, path, method);
    expect(failure.message).toMatch(message);
    expect(failure.frame).toMatchObject({ file, line });
    expect(failure.frame?.excerpt.find(({ failing }) => failing)?.number).toBe(line);
  });

  test("a module that fails while it loads has the import cycle that it is in", async () => {
    const failure = await failureOf(setup, "/circle", "GET");
    expect(failure).toMatchObject({ name: "TypeError", frame: { file: "functions/_lib/word.ts", line: 2 } });
    expect(failure.cycle).toEqual(["functions/_lib/word.ts", "functions/_lib/upper.ts", "functions/_lib/word.ts"]);
  });

  test("an error inside a package's build for browsers names the package", async () => {
    const failure = await failureOf(setup, "/database", "GET");
    expect(failure).toMatchObject({ frame: { file: "functions/database.ts", line: 2 } });
    expect([failure.message, failure.browserBuild]).toEqual(
      target === "workers" ? ["browser", "odd"] : ["node", undefined],
    );
    expect(failureAdvice(failure)).toHaveLength(target === "workers" ? 1 : 0);
  });

  test("a handler that throws has no import cycle", async () => {
    const failure = await failureOf(setup, "/late", "GET");
    expect(failure).toMatchObject({ message: "function", frame: { file: "functions/_lib/fine.ts", line: 2 } });
    expect(failure).not.toHaveProperty("cycle");
  });
});

test("a function of several routes that does not start has no line, since any route may be the cause", async () => {
  const app = defaultApp(root, { group: "app" });
  const routes = (await discoverRoutes(root)).filter(({ pattern }) => /^\/(?:object|value)$/.test(pattern));
  const source = createDevBuilder({ app, target: "lambda", out: join(root, ".portico/dev/group"), env: {} });
  source.setRoutes(routes);
  const emulator = emulators.lambda();
  try {
    const failure = await failureOf({ app, target: "lambda", source, emulator, routes }, "/object", "GET");
    expect(failure.message).toMatch(/ without fetch; /);
    expect(failure.frame).toBeUndefined();
  } finally {
    await emulator.close();
    await source.close();
  }
});
