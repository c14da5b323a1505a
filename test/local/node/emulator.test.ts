/** The node emulation alone: modules on disk in, invocations out. */
import { rm } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Emulator } from "../../../framework/local/emulator.ts";
import { createNodeEmulator } from "../../../framework/local/node/emulator.ts";
import type { Invocation, LoadedFunction, LogLine } from "../../../framework/model/invocation.ts";
import type { WireRequest } from "../../../framework/model/wire.ts";
import { makeFolder, parse } from "../gateway-app.ts";

let root: string;
let emulator: Emulator;
const logs: LogLine[] = [];
beforeAll(async () => {
  root = await makeFolder({
    "show.mjs": `let calls = 0;
export default async (request, call) => Response.json({ calls: ++calls, method: request.method, url: request.url, body: await request.text(), cookie: request.headers.get("cookie"), many: request.headers.get("x-many"), env: call.env, id: call.requestId, address: call.clientAddress });`,
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
    "locked.mjs": `export default () => { const response = new Response("x"); response.body.getReader(); return response; };`,
    "exits.mjs": `export default () => process.exit(3);`,
    "stream.mjs": `export default () => new Response(ReadableStream.from([new Uint8Array([1]), new Uint8Array([2])]), { headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] });`,
  });
  emulator = createNodeEmulator({ onLog: (line) => logs.push(line) });
});
afterAll(async () => {
  await emulator.close();
  await rm(root, { recursive: true });
});

const fn = (name: string, hash = "1"): LoadedFunction => ({
  id: name,
  hash,
  directory: root,
  main: `${name}.mjs`,
  memory: 128,
  timeout: 1,
  env: { GREETING: "hi" },
});

let ids = 0;
function invoke(of: LoadedFunction, request: Partial<WireRequest> = {}): Promise<Invocation> {
  const wire: WireRequest = {
    method: "GET",
    target: "/",
    headers: [["Host", "localhost:3000"]],
    body: new Uint8Array(),
    clientAddress: "127.0.0.1",
    scheme: "http",
    port: 3000,
    ...request,
  };
  return emulator.invoke(of, wire, { routeKey: "ANY /", pathParameters: {}, requestId: `id-${++ids}` });
}

const text = ({ response }: Invocation): Promise<string> => new Response(response.body as BodyInit).text();

test("the request as the Web has it: canonical path, raw query, joined headers, body; GET's body is dropped", async () => {
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
    ...{ calls: 1, method: "POST", url: "http://localhost:3000/~/a%2Fb?q=%zz", body: "text", cookie: "a=1; b=2", many: "1, 2" },
    ...{ env: { GREETING: "hi" }, id: `id-${ids}`, address: "127.0.0.1" },
  });
  expect(parse(await text(await invoke(fn("show"), { body }))).body).toBe("");
});

test("a module is imported once per hash", async () => {
  const one = fn("show", "a");
  const [first, again, next] = [await invoke(one), await invoke(one), await invoke(fn("show", "b"))];
  expect([first.cold, again.cold, next.cold]).toEqual([true, false, true]);
  expect([parse(await text(again)).calls, parse(await text(next)).calls]).toEqual([2, 1]);
});

test("what is reported out of band is the failure of its own call", async () => {
  const [reported, fine] = await Promise.all([invoke(fn("report")), invoke(fn("show"))]);
  expect(reported.failure).toMatchObject({ name: "RangeError", message: "out of band" });
  expect(await text(reported)).toBe("bare");
  expect(fine).not.toHaveProperty("failure");
});

test("a throw, at the top or in the fetch, is an invocation with a failure", async () => {
  const thrown = await invoke(fn("throws"));
  expect([thrown.response.status, thrown.failure?.message]).toEqual([500, "no error object"]);
  expect(parse(await text(thrown))).toEqual({ error: "Internal Server Error", requestId: `id-${ids}` });
  expect((await invoke(fn("odd"))).failure).toEqual({ name: "7", message: "said", stack: "7: said" });
  const top = await invoke(fn("top"));
  expect([top.response.status, top.failure?.message]).toEqual([500, "at the top"]);
  expect((await invoke(fn("top"))).failure?.message).toBe("at the top");
});

test("rejections that nobody awaits are logged and end nothing", async () => {
  expect(await text(await invoke(fn("stray")))).toBe("ok");
  await expect.poll(() => logs.map((line) => line.text)).toEqual([expect.stringContaining("background"), expect.stringContaining("stray")]);
});

test("what functions print is told as theirs, in whole messages", async () => {
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

test("a body that is already read is the function's failure, and TRACE is none of its methods", async () => {
  const { response, failure } = await invoke(fn("locked"));
  expect([response.status, failure?.message]).toEqual([500, "The handler returned a Response whose body something already reads"]);
  expect(await invoke(fn("show"), { method: "TRACE" })).toMatchObject({ response: { status: 405 } });
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
