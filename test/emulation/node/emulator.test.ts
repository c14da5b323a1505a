/** The node emulation: responses, failures, output and threads of an app's functions. */
// @module-tag isolated
import { EventEmitter } from "node:events";
import { readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Emulator } from "../../../framework/emulation/emulator.ts";
import { createNodeEmulator } from "../../../framework/emulation/node/emulator.ts";
import type { Invocation, LoadedFunction, LogLine } from "../../../framework/model/invocation.ts";
import type { HttpRequest } from "../../../framework/model/http-message.ts";
import { makeFolder, parse } from "../../dev/gateway-app.ts";

let root: string;
let emulator: Emulator;
const logs: LogLine[] = [];
beforeAll(async () => {
  root = await makeFolder({
    "show.mjs": `let calls = 0;
export default async (request, call) => Response.json({ calls: ++calls, method: request.method, url: request.url,
body: await request.text(), cookie: request.headers.get("cookie"), many: request.headers.get("x-many"),
env: call.env, id: call.requestId, address: call.clientAddress });`,
    "report.mjs": `export default (request, call) => {
  globalThis.porticoReport(new RangeError("out of band"), call.requestId);
  return new Response("bare", { status: 500 });
};`,
    "throws.mjs": `export default () => { throw "no error object"; };`,
    "odd.mjs": `export default () => { throw Object.assign(new Error("said"), { stack: null, name: 7 }); };`,
    "top.mjs": `throw new Error("at the top");`,
    "stray.mjs": `export default (request, call) => {
  call.waitUntil(Promise.reject(new Error("background")));
  void Promise.reject(new Error("stray"));
  return new Response("ok");
};`,
    "prints.mjs": `console.log("top %d", 1);
export default async () => {
  await null;
  console.error("err", { a: 1 });
  process.stdout.write("raw");
  setTimeout(() => console.log("later"), 1);
  return new Response(new ReadableStream({ pull(to) { console.warn("pulled"); to.close(); } }, { highWaterMark: 0 }));
};`,
    "locked.mjs": `export default () => { const response = new Response("x"); response.body.getReader();
      return response; };`,
    "exits.mjs": `export default () => process.exit(3);`,
    "exits-later.mjs": `export default () => { setTimeout(() => process.exit(4), 20); return new Response("ok"); };`,
    "waits.mjs": `export default async () => { await new Promise((done) => setTimeout(done, 3000));
      return new Response("waited"); };`,
    "loops.mjs": `export default () => { for (;;); };`,
    "loops-later.mjs": `export default async () => { await new Promise((done) => setTimeout(done, 20));
      const spin = () => { for (;;); }; spin(); };`,
    "prints-forever.mjs": `export default () => {
  for (;;) console.log("again");
};`,
    "busy.mjs": `export default async () => {
  for (const end = performance.now() + 3000; performance.now() < end; ) {
    for (const pause = performance.now() + 100; performance.now() < pause; );
    await new Promise((done) => setImmediate(done));
  }
  return new Response("done");
};`,
    "throws-later.mjs": `export default () => { setTimeout(() => { throw new Error("nobody catches it"); }, 20);
      return new Response("ok"); };`,
    "thread.mjs": `export default () => new Response("a thread");`,
    "env.mjs": `const top = process.env.GREETING;
export default () => {
  const mine = process.env.MINE ?? null;
  process.env.MINE = "changed";
  globalThis.Response = class extends Response {};
  return Response.json({ top, mine, cache: process.env.NODE_COMPILE_CACHE ?? null });
};`,
    "ticks.mjs": `export default () => {
  let ticks = 0;
  return new Response(new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array([++ticks])),
  cancel: () => console.log("cancelled") }, { highWaterMark: 0 }));
};`,
    "node_modules/declared/index.js": `module.exports = "declared";`,
    "node_modules/near/index.js": `module.exports = "near";`,
    "inner/finds.mjs": `import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const find = (name) => { try { return require(name); } catch (error) { return error.code; } };
const load = (name) => import(name).then((module) => module.default, (error) => error.code);
export default async () => Response.json([find("declared"), find("near"), await load("declared"),
await load("near")]);`,
    "timer.mjs": `setInterval(() => {}, 1000);
export default () => new Response("ok");`,
    "breaks.mjs": `let parts = 0;
export default () => new Response(new ReadableStream({ pull(to) {
if (++parts > 3) to.error(new Error("the source is gone")); else to.enqueue(new Uint8Array(1)); } }));`,
    "leaves.mjs": `export default async (request) => {
  console.log("waits");
  await new Promise((done) => request.signal.addEventListener("abort", done));
  return new Response(String(request.signal.reason));
};`,
    "stream.mjs": `export default () => new Response(ReadableStream.from([new Uint8Array([1]), new Uint8Array([2])]),
      { headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] });`,
  });
  emulator = createNodeEmulator({ onLog: (line) => logs.push(line) });
});
afterAll(async () => {
  await emulator.close();
  await rm(root, { recursive: true });
});

