// @module-tag isolated
/** `portico dev` as a person runs it: reloads, broken code, settings, output, and how its processes end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { unlink } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { targets } from "../../../framework/model/target.ts";
import { until } from "../../until.ts";
import { appFolder, says, write } from "../../e2e/app.ts";
import { descendants, repository, run, type Running, start, survivors } from "../../e2e/portico.ts";

const app = appFolder("dev");

async function ready(running: Running): Promise<string> {
  return (await running.until(/http:\/\/127\.0\.0\.1:\d+/))[0];
}

/** Asks until the answer passes: a change takes a moment. */
async function eventually(
  url: string,
  passes: (status: number, text: string) => boolean,
  init?: RequestInit,
): Promise<string> {
  let last = "";
  await until(
    async () => {
      const response = await fetch(url, init);
      last = await response.text();
      return passes(response.status, last);
    },
    () => `${url} answers as expected, and not: ${last}`,
  );
  return last;
}

describe.each(targets)("portico dev --target %s", (target) => {
  it("reloads after edits, reports a broken file on its own route only, and adds and removes routes", async () => {
    const root = await app(`reload-${target}`, {
      "functions/index.ts": says("one"),
      "functions/other.ts": says("other"),
      "functions/_lib/shared.ts": `export const shared = "s1";\n`,
      "functions/uses.ts":
        `import { shared } from "./_lib/shared.ts";\n` + `export const GET = () => new Response(shared);\n`,
    });
    const running = start(["dev", "--target", target, "--port", "0"], root);
    const url = await ready(running);
    expect(await (await fetch(`${url}/`)).text()).toBe("one");
    expect(await (await fetch(`${url}/uses`)).text()).toBe("s1");
    await write(root, "functions/index.ts", says("two"));
    await eventually(`${url}/`, (_, text) => text === "two");
    await write(root, "functions/_lib/shared.ts", `export const shared = "s2";\n`);
    await eventually(`${url}/uses`, (_, text) => text === "s2");

    await write(root, "functions/index.ts", `export const GET = () => new Response("three";\n`);
    // An editor may be seen between emptying the file and writing it.
    const broken = await eventually(`${url}/`, (status, text) => status === 500 && !text.includes("ROUTE_EXPORT"));
    expect(JSON.parse(broken)).toMatchObject({
      error: { code: "BUILD_FAILED", at: [{ file: "functions/index.ts", line: 1 }] },
    });
    expect(await (await fetch(`${url}/other`)).text()).toBe("other");
    const page = await fetch(`${url}/`, { headers: { accept: "text/html" } });
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(await page.text()).toContain("functions/index.ts");
    await write(root, "functions/index.ts", says("four"));
    await eventually(`${url}/`, (_, text) => text === "four");

    await write(root, "functions/top.ts", `throw new Error("at the top");\n${says("never")}`);
    const top = await eventually(`${url}/top`, (status) => status === 500);
    await running.until(/^new route: \/top {2}functions\/top\.ts$/m);
    expect(JSON.parse(top)).toMatchObject({ error: "Internal Server Error", failure: { message: "at the top" } });
    expect(await (await fetch(`${url}/other`)).text()).toBe("other");
    await unlink(join(root, "functions/top.ts"));
    await eventually(`${url}/top`, (status) => status === 404);
    await running.until(/^gone: \/top {2}functions\/top\.ts$/m);
    // Nobody wrote a compatibility date, so none is a warning.
    expect(running.output()).not.toMatch(/^warning/m);
    expect(await running.stop()).toBe(0);
  });

  it("says which functions an edit changed, and none for a file that is written again as it was", async () => {
    const settings = (env: object): string => JSON.stringify({ name: "edits", env });
    const root = await app(`changed-${target}`, {
      "hosting.json": settings({}),
      "tsconfig.json": "{}",
      "functions/index.ts": says("one"),
      "functions/other.ts": says("other"),
      "functions/unasked.ts": says("unasked"),
    });
    const running = start(["dev", "--target", target, "--port", "0"], root);
    const url = await ready(running);
    for (const path of ["/", "/other", "/nowhere"]) await (await fetch(url + path)).text();
    await write(root, "hosting.json", settings({}));
    await write(root, "functions/index.ts", says("one"));
    await write(root, "functions/other.ts", says("another"));
    await running.until(/^changed: other$/m);
    await write(root, "functions/index.ts", says("two"));
    await running.until(/^changed: index$/m);
    await write(root, "hosting.json", settings({ WORD: "a" }));
    await running.until(/^changed: index, other$/m);
    expect(running.output().match(/^changed: .*$/gm)).toHaveLength(3);
    await running.stop();
  });

  it.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)(
    "leaves no process behind on %s",
    { tags: ["check"] },
    async (signal) => {
      const root = await app(`${signal}-${target}`, {
        "functions/index.ts": says("hi"),
        "functions/slow.ts":
          `export const GET = async () => { console.log("it waits");\n` +
          `  await new Promise((done) => setTimeout(done, 600_000)); return new Response(); };\n`,
      });
      const running = start(["dev", "--target", target, "--port", "0"], root);
      const url = await ready(running);
      expect(await (await fetch(`${url}/`)).text()).toBe("hi");
      const hanging = fetch(`${url}/slow`).catch(() => undefined);
      await running.until(/it waits/);
      const pids = descendants(running.child.pid!);
      expect(pids.length).toBeGreaterThan(0);
      await running.stop(signal);
      await hanging;
      expect(await survivors(pids)).toEqual([]);
    },
  );
});

