/** `portico start` as a person runs it: the node build in production. */

import { beforeAll, describe, expect, it } from "vitest";
import { appFolder, says } from "./app.ts";
import { descendants, run, type Running, start, survivors } from "./portico.ts";

const app = appFolder("start");

describe("portico start", () => {
  it("serves the node build in production: no detail of an error, and a clear error without a build", async () => {
    const root = await app("start", {
      "functions/index.ts": says("built"),
      "functions/boom.ts": `export const GET = () => { throw new Error("detail"); };\n`,
      "functions/_public/a.txt": "asset",
    });
    const early = await run(["start", "--port", "0"], root);
    expect(early.code).toBe(1);
    expect(early.stderr).toMatch(/^error NO_BUILD: .*\nfix: .*portico build --target node.*\n$/);
    expect((await run(["build", "--target", "node"], root)).code).toBe(0);
    const running = start(["start", "--port", "0"], root);
    const url = (await running.until(/http:\/\/127\.0\.0\.1:\d+/))[0];
    expect(await (await fetch(url)).text()).toBe("built");
    expect(await (await fetch(`${url}/a.txt`)).text()).toBe("asset");
    const boom = await fetch(`${url}/boom`, { headers: { accept: "text/html" } });
    expect(boom.status).toBe(500);
    expect(await boom.text()).toMatch(/^\{"error":"Internal Server Error","requestId":"[^"]+"\}$/);
    expect(await running.stop("SIGTERM")).toBe(0);
  });
});

describe("portico start in several processes", () => {
  const app2 = (): Promise<string> =>
    app("many", {
      "functions/pid.ts": `export const GET = () => new Response(String(process.pid));\n`,
      "functions/crash.ts": `export const GET = () => { setTimeout(() => { throw new Error("late"); }); return new Response("soon"); };\n`,
      "functions/slow.ts": `export const GET = async () => { await new Promise((done) => setTimeout(done, 500)); return new Response("slow"); };\n`,
      "functions/stuck.ts": `export const GET = () => { for (;;); };\n`,
      "functions/reject.ts": `export const GET = () => { Promise.reject(new Error("nobody")); return new Response("ok"); };\n`,
    });
  let root: string;
  beforeAll(async () => {
    root = await app2();
    const { code, stderr } = await run(["build", "--target", "node"], root);
    if (code !== 0) throw new Error(stderr);
  });
  const serve = async (): Promise<{ running: Running; url: string; ask: (path: string) => Promise<string> }> => {
    const running = start(["start", "--port", "0", "--processes", "2"], root);
    const [url] = await running.until(/http:\/\/127\.0\.0\.1:\d+/);
    const ask = async (path: string): Promise<string> => (await fetch(url + path, { headers: { connection: "close" } })).text();
    return { running, url, ask };
  };

  it("uses both, replaces one that crashes, says nothing of it to clients and drains at SIGTERM", async () => {
    const { running, ask } = await serve();
    const pids = new Set(await Promise.all(Array.from({ length: 8 }, () => ask("/pid"))));
    expect(pids.size).toBe(2);
    expect(await ask("/reject")).toBe("ok");
    expect(await ask("/crash")).toBe("soon");
    await running.until(/uncaught exception: Error: late[\s\S]*worker \d+ ended with code 1; another takes its place/);
    expect(running.output()).toMatch(/unhandled rejection: Error: nobody/);
    const slow = ask("/slow");
    await new Promise((next) => setTimeout(next, 200));
    const ended = running.stop("SIGTERM");
    expect(await slow).toBe("slow");
    expect(await ended).toBe(0);
  });

  it("leaves no process behind after kill -9, not even one that is stuck", async () => {
    const { running, ask } = await serve();
    const stuck = ask("/stuck").catch(() => "cut");
    await new Promise((next) => setTimeout(next, 200));
    const below = descendants(running.child.pid!);
    expect(below.length).toBeGreaterThanOrEqual(2);
    await running.stop("SIGKILL");
    expect(await survivors(below)).toEqual([]);
    expect(await stuck).toBe("cut");
  });

  it("gives up on an app that cannot start, and on flags that mean nothing", async () => {
    const broken = await app("broken", { "functions/index.ts": says("x") });
    const early = await run(["start", "--port", "0", "--processes", "2"], broken);
    expect([early.code, early.stderr]).toEqual([1, expect.stringMatching(/^error NO_BUILD: /)]);
    for (const flags of [
      ["--processes", "0"],
      ["--processes", "many"],
      ["--trust-proxy", "proxy.example"],
      ["--proxy-headers", "x"],
    ]) {
      const { code, stderr } = await run(["start", "--port", "0", ...flags], root);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^error (?:BAD_PROCESSES|BAD_PROXY): /)]);
    }
  });
});