const fn = (name: string, hash = "1", timeout = 300): LoadedFunction => ({
  id: name,
  hash,
  directory: root,
  main: `${name}.mjs`,
  memory: 128,
  timeout,
  env: { GREETING: "hi" },
});

let ids = 0;
const wire = (request: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  target: "/",
  headers: [["Host", "localhost:3000"]],
  body: new Uint8Array(),
  clientAddress: "127.0.0.1",
  scheme: "http",
  port: 3000,
  ...request,
});

const invoke = (of: LoadedFunction, request: Partial<HttpRequest> = {}): Promise<Invocation> =>
  emulator.invoke(of, wire(request), { routeKey: "ANY /", pathParameters: {}, requestId: `id-${++ids}` });

const text = ({ response }: Invocation): Promise<string> => new Response(response.body as BodyInit).text();

test("a Request has a canonical path, a raw query, joined headers and a body, but none for GET", async () => {
  const body = new TextEncoder().encode("text");
  const headers = [
    ["Host", "localhost:3000"],
    ["Cookie", "a=1"],
    ["cookie", "b=2"],
    ["X-Many", "1"],
    ["x-many", "2"],
  ] as const;
  const posted = await invoke(fn("show"), { method: "POST", target: "/%7e/a%2fb?q=%zz", headers, body });
  expect(parse(await text(posted))).toEqual({
    calls: 1,
    method: "POST",
    url: "http://localhost:3000/~/a%2Fb?q=%zz",
    body: "text",
    cookie: "a=1; b=2",
    many: "1, 2",
    env: { GREETING: "hi" },
    id: `id-${ids}`,
    address: "127.0.0.1",
  });
  expect(parse(await text(await invoke(fn("show"), { body }))).body).toBe("");
});

test("a module is imported once per hash", async () => {
  const one = fn("show", "a");
  const [first, again, next] = [await invoke(one), await invoke(one), await invoke(fn("show", "b"))];
  expect([first.cold, again.cold, next.cold]).toEqual([true, false, true]);
  expect([parse(await text(again)).calls, parse(await text(next)).calls]).toEqual([2, 1]);
});

test("a reported failure belongs to its own request", async () => {
  const [reported, fine] = await Promise.all([invoke(fn("report")), invoke(fn("show"))]);
  expect(reported.failure).toMatchObject({ name: "RangeError", message: "out of band" });
  expect(await text(reported)).toBe("bare");
  expect(fine).not.toHaveProperty("failure");
});

test("an error at the top level or in fetch is a 500 with a failure", async () => {
  const thrown = await invoke(fn("throws"));
  expect([thrown.response.status, thrown.failure?.message]).toEqual([500, "no error object"]);
  expect(parse(await text(thrown))).toEqual({ error: "Internal Server Error", requestId: `id-${ids}` });
  expect((await invoke(fn("odd"))).failure).toEqual({ name: "7", message: "said", stack: "7: said" });
  const top = await invoke(fn("top"));
  expect([top.response.status, top.failure?.message]).toEqual([500, "at the top"]);
  expect((await invoke(fn("top"))).failure?.message).toBe("at the top");
});