it("names the app whose portico dev has the port", async () => {
  const [one, other] = await Promise.all(
    ["one", "other"].map((name) => app(name, { "functions/index.ts": says(name) })),
  );
  const port = new URL(await ready(start(["dev", "--port", "0"], one!))).port;
  expect(await run(["dev", "--port", port], other!)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(new RegExp(`^error PORT_IN_USE: port ${port} is in use by portico dev of .*/one\n`)),
  });
});

describe.each(targets)("portico dev --target %s, while a route is in an endless loop", (target) => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "exits at the first %s and leaves no process behind",
    { tags: ["check"] },
    async (signal) => {
      const begun = createServer((_, response) => response.end()).listen(0, "127.0.0.1");
      onTestFinished(() => void begun.close());
      await once(begun, "listening");
      const told = `http://127.0.0.1:${(begun.address() as AddressInfo).port}`;
      const root = await app(`loop-${signal}-${target}`, {
        "functions/loop.ts": `export const GET = async () => { await fetch("${told}"); for (;;); };\n`,
      });
      const running = start(["dev", "--target", target, "--port", "0"], root);
      const url = await ready(running);
      const stuck = fetch(`${url}/loop`).catch(() => undefined);
      await once(begun, "request");
      const pids = descendants(running.child.pid!);
      expect(await running.stop(signal)).toBe(0);
      await stuck;
      expect(await survivors(pids)).toEqual([]);
    },
  );
});

describe("portico dev --target node", () => {
  it("sets the declared env and secrets in process.env before modules load, and updates them", async () => {
    const root = await app("process-env", {
      "hosting.json": JSON.stringify({
        name: "env",
        target: "node",
        env: { GREETING: "from hosting.json" },
        secrets: ["API_KEY"],
      }),
      ".env": "API_KEY=from-dotenv\n",
      "functions/a.ts": `const top = process.env["GREETING"];
export const GET = (_: Request, { env }: { env: Record<string, string> }) =>
  Response.json({ top, secret: process.env["API_KEY"] ?? null, env });\n`,
    });
    const running = start(["dev", "--port", "0"], root);
    const url = await ready(running);
    const env = { GREETING: "from hosting.json", API_KEY: "from-dotenv" };
    expect(await (await fetch(`${url}/a`)).json()).toEqual({ top: "from hosting.json", secret: "from-dotenv", env });
    await write(root, ".env", "API_KEY=another\n");
    await eventually(`${url}/a`, (_, text) => text.includes(`"secret":"another"`));
    expect(await running.stop()).toBe(0);
  });

  it("names the route of an endless loop, serves the other routes, and serves this one after a fix", async () => {
    const root = await app("goes-on", {
      "hosting.json": JSON.stringify({ name: "loop", target: "node", routes: { "/*": { timeout: 2 } } }),
      "functions/loop.ts": `export const GET = () => { for (;;) {} };\n`,
      "functions/ok.ts": says("ok"),
    });
    const running = start(["dev", "--port", "0"], root);
    const url = await ready(running);
    const stuck = await fetch(`${url}/loop`);
    expect(stuck.status).toBe(503);
    expect(await stuck.json()).toMatchObject({
      failure: { name: "Timeout", message: "the function loop ran for 2 s without a pause, and was ended" },
      request: { route: "/loop", file: "functions/loop.ts" },
    });
    await running.until(/Timeout: the function loop ran for 2 s[^\n]*\n {2}in \/loop, functions\/loop\.ts/);
    expect(await (await fetch(`${url}/ok`)).text()).toBe("ok");
    await write(root, "functions/loop.ts", says("mended"));
    await eventually(`${url}/loop`, (_, text) => text === "mended");
    expect(await running.stop()).toBe(0);
  });
});

