/** Tests of uploads: which code, metadata and bindings the API accepts, and with which error it refuses others. */
// @module-tag check
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  valueAt,
  deployWorker,
  type CloudflareLab,
  type Module,
  openCloudflareLab,
  textWorker,
  upload,
} from "./cloudflare-lab.ts";

let lab: CloudflareLab;
beforeAll(async () => void (lab = await openCloudflareLab()));
afterAll(() => lab.close());

const put = (name: string, code: string | readonly Module[], metadata: Readonly<Record<string, unknown>> = {}) =>
  lab.call("PUT", `/workers/scripts/${name}`, upload(code, metadata));
const bound = (...bindings: readonly Readonly<Record<string, unknown>>[]) =>
  put("bound", textWorker("x"), { bindings });
const text = (name: string, value = "x") => ({ type: "plain_text", name, text: value });

describe("a Worker's name", () => {
  it.each(["Upper", "1one", "with_underscore", "ends-", `a${"b".repeat(63)}`])("%s is refused", async (name) => {
    expect(await put(name, textWorker("x"))).toMatchObject({ status: 400, code: 10016 });
  });
});

describe("the form", () => {
  it("is multipart with a JSON part named metadata", async () => {
    const path = "/workers/scripts/form";
    expect((await lab.call("PUT", path, "{}", { "content-type": "application/json" })).code).toBe(10001);
    const cut = '--x\r\ncontent-disposition: form-data; name="metadata"\r\n\r\n{}';
    expect((await lab.call("PUT", path, cut, { "content-type": "multipart/form-data; boundary=x" })).code).toBe(10006);
    const form = new FormData();
    form.set("index.js", new File([textWorker("x")], "index.js", { type: "application/javascript+module" }));
    expect(await lab.call("PUT", path, form)).toMatchObject({
      code: 10021,
      message: "could not read content for part metadata",
    });
    form.set("metadata", "{");
    expect((await lab.call("PUT", path, form)).code).toBe(10001);
  });

  it("names what is not honoured here instead of ignoring it", async () => {
    for (const more of [
      { body_part: "x" },
      { migrations: {} },
      { containers: [] },
      { something: 1 },
      { bindings: [{ type: "ai", name: "AI" }] },
    ])
      expect((await put("form", textWorker("x"), more)).message, JSON.stringify(more)).toMatch(/does not support/);
    expect(lab.cloud.workers()).toEqual([]);
  });
});

describe("the code", () => {
  it("is really started: syntax errors, throws and missing modules are told with their place", async () => {
    expect(await put("broken", "export default {")).toMatchObject({
      code: 10021,
      message: expect.stringMatching(/SyntaxError.*\n.*index\.js:1:/),
    });
    expect(await put("broken", "\nthrow new Error('at the top');")).toMatchObject({
      message: expect.stringMatching(/at the top\n.*index\.js:2:/),
    });
    expect((await put("broken", `import "./missing.js"; export default { fetch() {} };`)).message).toContain(
      "missing.js",
    );
    expect((await put("broken", "setTimeout(() => {}, 1); export default { fetch() {} };")).message).toContain(
      "global scope",
    );
    expect((await put("broken", "export const nothing = 1;")).code).toBe(10068);
    expect((await put("broken", `export const named = 1; ${textWorker("x")}`)).message).toContain(
      "Incorrect type for map entry 'named'",
    );
    expect((await put("broken", textWorker("x"), { compatibility_flags: ["no_such_flag"] })).message).toContain(
      "no_such_flag",
    );
    expect(lab.cloud.workers()).toEqual([]);
  });

  it("may be many modules of every kind, with source maps beside them", async () => {
    const wasm = Buffer.from("AGFzbQEAAAABBQFgAAF/AwIBAAcHAQNvbmUAAAoGAQQAQQEL", "base64");
    const main = `import { a } from "./lib/a.js";
      import text from "./note.txt";
      import data from "./blob.bin";
      import wasm from "./one.wasm";
      import cjs from "./old.cjs";
      export default { async fetch() {
        const lazy = await import("./lib/lazy.js");
        const { exports } = await WebAssembly.instantiate(wasm);
        return Response.json([a, text, new TextDecoder().decode(data), exports.one(), cjs.old, lazy.default]);
      } };\n//# sourceMappingURL=index.js.map`;
    await deployWorker(lab, "modules", [
      { name: "index.js", code: main },
      { name: "lib/a.js", code: `export const a = "a";`, type: "text/javascript+module" },
      { name: "lib/lazy.js", code: `export default "lazy";` },
      { name: "old.cjs", code: `module.exports = { old: "cjs" };`, type: "application/javascript" },
      { name: "note.txt", code: "note", type: "text/plain" },
      { name: "blob.bin", code: new Uint8Array([98, 105, 110]), type: "application/octet-stream" },
      { name: "one.wasm", code: new Uint8Array(wasm), type: "application/wasm" },
      { name: "index.js.map", code: "{}", type: "application/source-map" },
    ]);
    expect(await (await lab.ask("modules")).json()).toEqual(["a", "note", "bin", 1, "cjs", "lazy"]);
  });

  it("must be named and typed as a module can be", async () => {
    const module = (name: string, type: string) =>
      put("typed", [
        { name: "index.js", code: textWorker("x") },
        { name, code: "x", type },
      ]);
    expect((await module("a.js", "application/json")).code).toBe(10021);
    expect((await module("../a.js", "text/plain")).code).toBe(10021);
    expect((await module("a/./b.txt", "text/plain")).code).toBe(10021);
    expect((await module("index.js", "text/plain")).message).toContain("two parts");
    expect((await module("a.py", "text/x-python")).message).toContain("does not support Python");
    expect((await put("typed", textWorker("x"), { main_module: "other.js" })).message).toContain("No such module");
    expect(
      (await put("typed", [{ name: "index.js", code: "module.exports = {}", type: "application/javascript" }])).code,
    ).toBe(10216);
  });

  it("may have 64 MiB", async () => {
    const filler = (bytes: number): Module => ({
      name: "filler.bin",
      code: new Uint8Array(bytes),
      type: "application/octet-stream",
    });
    const main = { name: "index.js", code: textWorker("big") };
    expect((await put("big", [main, filler(64 * 1024 * 1024)])).code).toBe(10027);
  });
});