test("unhandled rejections are logged and end no thread", async () => {
  expect(await text(await invoke(fn("stray")))).toBe("ok");
  await expect
    .poll(() => logs.map((line) => line.text))
    .toEqual([expect.stringContaining("background"), expect.stringContaining("stray")]);
});

test("output is logged under its function, one line per message", async () => {
  logs.length = 0;
  await text(await invoke(fn("prints")));
  await expect.poll(() => logs.length).toBe(5);
  expect(logs.slice(0, 3)).toEqual([
    { function: "prints", stream: "stdout", text: "top 1" },
    { function: "prints", stream: "stderr", text: "err { a: 1 }" },
    { function: "prints", stream: "stdout", text: "raw" },
  ]);
  expect(logs).toContainEqual({ function: "prints", stream: "stdout", text: "later" });
  expect(logs).toContainEqual(expect.objectContaining({ stream: "stderr", text: "pulled" }));
});

test("a body that is already read is the function's failure", async () => {
  const { response, failure } = await invoke(fn("locked"));
  expect([response.status, failure?.message]).toEqual([
    500,
    "The handler returned a Response whose body something already reads",
  ]);
});

test("process.exit ends its own call, not the process", async () => {
  const { response, failure } = await invoke(fn("exits"));
  expect(response.status).toBe(500);
  expect(failure?.message).toContain("exit (code 3)");
});

test("streams pass through, set-cookie repeated", async () => {
  const { response } = await invoke(fn("stream"));
  expect(response.headers.filter(([name]) => name === "set-cookie")).toEqual([
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
  ]);
  expect(await new Response(response.body as BodyInit).bytes()).toEqual(new Uint8Array([1, 2]));
});

/** A response that is read whole later. */
const status = ({ response, failure }: Invocation): readonly [number, string | undefined] => [
  response.status,
  failure?.message,
];

test.each(["loops", "loops-later", "prints-forever"])(
  "%s: ended at its timeout, and waiting requests get a response",
  async (name) => {
    const looping = invoke(fn(name, "1", 1));
    // Begun before the loop is, or waits behind it: both get an answer.
    const behind = invoke(fn("show", "1", 1));
    const { response, failure } = await looping;
    expect(response.status).toBe(503);
    expect(failure).toMatchObject({
      name: "Timeout",
      message: `the function ${name} ran for 1 s without a pause, and was ended`,
    });
    const [answered, why] = status(await behind);
    expect([200, 503]).toContain(answered);
    if (answered === 503) expect(why).toContain(`the function ${name} ran for 1 s`);
    expect(status(await invoke(fn("show")))).toEqual([200, undefined]);
  },
);

test.runIf("startCpuProfile" in Worker.prototype)("the failure of an endless loop names its line", async () => {
  const stack = async (): Promise<string | undefined> => (await invoke(fn("loops-later", "1", 1))).failure?.stack;
  // On a machine with too much to do V8 may be too late to tell.
  await expect.poll(stack).toMatch(/^ {4}at .*loops-later\.mjs\?1:2:/);
});

test("a function that runs longer than its timeout with pauses is not ended", async () => {
  expect(await text(await invoke(fn("busy", "1", 2)))).toBe("done");
});

test("process.exit is logged with its position and ends the thread's requests; the next one succeeds", async () => {
  logs.length = 0;
  const waiting = invoke(fn("waits"));
  const { response, failure } = await invoke(fn("exits"));
  expect([response.status, failure?.stack]).toEqual([500, expect.stringContaining("exits.mjs?1:1:")]);
  const other = await waiting;
  expect([other.response.status, other.failure?.message]).toEqual([
    500,
    expect.stringContaining("this request ran in the same thread"),
  ]);
  expect(await text(await invoke(fn("exits-later")))).toBe("ok");
  await expect.poll(() => logs.map((line) => line.text)).toContainEqual(expect.stringContaining("exit (code 4)"));
  expect(status(await invoke(fn("show")))).toEqual([200, undefined]);
});