describe("portico dev on a newer Node that the launcher started, while a function is in an endless loop", () => {
  const oldNode = `data:text/javascript,${encodeURIComponent(
    `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } })`,
  )}`;

  it.each(["a second SIGINT", "SIGKILL"])("leaves no process behind on %s", { tags: ["check"] }, async (how) => {
    const root = await app(`stuck-${how.length}`, { "functions/loop.ts": `export const GET = () => { for (;;); };\n` });
    const words = [
      "--import",
      oldNode,
      join(repository, "framework/cli/bin.js"),
      "dev",
      "--target",
      "node",
      "--port",
      "0",
    ];
    const child = spawn(process.execPath, words, {
      cwd: root,
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false }))
      if ((output += String(chunk)).includes("Ctrl-C")) break;
    const [url = ""] = /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? [];
    const stuck = fetch(`${url}/loop`).catch(() => undefined);
    await new Promise((next) => setTimeout(next, 300));
    const pids = descendants(child.pid!);
    expect(pids.length).toBeGreaterThan(1);
    if (how === "SIGKILL") child.kill("SIGKILL");
    // One that comes within a second of the first as the launcher hears them counts as the same: whoever waits presses
    // again.
    while (how !== "SIGKILL" && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGINT");
      await Promise.race([once(child, "exit"), new Promise((next) => setTimeout(next, 1100))]);
    }
    expect(await survivors(pids)).toEqual([]);
    await stuck;
  });
});

describe("portico dev", () => {
  it("serves a folder without functions/ as static files", async () => {
    const root = await app("site", { "a b.txt": "text", "sub/index.html": "<h1>index</h1>", ".secret": "no" });
    const running = start(["dev", "--port", "0"], root);
    const url = await ready(running);
    expect(await (await fetch(`${url}/a%20b.txt`)).text()).toBe("text");
    expect(await (await fetch(`${url}/sub/`)).text()).toBe("<h1>index</h1>");
    expect((await fetch(`${url}/.secret`)).status).toBe(404);
    expect(await running.stop()).toBe(0);
  });

  it("ends the processes that it started for the parent folder's app when it serves only files", async () => {
    const root = await app("around", { "functions/index.ts": says("one"), "site/a.txt": "text" });
    const [around, alone] = [
      start(["dev", "site", "--port", "0"], root),
      start(["dev", "--port", "0"], join(root, "site")),
    ];
    await Promise.all([around, alone].map(ready));
    const count = ({ child }: Running): number => descendants(child.pid!).length;
    await until(() => count(around) === count(alone));
    await Promise.all([around.stop(), alone.stop()]);
  });

  it("prints JSON lines with --json: its address, each request, the output of functions, failures", async () => {
    const root = await app("json", {
      "functions/index.ts": `export const GET = () => { console.log("printed"); throw new TypeError("nope"); };\n`,
    });
    const running = start(["dev", "--json", "--port", "0"], root);
    const url = await ready(running);
    expect((await fetch(`${url}/?q=1`)).status).toBe(500);
    await running.until(/"type":"access"/);
    await running.until(/"type":"failure"/);
    await running.stop();
    const lines = running
      .output()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual(
      expect.objectContaining({ type: "listening", url, routes: [{ pattern: "/", file: "functions/index.ts" }] }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({ type: "log", function: expect.any(String), text: expect.stringContaining("printed") }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ type: "failure", name: "TypeError", message: "nope" }));
    expect(lines).toContainEqual(
      expect.objectContaining({ type: "access", method: "GET", target: "/?q=1", status: 500, cold: true }),
    );
  });

  it.each(targets)(
    "%s: every line is JSON with --json, whatever functions print, and uncaught errors do not end dev",
    async (target) => {
      const root = await app(`json-${target}`, {
        "functions/index.ts": says("hi"),
        "functions/print.ts": `console.log("at the top");
export const GET = () => {
  console.log("two\\nlines"); console.error({ a: 1 }); console.table([[1]]); return new Response("ok"); };\n`,
        "functions/stray.ts": `export const GET = () => {
  void Promise.reject(new Error("stray rejection"));
  setTimeout(() => { throw new Error("stray throw"); }, 1);
  return new Response("ok");
};\n`,
        "functions/breaks.ts": `export const GET = () => new Response(new ReadableStream({
  start: (to) => to.enqueue(new TextEncoder().encode("a")),
  pull: (to) => to.error(new Error("midway")),
}));\n`,
      });
      const running = start(["dev", "--json", "--target", target, "--port", "0"], root);
      const url = await ready(running);
      expect(await (await fetch(`${url}/print`)).text()).toBe("ok");
      expect(await (await fetch(`${url}/stray`)).text()).toBe("ok");
      await fetch(`${url}/breaks`)
        .then(
          (response) => response.text(),
          () => undefined,
        )
        .catch(() => undefined);
      await running.until(/midway/);
      expect(await (await fetch(url)).text()).toBe("hi");
      await running.stop();
      const lines = running.output().trim().split("\n");
      const events = lines.map(
        (line) => JSON.parse(line) as { readonly type?: string; readonly function?: string; readonly text?: string },
      );
      const printed = events
        .filter((event) => event.type === "log" && event.function === "print")
        .map(({ text }) => text);
      expect(printed.join("\n")).toMatch(/at the top[^]*two\nlines/);
      expect(lines.join("\n")).not.toContain('"BUG"');
    },
  );

  it("keeps the old settings while hosting.json is invalid, and applies the new ones once it is valid", async () => {
    const root = await app("settings", {
      "hosting.json": `{ "name": "demo", "env": { "WORD": "one" } }`,
      "functions/index.ts": `export const GET = (_, { env }) => new Response(env.WORD);\n`,
    });
    const running = start(["dev", "--port", "0"], root);
    const url = await ready(running);
    expect(await (await fetch(url)).text()).toBe("one");
    await write(root, "hosting.json", `{ "name": "demo", "evn": {} }`);
    await running.until(/error CONFIG_KEY/);
    expect(await (await fetch(url)).text()).toBe("one");
    await write(root, "hosting.json", `{ "name": "demo", "env": { "WORD": "two" } }`);
    await eventually(url, (_, text) => text === "two");
    await write(root, "hosting.json", `{ "name": "demo", "target": "node", "env": { "WORD": "three" } }`);
    await running.until(/warning the target is now node, but this process keeps lambda/);
    await eventually(url, (_, text) => text === "three");
    await running.stop();
  });
});