describe("compatibility", () => {
  it("dates are real, not in the future, and default to the oldest", async () => {
    const date = (compatibility_date: string) => put("dated", textWorker("x"), { compatibility_date });
    expect((await date("2026-13-01")).code).toBe(10021);
    expect((await date("yesterday")).code).toBe(10021);
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    expect(await date(tomorrow)).toMatchObject({ code: 10021, message: expect.stringContaining("in the future") });
    lab.clockOffset = 86_400_000;
    expect((await date(tomorrow)).status).toBe(200);
    lab.clockOffset = 0;
    const form = upload(textWorker("x"));
    form.set("metadata", JSON.stringify({ main_module: "index.js" }));
    expect((await lab.call("PUT", "/workers/scripts/dated", form)).result).toMatchObject({
      compatibility_date: "2021-11-02",
    });
  });

  it("nodejs_compat comes by itself from 2026-08-04 on", async () => {
    const code = `export default { fetch: () => new Response(typeof globalThis.process) };`;
    await deployWorker(lab, "nodeless", code, { compatibility_date: "2026-08-03" });
    expect(await (await lab.ask("nodeless")).text()).toBe("undefined");
    await deployWorker(lab, "noded", code, { compatibility_date: "2026-08-04" });
    expect(await (await lab.ask("noded")).text()).toBe("object");
  });
});

