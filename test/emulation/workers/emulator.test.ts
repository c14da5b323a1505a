/** The Workers emulation with a real workerd: functions, failures, limits, restarts and disconnects. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoadedFunction, LogLine } from "../../../framework/model/invocation.ts";
import type { HttpHeaders } from "../../../framework/model/http-message.ts";
import { createWorkersEmulator, type WorkersEmulator } from "../../../framework/emulation/workers/emulator.ts";
import { newestCompatibilityDate } from "../../../framework/emulation/workers/miniflare.ts";

const logs: LogLine[] = [];
const notices: string[] = [];
let folder: string;
let emulator: WorkersEmulator;
let count = 0;

async function load(id: string, code: string): Promise<LoadedFunction> {
  const hash = String(++count);
  const directory = await mkdtemp(join(folder, `${id}-`));
  await writeFile(join(directory, "index.mjs"), code);
  return { id, hash, directory, main: "index.mjs", memory: 128, timeout: 3, env: { GREETING: "hi" } };
}

async function call(fn: LoadedFunction, target: string, headers: HttpHeaders = [["Host", "localhost:3000"]]) {
  const request = {
    method: "GET",
    target,
    headers,
    body: new Uint8Array(),
    clientAddress: "192.0.2.1",
    scheme: "http",
    port: 3000,
  } as const;
  const invocation = await emulator.invoke(fn, request, {
    routeKey: "$default",
    pathParameters: {},
    requestId: `request-${++count}`,
  });
  const text = await new Response(invocation.response.body as ReadableStream).text();
  return { ...invocation, text };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-workers-"));
  emulator = createWorkersEmulator({
    compatibilityDate: "2999-01-01",
    compatibilityFlags: ["nodejs_compat", "enable_request_signal"],
    onLog: (line) => logs.push(line),
    onNotice: (text) => notices.push(text),
  });
});
afterAll(async () => {
  await emulator.close();
  await rm(folder, { recursive: true });
});

describe("the Workers emulation", () => {
  it("runs a function with its env, and reports only the first call as cold", async () => {
    const fn = await load(
      "hello",
      `export default { fetch: async (r, env) => new Response(r.url + " " + JSON.stringify(env)) }`,
    );
    const first = await call(fn, "/a%2Fb/%zz?q=1");
    expect(first.text).toBe('http://localhost:3000/a%2Fb/%zz?q=1 {"GREETING":"hi"}');
    expect(first.cold).toBe(true);
    expect((await call(fn, "/")).cold).toBe(false);
  });

  it("sets Cloudflare's headers and fields, whatever the client sends", async () => {
    const fn = await load(
      "headers",
      `export default { fetch: async (r) => new Response(JSON.stringify([...r.headers])) }`,
    );
    const { text, response } = await call(fn, "/", [
      ["Host", "localhost:3000"],
      ["CF-Ray", "forged"],
      ["cf-connecting-ip", "203.0.113.9"],
    ]);
    const seen = Object.fromEntries(JSON.parse(text) as [string, string][]);
    expect(seen["cf-ray"]).toMatch(/^request-/);
    expect(seen["cf-connecting-ip"]).toBe("192.0.2.1");
    expect(
      [...Object.keys(seen), ...response.headers.map(([name]) => name)].filter((name) => /^x-[0-9a-f]{24}/.test(name)),
    ).toEqual([]);
  });

  it("reports a failure to the developer, not in the response", async () => {
    const fn = await load(
      "boom",
      `export default { fetch: async (r) => {
        globalThis.porticoReport(new TypeError("secret"), r.headers.get("cf-ray"));
        return new Response("bare", { status: 500 }); } }`,
    );
    const { text, failure, response } = await call(fn, "/");
    expect(text).toBe("bare");
    expect(failure).toMatchObject({ name: "TypeError", message: "secret" });
    expect(failure?.stack).toContain("index.mjs:2:");
    expect(JSON.stringify(response.headers)).not.toContain("secret");
    expect(logs.filter((line) => line.function === "boom")).toEqual([]);
  });

  it("reports a long failure, shortened to its limit", async () => {
    const fn = await load(
      "long",
      `export default { fetch: async (r) => {
        globalThis.porticoReport(new TypeError("안".repeat(1e6)), r.headers.get("cf-ray"));
        return new Response("bare", { status: 500 }); } }`,
    );
    const { text, failure } = await call(fn, "/");
    expect([text, failure?.name, failure?.message.slice(0, 3)]).toEqual(["bare", "TypeError", "안안안"]);
  });

  it("limits a top-level error and a syntax error to their own route", async () => {
    const thrown = await call(await load("thrown", `throw new RangeError("at init")`), "/");
    expect(thrown.response.status).toBe(500);
    expect(thrown.failure).toMatchObject({ name: "RangeError", message: "at init" });
    const broken = await call(await load("broken", `export default {`), "/");
    expect(broken.response.status).toBe(500);
    expect(broken.failure?.message).toContain("Unexpected end of input");
    const fine = await call(await load("fine", `export default { fetch: async () => new Response("ok") }`), "/");
    expect(fine.text).toBe("ok");
  });

  it("refuses more than 100,000 PBKDF2 iterations, as production does", async () => {
    const fn = await load(
      "hash",
      `export default { async fetch(r) {
        const key = await crypto.subtle.importKey("raw", new Uint8Array(4), "PBKDF2", false, ["deriveBits"]);
        const iterations = Number(new URL(r.url).searchParams.get("n"));
        try { await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: new Uint8Array(8),
        iterations }, key, 256); return new Response("done"); }
        catch (error) { return new Response(error.name); }
      } }`,
    );
    expect((await call(fn, "/?n=100000")).text).toBe("done");
    expect((await call(fn, "/?n=100001")).text).toBe("NotSupportedError");
  });

  it("limits node:crypto's PBKDF2, also when it is not imported by name", async () => {
    const fn = await load(
      "nodehash",
      `import crypto from "node:crypto"; export default { async fetch(r) {
        try { return new Response(String(crypto.pbkdf2Sync("a", "b", Number(new URL(r.url).searchParams.get("n")), 8,
        "sha256").length)); }
        catch (error) { return new Response(error.message); }
      } }`,
    );
    expect((await call(fn, "/?n=100000")).text).toBe("8");
    expect((await call(fn, "/?n=100001")).text).toContain(
      "iteration counts above 100000 are not supported (requested 100001)",
    );
  });

  it.each([
    ["eval", `eval("1")`, "EvalError: Code generation from strings disallowed"],
    ["an indirect eval", `(0, eval)("1")`, "EvalError: Code generation from strings disallowed"],
    ["new Function", `new Function("return 1")`, "EvalError: Code generation from strings disallowed"],
    [
      "WebAssembly from bytes",
      `await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))`,
      "CompileError: ",
    ],
  ])("refuses %s", async (_, expression, message) => {
    const fn = await load(
      "eval",
      `export default { async fetch() { try { ${expression}; return new Response("ran");
        } catch (error) { return new Response(String(error)); } } }`,
    );
    expect((await call(fn, "/")).text).toContain(message);
  });

  it.each([`fetch("http://127.0.0.1:9/")`, `setTimeout(() => {}, 1)`, `crypto.randomUUID()`])(
    "refuses %s at global scope",
    async (expression) => {
      const fn = await load(
        "scope",
        `const value = await ${expression}; export default { fetch: async () => new Response("ran") }`,
      );
      const { response, failure } = await call(fn, "/");
      expect([response.status, failure?.message]).toEqual([500, expect.stringContaining("within global scope")]);
    },
  );

  it("refuses requests over Cloudflare's limits before the Worker runs", async () => {
    const never = await load("never", `throw new Error("ran")`);
    const answer = async (target: string, headers: HttpHeaders, body = new Uint8Array()) => {
      const request = {
        method: "POST",
        target,
        headers: [["Host", "localhost:3000"], ...headers],
        body,
        clientAddress: "192.0.2.1",
        scheme: "http",
        port: 3000,
      } as const;
      const { response, failure } = await emulator.invoke(never, request, {
        routeKey: "$default",
        pathParameters: {},
        requestId: "r",
      });
      return [response.status, await new Response(response.body as Uint8Array<ArrayBuffer>).text(), failure];
    };
    expect(await answer(`/${"a".repeat(16 * 1024)}`, [])).toEqual([
      414,
      expect.stringContaining("the limit is 16 KB"),
      undefined,
    ]);
    expect(await answer("/", [["a", "a".repeat(128 * 1024)]])).toEqual([
      431,
      expect.stringContaining("the limit is 128 KB"),
      undefined,
    ]);
    expect(await answer("/", [], new Uint8Array(100 * 1024 * 1024 + 1))).toEqual([
      413,
      expect.stringContaining("the limit is 100 MB"),
      undefined,
    ]);
  });

  it("accepts requests under those limits, and refuses a response over them", async () => {
    const fn = await load(
      "large",
      `export default { fetch: async (r) => new Response(r.headers.get("a")?.length ?? "",
        { headers: { b: "b".repeat(Number(new URL(r.url).searchParams.get("n"))) } }) }`,
    );
    expect(
      (
        await call(fn, `/${"a".repeat(16_000)}?n=1`, [
          ["Host", "localhost:3000"],
          ["a", "a".repeat(110_000)],
        ])
      ).text,
    ).toBe("110000");
    const fine = await call(fn, "/?n=120000");
    expect([fine.response.status, fine.response.headers.find(([name]) => name === "b")?.[1]?.length]).toEqual([
      200, 120_000,
    ]);
    for (const n of [140_000, 2_000_000]) {
      const { response, failure } = await call(fn, `/?n=${n}`);
      expect([response.status, failure]).toEqual([
        500,
        expect.objectContaining({ name: "ResponseHeadersTooLarge", message: expect.stringContaining("128 KB") }),
      ]);
    }
    expect((await call(fn, "/?n=1")).response.status).toBe(200);
  });

  it("replaces one function among many: the old build never responds again", async () => {
    const code = (text: string): string => `export default { fetch: async () => new Response("${text}") }`;
    for (let at = 0; at < 40; at++)
      expect((await call(await load(`many${at}`, code(`many ${at}`)), "/")).text).toBe(`many ${at}`);
    for (let edit = 0; edit < 20; edit++) {
      const edited = await load("many7", code(`edit ${edit}`));
      emulator.retire("many7");
      const answers = await Promise.all([call(edited, "/"), call(edited, "/"), call(edited, "/")]);
      expect(answers.map(({ text }) => text)).toEqual([`edit ${edit}`, `edit ${edit}`, `edit ${edit}`]);
    }
  });

  it("serves a request just before a save, although its build was not loaded yet", async () => {
    for (let edit = 0; edit < 10; edit++) {
      const fn = await load("saved", `export default { fetch: async () => new Response("save ${edit}") }`);
      const answers = Promise.all([call(fn, "/"), call(fn, "/")]);
      emulator.retire("saved");
      emulator.retire("saved");
      expect((await answers).map(({ text }) => text)).toEqual([`save ${edit}`, `save ${edit}`]);
    }
  });

  it("gives each function its own env in cloudflare:workers too, and logs under its name", async () => {
    const code = (name: string): string => `import { env } from "cloudflare:workers";
      export default { fetch: async (r, own) => { await scheduler.wait(5); console.log("${name}");
      return Response.json([Object.keys(env), own.GREETING, process.env.GREETING]); } }`;
    const [one, two] = await Promise.all([load("one", code("from one")), load("two", code("from two"))]);
    const answers = await Promise.all([
      call(one, "/"),
      call(two, "/"),
      call({ ...two, hash: "other", env: { OTHER: "1" } }, "/"),
    ]);
    expect(answers.map(({ text }) => JSON.parse(text) as unknown)).toEqual([
      [["GREETING"], "hi", "hi"],
      [["GREETING"], "hi", "hi"],
      [["OTHER"], null, "hi"],
    ]);
    expect(logs.filter(({ text }) => text === "from one")).toMatchObject([{ function: "one" }]);
    expect(logs.filter(({ text }) => text === "from two")).toMatchObject([{ function: "two" }, { function: "two" }]);
  });

  it("finishes running requests in the old workerd after a restart", async () => {
    const fn = await load(
      "slow",
      `let release; export default {
        fetch: (r) => r.url.endsWith("/go") ? new Response(String(globalThis.slow = true)) : new Promise((done) => {
        const look = () => globalThis.slow ? done(new Response("ended")) : setTimeout(look, 5); look(); }) }`,
    );
    await call(fn, "/go");
    const slow = call(fn, "/");
    emulator.restart();
    expect((await slow).text).toBe("ended");
    expect(await call(fn, "/go")).toMatchObject({ text: "true", cold: true });
  });

  it("replaces a compatibility date that workerd does not support, and prints one notice", async () => {
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain(newestCompatibilityDate());
  });
});

describe("a client that disconnects", () => {
  const code = `export default { async fetch(request) {
    request.signal.addEventListener("abort", () => console.log("heard " + request.url));
    let began = 0;
    console.log("began " + request.url);
    if (request.url.endsWith("/silent")) return new Response(new ReadableStream({ async pull(controller) {
    if (began++) await scheduler.wait(600_000); controller.enqueue(new Uint8Array(1)); } }));
    await scheduler.wait(600_000);
    return new Response("late");
  } }`;

  it.each([
    ["before the response", "GET", "/late"],
    ["after a body", "POST", "/late-post"],
    ["during a silent stream", "GET", "/silent"],
    ["during a silent stream, after a body", "POST", "/silent"],
  ])("%s aborts the request", async (_, method, target) => {
    const fn = await load("leaving", code);
    const printed = async (text: string): Promise<void> => {
      await expect.poll(() => logs.some((line) => line.text === text)).toBe(true);
    };
    logs.length = 0;
    let happened = false;
    let leave = (): void => undefined;
    const disconnect = {
      signal: new AbortController().signal,
      get happened() {
        return happened;
      },
      onDisconnect: (action: () => void) => void (leave = action),
    };
    const request = {
      method,
      target,
      headers: [["Host", "localhost:3000"]] as HttpHeaders,
      body: Buffer.from(method === "POST" ? "x" : ""),
    };
    const client = { clientAddress: "192.0.2.1", scheme: "http", port: 3000 } as const;
    const to = { routeKey: "$default", pathParameters: {}, requestId: `request-${++count}`, disconnect };
    const answer = emulator.invoke(fn, { ...request, ...client }, to);
    await printed(`began http://localhost:3000${target}`);
    if (target === "/silent") await answer;
    happened = true;
    leave();
    await printed(`heard http://localhost:3000${target}`);
    expect((await answer).response.status).toBe(target === "/silent" ? 200 : 499);
  });
});

describe("a Worker in an endless loop", () => {
  it("responds 503, a new workerd serves the next request, and a waiting request is not ended", async () => {
    const own = createWorkersEmulator({
      compatibilityDate: "2026-07-01",
      compatibilityFlags: ["nodejs_compat"],
      onLog: () => {},
      onNotice: () => {},
      cpuMs: 3000,
    });
    const ask = async (fn: LoadedFunction, target: string) => {
      const request = {
        method: "GET",
        target,
        headers: [["Host", "localhost:3000"]] as HttpHeaders,
        body: new Uint8Array(),
      };
      const client = { clientAddress: "192.0.2.1", scheme: "http", port: 3000 } as const;
      const to = { routeKey: "$default", pathParameters: {}, requestId: `request-${++count}` };
      return own.invoke(fn, { ...request, ...client }, to);
    };
    const fn = await load(
      "loop",
      `export default { fetch: async (r) => { if (r.url.endsWith("/loop")) for (;;);
        if (r.url.endsWith("/wait")) await scheduler.wait(4500); return new Response("fine"); } }`,
    );
    try {
      expect((await ask(fn, "/wait")).response.status).toBe(200);
      const { response, failure } = await ask(fn, "/loop");
      expect([response.status, failure?.name]).toEqual([503, "ExceededCpu"]);
      expect(await ask(fn, "/")).toMatchObject({ response: { status: 200 }, cold: true });
    } finally {
      await own.close();
    }
  });
});