test("an uncaught exception is logged; its thread ends after its requests, a new one gets the next", async () => {
  logs.length = 0;
  const [waiting, thrown] = [invoke(fn("waits")), invoke(fn("throws-later"))];
  expect(await text(await thrown)).toBe("ok");
  await expect
    .poll(() => logs)
    .toContainEqual({
      function: "throws-later",
      stream: "stderr",
      text: expect.stringMatching(
        new RegExp(
          "^uncaught exception, which would end a process of portico start: " +
            "Error: nobody catches it\n.*throws-later\\.mjs",
        ),
      ),
    });
  await expect.poll(async () => (await invoke(fn("thread"))).cold).toBe(true);
  expect(await text(await waiting)).toBe("waited");
});

test("process.env has the declared names, and is separate from that of the command line", async () => {
  const other = createNodeEmulator({ onLog: () => undefined });
  const [before, global] = [process.env["GREETING"], globalThis.Response];
  expect(parse(await text(await invoke(fn("env"))))).toEqual({
    top: "hi",
    cache: process.env["NODE_COMPILE_CACHE"] ?? null,
    mine: null,
  });
  expect([process.env["GREETING"], process.env["MINE"], globalThis.Response]).toEqual([before, undefined, global]);
  const ask = { routeKey: "", pathParameters: {}, requestId: "other" };
  expect(parse(await text(await other.invoke(fn("env"), wire(), ask))).mine).toBeNull();
  await other.close();
});

test("functions import only the packages that hosting.json declares", async () => {
  const declaring = createNodeEmulator({ onLog: () => undefined, packages: ["declared"] });
  const answer = await declaring.invoke({ ...fn("finds"), directory: join(root, "inner") }, wire(), {
    routeKey: "",
    pathParameters: {},
    requestId: "finds",
  });
  expect(parse(await text(answer))).toEqual(["declared", "MODULE_NOT_FOUND", "declared", "ERR_MODULE_NOT_FOUND"]);
  await declaring.close();
});

test("an edit gives the app a new thread; running requests end in the old one", async () => {
  logs.length = 0;
  const { response } = await invoke(fn("ticks", "e0"));
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  expect((await reader.read()).value).toEqual(new Uint8Array([1]));
  emulator.retire("ticks");
  const fresh = await invoke(fn("ticks", "e1"));
  expect(fresh.cold).toBe(true);
  expect((await reader.read()).value).toEqual(new Uint8Array([2]));
  await Promise.all([reader.cancel(), (fresh.response.body as ReadableStream).cancel()]);
  // Both threads tell of it, and no later than this: the lines would be another test's.
  await expect.poll(() => logs.map((line) => line.text)).toEqual(["cancelled", "cancelled"]);
});

test("threads before many edits have ended with their timers", { tags: ["check"] }, async () => {
  const threads = (): number => readdirSync("/proc/self/task").length;
  await invoke(fn("timer", "e0"));
  const before = threads();
  for (let edit = 1; edit <= 12; edit++) {
    emulator.retire("timer");
    expect((await invoke(fn("timer", `e${edit}`))).cold).toBe(true);
  }
  // The one that takes calls, and one that is ready for the next edit.
  await expect.poll(threads).toBeLessThanOrEqual(before + 1);
});

test("a stream is pulled by its reader, cancelled with it, and passes its error on", async () => {
  logs.length = 0;
  const { response } = await invoke(fn("ticks"));
  await (response.body as ReadableStream<Uint8Array>).cancel();
  await expect.poll(() => logs.map((line) => line.text)).toEqual(["cancelled"]);
  const broken = await invoke(fn("breaks"));
  await expect(new Response(broken.response.body as BodyInit).bytes()).rejects.toThrow("the source is gone");
});

test("request.signal aborts when the client disconnects, before the response and while it streams", async () => {
  logs.length = 0;
  const left = new EventEmitter();
  const client = {
    happened: false,
    signal: new AbortController().signal,
    onDisconnect: (tell: () => void) => void left.once("left", tell),
  };
  const invocation = emulator.invoke(fn("leaves"), wire(), {
    routeKey: "",
    pathParameters: {},
    requestId: "left",
    disconnect: client,
  });
  await expect.poll(() => logs.map((line) => line.text)).toEqual(["waits"]);
  left.emit("left");
  expect(await text(await invocation)).toBe("Error: the client left");
});