describe("portico dev behind a function URL", () => {
  it(
    "runs the whole app, with its static files, as one function that streams responses",
    { tags: ["check"] },
    async () => {
      const root = await app("function-url", {
        "hosting.json": `{ "name": "streams", "group": "app", "lambda": { "front": "function-url" } }`,
        "functions/index.ts": says("home"),
        "functions/event.ts":
          `export const GET = (_, { platform: { event } }) =>\n` +
          `  Response.json([event.routeKey, event.requestContext.accountId, event.rawPath]);\n`,
        "functions/stream.ts": `export const GET = () => new Response(new ReadableStream({ async start(c) {
  c.enqueue(new TextEncoder().encode("a")); await new Promise((go) => (globalThis.go = go)); c.close(); } }));\n`,
        "functions/go.ts": `export const GET = () => new Response(String(globalThis.go?.()));\n`,
        "functions/_public/a.txt": "static",
      });
      const running = start(["dev", "--port", "0"], root);
      const url = await ready(running);
      expect(running.output()).toContain("streams on lambda, behind a function URL: 4 routes, 1 static file");
      expect(await (await fetch(`${url}/`)).text()).toBe("home");
      expect(await (await fetch(`${url}/a.txt`)).text()).toBe("static");
      expect(await (await fetch(`${url}/event?a`)).json()).toEqual(["$default", "anonymous", "/event"]);
      const reader = (await fetch(`${url}/stream`)).body!.getReader();
      expect(new TextDecoder().decode((await reader.read()).value)).toBe("a");
      await reader.cancel();
      await write(root, "hosting.json", `{ "name": "streams", "group": "app" }`);
      await running.until(/the front is now http-api, but this process keeps function-url/);
      expect(await (await fetch(`${url}/`)).text()).toBe("home");
      expect(await running.stop()).toBe(0);
    },
  );
});

it("--concurrency limits concurrent events of target lambda; more requests get 503, as from AWS", async () => {
  const requested = Promise.withResolvers<() => void>();
  const gate = createServer((_, response) => requested.resolve(() => response.end()));
  onTestFinished(() => void gate.close());
  await once(gate.listen(0, "127.0.0.1"), "listening");
  const { port } = gate.address() as AddressInfo;
  const root = await app("concurrency", {
    "functions/slow.ts":
      `export const GET = async () => { await (await fetch("http://127.0.0.1:${port}")).text();\n` +
      `  return new Response("done"); };\n`,
  });
  const running = start(["dev", "--target", "lambda", "--concurrency", "1", "--port", "0"], root);
  const url = await ready(running);
  const ask = async (): Promise<number> => (await fetch(`${url}/slow`)).status;
  const first = ask();
  const open = await requested.promise;
  expect(await Promise.all([ask(), ask()])).toEqual([503, 503]);
  open();
  expect(await first).toBe(200);
  expect(await running.stop()).toBe(0);
  const wrong = start(["dev", "--target", "lambda", "--concurrency", "none", "--port", "0"], root);
  await wrong.until(/BAD_CONCURRENCY/);
});
