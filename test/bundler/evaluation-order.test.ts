/** Every run of a route evaluates its modules as their source says, in development and production, on all targets. */
// @module-tag isolated
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { zipEntries } from "../../framework/zip/reader.ts";
import { createNodeEmulator } from "../../framework/emulation/node/emulator.ts";
import { build as buildSubject } from "../conformance/app-build.ts";
import type { RunningApp, LoadedApp } from "../conformance/runtime.ts";
import { startDev } from "../conformance/runtimes/dev.ts";
import { lambda } from "../conformance/runtimes/lambda.ts";
import { node } from "../conformance/runtimes/node.ts";
import { workersDev } from "../conformance/runtimes/workers-dev.ts";
import { workers } from "../conformance/runtimes/workers.ts";
import { type Files, makeApp, makeFolder } from "./test-app.ts";

/** A package of `files`. @param more of its package.json */
const pack = (name: string, files: Readonly<Record<string, string>>, more: object = {}): Files => ({
  [`node_modules/${name}/package.json`]: JSON.stringify({
    name,
    version: "1.0.0",
    type: "module",
    main: "index.js",
    ...more,
  }),
  ...Object.fromEntries(Object.entries(files).map(([file, text]) => [`node_modules/${name}/${file}`, text])),
});

const packages: Files = {
  // Has no side effects and re-exports another package: an import through it must initialise that package.
  ...pack(
    "impl",
    { "index.js": `const table = new Map([["a", "made"]]); export const make = () => table.get("a");` },
    { sideEffects: false },
  ),
  ...pack("facade", { "index.js": `export * from "impl";` }, { sideEffects: false }),
  ...pack("facade-of-facade", { "index.js": `export { make } from "facade";` }, { sideEffects: false }),
  ...pack("late-user", { "index.js": `export const load = () => import("impl");` }),
  ...pack("requiring-user", { "index.js": `exports.load = () => require("impl");` }, { type: "commonjs" }),
  // Names of its own that are globals to everybody else.
  ...pack("capturing", {
    "index.js":
      `var URL = class { constructor() { this.own = "URL"; } }; var Request = "Request", Response = ` +
      `"Response", Headers = "Headers", AbortSignal = 1, ReadableStream = 2, Symbol = 3, Buffer = 4;
      function fetch() { return "fetch"; }
      export const own = () => [new URL().own, Request, Response, Headers, fetch(), AbortSignal, ` +
      `ReadableStream, Symbol, Buffer].join();`,
  }),
  ...pack(
    "interop",
    {
      "index.js":
        `Object.defineProperty(exports, "__esModule", { value: true }); exports.default = ` +
        `"its default"; exports.named = "named";`,
    },
    { type: "commonjs" },
  ),
  ...pack(
    "plain-commonjs",
    { "index.js": `module.exports = function () { return "called"; }; module.exports.member = "member";` },
    { type: "commonjs" },
  ),
  ...pack(
    "late-interop",
    { "index.js": `import whole from "interop"; export const kind = typeof whole;` },
    { sideEffects: false },
  ),
  // Modules append a step when they are evaluated.
  ...pack("steps", { "index.js": `export const steps = []; export const step = (name) => (steps.push(name), name);` }),
  ...pack("other-steps", {
    "index.js": `export const steps = []; export const step = (name) => (steps.push(name), name);`,
  }),
  ...pack("waits", { "index.js": `export const awaited = await Promise.resolve("awaited");` }),
};

