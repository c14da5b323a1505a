/** `portico start` as a person runs it: the node build in production. */

import { once } from "node:events";
import { existsSync, realpathSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { appFolder, says } from "../../e2e/app.ts";
import { until } from "../../until.ts";
import { descendants, run, type Running, start, survivors } from "../../e2e/portico.ts";

const app = appFolder("start");

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

describe("portico start", () => {
  it("serves the node build without details of errors, and fails with a fix when there is no build", async () => {
    const root = await app("start", {
      "functions/index.ts": says("built"),
      "functions/boom.ts": `import { fail } from "./_lib/fail.ts";\n\nexport const GET = () => fail();\n`,
      "functions/_lib/fail.ts": `export function fail(): never {\n  throw new Error("detail");\n}\n`,
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
    // The log has the places in the sources, not those in the minified modules.
    const [, first, second] = await running.until(/Error: detail\n +at .*?\((.*)\)\n +at .*?\((.*)\)\n/);
    expect([first, second]).toEqual([
      `${realpathSync(root)}/functions/_lib/fail.ts:2:9`,
      `${realpathSync(root)}/functions/boom.ts:3:26`,
    ]);
    expect(await running.stop("SIGTERM")).toBe(0);
  });
});

describe("portico start in several processes", () => {
  const app2 = (): Promise<string> =>
    app("many", {
      "functions/pid.ts": `export const GET = () => new Response(String(process.pid));\n`,
      "functions/crash.ts":
        `export const GET = () => {\n` +
        `  setTimeout(() => { throw new Error("late"); }); return new Response("soon"); };\n`,
      "functions/slow.ts":
        `export const GET = async () => { console.log("it waits");\n` +
        `  await new Promise((done) => setTimeout(done, 500)); return new Response("slow"); };\n`,
      "functions/stuck.ts": `export const GET = () => { console.log("it is stuck"); for (;;); };\n`,
      "functions/reject.ts":
        `export const GET = () => {\n` + `  Promise.reject(new Error("nobody")); return new Response("ok"); };\n`,
    });
  let root: string;
  beforeAll(async () => {
    root = await app2();
    const { code, stderr } = await run(["build", "--target", "node"], root);
    if (code !== 0) throw new Error(stderr);
  });
  const serve = async (
    processes = "2",
  ): Promise<{ running: Running; url: string; ask: (path: string) => Promise<string> }> => {
    const running = start(["start", "--port", "0", "--processes", processes], root);
    const [url] = await running.until(/http:\/\/127\.0\.0\.1:\d+/);
    const ask = async (path: string): Promise<string> =>
      (await fetch(url + path, { headers: { connection: "close" } })).text();
    return { running, url, ask };
  };

  /** Servers of which one is in an endless loop, and the processes below the first. */
  const serveStuck = async (processes?: string) => {
    const { running, ask } = await serve(processes);
    const stuck = ask("/stuck").catch(() => "cut");
    await running.until(/it is stuck/);
    return { running, stuck, below: descendants(running.child.pid!) };
  };

  it("uses both processes, replaces a crashed one without errors for clients, and drains at SIGTERM", async () => {
    const { running, ask } = await serve();
    const pids = new Set<string>();
    await until(async () => pids.add(await ask("/pid")).size === 2);
    expect(await ask("/reject")).toBe("ok");
    expect(await ask("/crash")).toBe("soon");
    await running.until(/uncaught exception: Error: late[\s\S]*worker \d+ ended with code 1; another takes its place/);
    expect(running.output()).toMatch(/unhandled rejection: Error: nobody/);
    // The two of before, and the one that took a place.
    await until(async () => pids.add(await ask("/pid")).size === 3);
    const slow = ask("/slow");
    await running.until(/it waits/);
    const ended = running.stop("SIGTERM");
    expect(await slow).toBe("slow");
    expect(await ended).toBe(0);
  });

  it("leaves no process behind after kill -9, not even one in an endless loop", { tags: ["check"] }, async () => {
    const { running, stuck, below } = await serveStuck();
    expect(below.length).toBeGreaterThanOrEqual(2);
    await running.stop("SIGKILL");
    expect(await survivors(below)).toEqual([]);
    expect(await stuck).toBe("cut");
  });

  it.each(["1", "2"])(
    "processes (%s) end after one SIGTERM; one in an endless loop is killed after the grace period",
    { tags: ["check"] },
    async (processes) => {
      const { running, stuck, below } = await serveStuck(processes);
      expect(await running.stop("SIGTERM")).toBe(0);
      expect([await stuck, await survivors(below)]).toEqual(["cut", []]);
    },
  );

  it.each(["1", "2"])(
    "processes (%s) end at the second Ctrl-C, even one in an endless loop",
    { tags: ["check"] },
    async (processes) => {
      const { running, stuck, below } = await serveStuck(processes);
      // As a terminal does it: every process hears it, the first and those below. Whoever waits presses again.
      const press = (): void => {
        for (const pid of [...below, running.child.pid!]) if (isAlive(pid)) process.kill(pid, "SIGINT");
      };
      press();
      const again = setInterval(press, 1100);
      await once(running.child, "close");
      clearInterval(again);
      expect(running.child.signalCode).toBe("SIGINT");
      expect([await stuck, await survivors(below)]).toEqual(["cut", []]);
    },
  );

  it("a process that crashes is replaced when it is the only one", { tags: ["check"] }, async () => {
    const { running, ask } = await serve("1");
    const pid = await ask("/pid");
    expect(await ask("/crash")).toBe("soon");
    await running.until(/worker \d+ ended with code 1; another takes its place/);
    await until(async () => (await ask("/pid").catch(() => pid)) !== pid);
    expect(await running.stop("SIGTERM")).toBe(0);
  });

  it("fails for an app that cannot start, and for invalid flags", async () => {
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