describe("bindings", () => {
  it("have names that are identifiers, once each", async () => {
    expect((await bound({ type: "plain_text", text: "x" })).code).toBe(10052);
    expect((await bound(text("not-one"))).code).toBe(10052);
    expect((await bound(text("A"), text("A"))).code).toBe(10053);
    expect((await bound({ type: "nothing", name: "A" })).code).toBe(10021);
    expect((await bound({ ...text("A"), more: 1 })).code).toBe(10021);
  });

  it("hold 5 KB of text each, and 128 variables and secrets", async () => {
    expect((await bound(text("A", "é".repeat(2560)))).status).toBe(200);
    expect((await bound(text("A", "é".repeat(2561)))).code).toBe(10054);
    expect((await bound({ type: "json", name: "A", json: "x".repeat(5119) })).code).toBe(10054);
    expect((await bound({ type: "secret_text", name: "A", text: "x".repeat(5121) })).code).toBe(10054);
    const many = (count: number) => bound(...Array.from({ length: count }, (_, index) => text(`V${index}`)));
    expect((await many(128)).status).toBe(200);
    expect((await many(129)).code).toBe(10055);
  });

  it("of all plain kinds arrive in the Worker, and secrets are never shown", async () => {
    const bindings = [
      text("TEXT", "안녕"),
      { type: "json", name: "JSON", json: { a: [1] } },
      { type: "secret_text", name: "SECRET", text: "hush" },
      { type: "version_metadata", name: "VERSION" },
    ];
    const code = `export default { fetch: (request, env) => Response.json(env) };`;
    const id = await deployWorker(lab, "plain", code, { bindings, annotations: { "workers/tag": "v1" } });
    const env = await (await lab.ask("plain")).json();
    expect(env).toMatchObject({ TEXT: "안녕", JSON: { a: [1] }, SECRET: "hush", VERSION: { id, tag: "v1" } });
    for (const path of [
      "scripts/plain/settings",
      `scripts/plain/versions/${id}`,
      `workers/plain/versions/${id}?include=modules`,
      "scripts/plain/secrets",
    ])
      expect((await lab.call("GET", `/workers/${path}`)).text).not.toContain("hush");
  });

  it("to other Workers call their live version, and keep them from being deleted", async () => {
    const echo = `export default { async fetch(request) {
      return new Response("echo " + request.method + " " + request.url + " " + await request.text());
    } };`;
    await deployWorker(lab, "echo", echo);
    const caller = `export default { fetch: (request, env) =>
      env.ECHO.fetch("https://other.example/path?q", { method: "POST", body: "body" }) };`;
    await deployWorker(lab, "caller", caller, { bindings: [{ type: "service", name: "ECHO", service: "echo" }] });
    expect(await (await lab.ask("caller")).text()).toBe("echo POST https://other.example/path?q body");
    expect((await lab.call("GET", "/workers/workers/echo")).result).toMatchObject({
      references: { workers: [{ name: "caller" }] },
    });
    expect((await lab.call("DELETE", "/workers/scripts/echo")).code).toBe(10142);
    expect((await lab.call("DELETE", "/workers/scripts/echo?force=true")).status).toBe(200);
    expect((await lab.call("POST", "/workers/workers", { name: "empty" })).status).toBe(200);
    expect((await bound({ type: "service", name: "E", service: "empty" })).code).toBe(10145);
    expect((await bound({ type: "service", name: "E", service: "caller", entrypoint: "not one" })).code).toBe(10021);
  });

  it("limit rates as they say", async () => {
    const code = `export default { async fetch(request, env) {
      const results = [await env.RATE.limit({ key: "a" }), await env.RATE.limit({ key: "a" })];
      return Response.json(results.map(({ success }) => success));
    } };`;
    await deployWorker(lab, "rated", code, {
      bindings: [{ type: "ratelimit", name: "RATE", namespace_id: "1001", simple: { limit: 1, period: 60 } }],
    });
    expect(await (await lab.ask("rated")).json()).toEqual([true, false]);
    expect(
      (await bound({ type: "ratelimit", name: "R", namespace_id: "1", simple: { limit: 1, period: 30 } })).code,
    ).toBe(10021);
  });

  it("are inherited by name, and strictly when asked", async () => {
    await deployWorker(lab, "heir", `export default { fetch: (request, env) => Response.json(env) };`, {
      bindings: [text("OLD", "old"), { type: "secret_text", name: "SECRET", text: "hush" }],
    });
    const inherit = (name: string, old_name?: string) => ({ type: "inherit", name, ...(old_name && { old_name }) });
    const again = async (query: string, metadata: object) =>
      lab.call(
        "PUT",
        `/workers/scripts/heir${query}`,
        upload(`export default { fetch: (request, env) => Response.json(env) };`, { ...metadata }),
      );
    expect(
      (await again("?bindings_inherit=strict", { bindings: [inherit("NEW", "OLD"), inherit("SECRET")] })).status,
    ).toBe(200);
    expect(await (await lab.ask("heir")).json()).toEqual({ NEW: "old", SECRET: "hush" });
    expect((await again("?bindings_inherit=strict", { bindings: [inherit("GONE")] })).code).toBe(10057);
    expect((await again("", { bindings: [inherit("GONE")], keep_bindings: ["secret_text"] })).status).toBe(200);
    expect(await (await lab.ask("heir")).json()).toEqual({ SECRET: "hush" });
    expect((await again("", {})).status).toBe(200);
    expect(await (await lab.ask("heir")).json()).toEqual({});
  });
});