/** By route: its source and its response. */
const routes: Readonly<Record<string, readonly [source: string, answer: string]>> = {
  "imported-and-late": [
    `import { make } from "facade"; import { load } from "late-user"; export const GET = async () => ` +
      `new Response([make(), (await load()).make()].join());`,
    "made,made",
  ],
  "imported-and-late-from-further": [
    `import { make } from "facade-of-facade"; import { load } from "late-user"; export const GET = async () => ` +
      `new Response([make(), (await load()).make()].join());`,
    "made,made",
  ],
  "imported-and-required": [
    `import { make } from "facade"; import user from "requiring-user"; export const GET = () => ` +
      `new Response([make(), user.load().make()].join());`,
    "made,made",
  ],
  "never-asked-for": [
    `import { make } from "facade"; import { load } from "late-user"; export const GET = () => ` +
      `new Response(make() + typeof load);`,
    "madefunction",
  ],
  "names-of-globals": [
    `import { own } from "capturing"; export const POST = async (request: Request) => new Response([own(), ` +
      `new URL(request.url).pathname, await request.text()].join());
     export const GET = (request: Request) => new Response([own(), new URL(request.url).pathname, ` +
      `request.headers.get("host") !== null].join());`,
    "URL,Request,Response,Headers,fetch,1,2,3,4,/names-of-globals,true",
  ],
  commonjs: [
    `import whole, { named } from "interop"; import call, { member } from "plain-commonjs"; ` +
      `import * as all from "plain-commonjs";
     export const GET = () => new Response([whole, named, call(), member, typeof all.default, all.member].join());`,
    "its default,named,called,member,function,member",
  ],
  "commonjs-in-what-is-late-too": [
    `import { kind } from "late-interop"; export const GET = async () => new Response([kind, (await ` +
      `import("late-interop")).kind].join());`,
    "object,object",
  ],
  "syntax-of-what-is-late-too": [
    `import { seen } from "./_lib/legacy/decorated.ts"; export const GET = async () => new Response([seen, (await ` +
      `import("./_lib/legacy/decorated.ts")).seen].join());`,
    "1,1",
  ],
  "order-of-what-is-late-too": [
    `import "./_lib/first.ts"; import { second } from "./_lib/second.ts"; import { steps } from "steps";
     export const GET = async () => new Response([...steps, (await import("./_lib/second.ts")).second === ` +
      `second].join());`,
    "first,second,true",
  ],
  "late-alone": [
    `import { steps } from "other-steps"; export const GET = async () => { const before = steps.length; const { ` +
      `third } = await import("./_lib/셋째 [3].ts"); return new Response([before, third, steps.length].join()); };`,
    "0,third,1",
  ],
  "late-error-of-ours": [
    `export const GET = async () => { (await import("./_lib/refuse.ts")).refuse(); };`,
    `{"error":"refused late"}`,
  ],
  "waits-at-the-top": [
    `import { awaited } from "waits"; const own = await Promise.resolve("own"); export const GET = async () => ` +
      `new Response([awaited, own, (await import("waits")).awaited].join());`,
    "awaited,own,awaited",
  ],
};

const files: Files = {
  ...packages,
  ...Object.fromEntries(Object.entries(routes).map(([name, [source]]) => [`functions/${name}.ts`, source])),
  "functions/_lib/legacy/tsconfig.json": `{ "compilerOptions": { "experimentalDecorators": true } }`,
  "functions/_lib/legacy/decorated.ts":
    `export let seen = 0; const see = (...given: unknown[]) => void (seen = given.length); ` +
    `@see class Seen {}\nvoid Seen;`,
  "functions/_lib/first.ts": `import { step } from "steps"; step("first");`,
  "functions/_lib/second.ts": `import { step } from "steps"; export const second = step("second");`,
  "functions/_lib/셋째 [3].ts": `import { step } from "other-steps"; export const third = step("third");`,
  "functions/_lib/refuse.ts":
    `import { HttpError } from "portico"; export const refuse = () => { ` +
    `throw new HttpError(418, "refused late"); };`,
};

const removers: (() => void)[] = [];
const made: RunningApp[] = [];
afterAll(async () => {
  await Promise.all(made.map((running) => running.close()));
  for (const remove of removers) remove();
});

/** One app for each way to run it. */
function subject(): LoadedApp {
  const root = makeFolder(files, (remove) => removers.push(remove));
  const folder = makeFolder({}, (remove) => removers.push(remove));
  return { app: makeApp(root, { env: {}, secrets: [] }), env: {}, folder };
}

/** What each way answers on a path. */
type Ways = Readonly<Record<string, () => Promise<(path: string) => Promise<string>>>>;

const served = (start: (of: LoadedApp) => Promise<RunningApp>) => async () => {
  const running = await start(subject());
  made.push(running);
  return async (path: string): Promise<string> =>
    Buffer.from((await running.send({ target: path })).bytes)
      .toString()
      .trim();
};

const ways: Ways = {
  "dev on lambda": served((of) => lambda.start(of)),
  "dev on node": served((of) => startDev(of, "node", createNodeEmulator({ onLog: () => {} }))),
  "dev on workers": served((of) => workersDev.start(of)),
  start: served((of) => node.start(of)),
  "the Worker": served((of) => workers.start(of)),
  "the zip": async () => {
    const answers = fromZips(await buildSubject(subject(), "lambda"));
    return (path) => Promise.resolve(answers.get(path.slice(1)) ?? "");
  },
};

/** Runs each function's zip in a separate folder and process, as Lambda does. */
function fromZips({ manifest, out }: Awaited<ReturnType<typeof buildSubject>>): ReadonlyMap<string, string> {
  const folder = makeFolder({}, (remove) => removers.push(remove));
  for (const { id, zip = "" } of manifest.functions) {
    for (const { path, bytes } of zipEntries(readFileSync(join(out, zip)))) {
      mkdirSync(dirname(join(folder, id, path)), { recursive: true });
      writeFileSync(join(folder, id, path), bytes);
    }
  }
  return new Map(
    manifest.functions.map(({ id }) => {
      const { stdout, loaded } = ask(join(folder, id, "index.mjs"), `/${id}`);
      expect([id, loaded], "Node's own web classes").toEqual([id, false]);
      return [id, stdout.trim()];
    }),
  );
}

function ask(main: string, path: string): { readonly stdout: string; readonly loaded: boolean } {
  const http = { method: "GET", path, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "test" };
  const event = {
    version: "2.0",
    rawPath: path,
    rawQueryString: "",
    headers: { host: "own.test" },
    isBase64Encoded: false,
  };
  const given = { ...event, requestContext: { stage: "$default", domainName: "own.test", http } };
  const text =
    `const { handler } = await import(${JSON.stringify(main)});
    const { body } = await handler(${JSON.stringify(given)}, { awsRequestId: "1", getRemainingTimeInMillis: ` +
    `() => 3000 });
    process.stdout.write(JSON.stringify({ stdout: body ?? "", loaded: ` +
    `process.moduleLoadList.includes("NativeModule internal/deps/undici/undici") }));`;
  return JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "-e", text], { encoding: "utf8" }),
  ) as ReturnType<typeof ask>;
}

describe.each(Object.entries(ways))("%s", (_, open) => {
  let answer: (path: string) => Promise<string>;
  beforeAll(async () => {
    answer = await open();
  });
  it.each(Object.entries(routes))("%s", async (name, [, expected]) => {
    expect(await answer(`/${name}`)).toBe(expected);
  });
});

test("a zip contains dynamically imported modules, and the manifest lists them", async () => {
  const { manifest, out } = await buildSubject(subject(), "lambda");
  const late = manifest.functions.find(({ id }) => id === "late-alone")!;
  expect(late.main).toBe("functions/late-alone/index.mjs");
  expect(late.files?.some((name) => /^셋째.*-[A-Z0-9]{8}\.mjs$/u.test(name))).toBe(true);
  const entries = zipEntries(readFileSync(join(out, late.zip ?? ""))).map(({ path }) => path);
  expect(entries.toSorted()).toEqual(
    ["index.mjs", ...late.files!]
      .flatMap((name) => [name, `${name}.map`])
      .concat("build")
      .toSorted(),
  );
  const bytes = ["index.mjs", ...late.files!].map(
    (name) => readFileSync(join(out, "functions/late-alone", name)).length,
  );
  expect(late.bytes).toBe(bytes.reduce((sum, length) => sum + length, 0));
  expect(manifest.functions.find(({ id }) => id === "commonjs")).not.toHaveProperty("files");
});