describe("scripts", () => {
  it("are listed by their tags, which have their rules", async () => {
    await put("tagged", textWorker("x"), { tags: ["app-demo", "stage-prod"] });
    const names = async (tags: string) =>
      ((await lab.call("GET", `/workers/scripts?tags=${tags}`)).result as readonly { readonly id: string }[]).map(
        ({ id }) => id,
      );
    expect(await names("app-demo:yes,stage-prod:yes")).toEqual(["tagged"]);
    expect(await names("app-demo:yes,stage-prod:no")).toEqual([]);
    expect((await lab.call("GET", "/workers/scripts?tags=app-demo")).code).toBe(10004);
    expect((await put("tagged", textWorker("x"), { tags: ["a,b"] })).code).toBe(10021);
    expect(
      (await put("tagged", textWorker("x"), { tags: Array.from({ length: 9 }, (_, index) => `t${index}`) })).code,
    ).toBe(10021);
    const patched = await lab.call("PATCH", "/workers/scripts/tagged/script-settings", {
      tags: ["other"],
      observability: { enabled: true, head_sampling_rate: 0.5 },
    });
    expect(patched.result).toMatchObject({
      tags: ["other"],
      observability: { enabled: true, head_sampling_rate: 0.5 },
    });
    expect(
      (
        await lab.call("PATCH", "/workers/scripts/tagged/script-settings", {
          observability: { enabled: true, head_sampling_rate: 2 },
        })
      ).code,
    ).toBe(10021);
  });

  it("and versions give their modules back", async () => {
    const id = await deployWorker(lab, "readable", [
      { name: "index.js", code: textWorker("read") },
      { name: "record.json", code: `{"release":7}`, type: "application/octet-stream" },
    ]);
    const { result } = await lab.call("GET", `/workers/workers/readable/versions/${id}?include=modules`);
    const modules = valueAt(result, "modules") as readonly { readonly name: string; readonly content_base64: string }[];
    expect(modules.map(({ name, content_base64 }) => [name, Buffer.from(content_base64, "base64").toString()])).toEqual(
      [
        ["index.js", textWorker("read")],
        ["record.json", `{"release":7}`],
      ],
    );
    expect(
      valueAt((await lab.call("GET", `/workers/workers/readable/versions/${id}`)).result, "modules"),
    ).toBeUndefined();
  });

  it("take versions only once they were uploaded, and annotate them", async () => {
    expect((await lab.call("POST", "/workers/scripts/nowhere/versions", upload(textWorker("x")))).code).toBe(10007);
    await lab.call("POST", "/workers/workers", { name: "shell" });
    expect((await lab.call("POST", "/workers/scripts/shell/versions", upload(textWorker("x")))).code).toBe(10222);
    await put("annotated", textWorker("x"));
    const annotate = (annotations: object) =>
      lab.call("POST", "/workers/scripts/annotated/versions", upload(textWorker("x"), { annotations }));
    expect((await annotate({ "workers/tag": "x".repeat(101) })).code).toBe(10021);
    const long = await annotate({ "workers/message": "가".repeat(400), "workers/tag": "v2" });
    expect(long.result).toMatchObject({
      number: 2,
      annotations: { "workers/message": "가".repeat(333), "workers/tag": "v2" },
    });
    expect(
      (await lab.call("POST", "/workers/scripts/annotated/versions", upload(textWorker("x"), { tags: ["x"] }))).message,
    ).toContain("not versioned");
  });

  it("are changed by one call at a time", async () => {
    const results = await Promise.all(Array.from({ length: 4 }, () => put("crowd", textWorker("x"))));
    expect(results.map(({ status }) => status).toSorted((left, right) => left - right)).toEqual([200, 409, 409, 409]);
    expect(results.find(({ status }) => status === 409)?.code).toBe(10035);
  });
});

describe("an account", () => {
  it("of the free plan has less", async () => {
    const free = await openCloudflareLab({ cloudflare: { plan: "free" } });
    try {
      const put = (metadata: object) =>
        free.call("PUT", "/workers/scripts/small", upload(textWorker("x"), { ...metadata }));
      expect((await put({ limits: { cpu_ms: 50 } })).code).toBe(100328);
      expect((await put({ bindings: Array.from({ length: 65 }, (_, index) => text(`V${index}`)) })).code).toBe(10055);
      for (let index = 0; index < 100; index += 1) await free.call("POST", "/workers/workers", { name: `w${index}` });
      expect(await put({})).toMatchObject({ status: 403, code: 10037 });
    } finally {
      await free.close();
    }
  });
});
