/** The commands of releases as a person runs them, for an app behind a function URL at stage `local`. */
// @module-tag check
import { expect, it } from "vitest";
import { appFolder, says, write } from "./app.ts";
import { run as portico, start } from "./portico.ts";

const app = appFolder("function-url");
const releaseLine = /release (\d+) {2}(http:\/\/127\.0\.0\.1:\d+\/) {2}\([\d.]+ s, \d+ API calls\)/;

it("an app is deployed, streams, is invoked, rolled back and removed", async () => {
  const root = await app("small", {
    "hosting.json": JSON.stringify({
      name: "small",
      group: "app",
      lambda: { front: "function-url" },
      smoke: [{ path: "/" }],
    }),
    "functions/index.ts": says("one"),
    "functions/stream.ts": `export const GET = () => new Response(new ReadableStream({ async start(c) {
  c.enqueue(new TextEncoder().encode("a")); await new Promise((go) => (globalThis.go = go)); c.close(); } }));\n`,
    "functions/_public/a.txt": "static",
  });
  const running = start(["deploy", "--stage", "local", "--port", "0"], root);
  const [, number, url = ""] = await running.until(releaseLine);
  expect(number).toBe("1");
  expect(running.output()).toMatch(/! permission {2}url small--local +may be called by anybody/);
  expect(await (await fetch(url)).text()).toBe("one");
  expect(await (await fetch(`${url}a.txt`)).text()).toBe("static");
  const reader = (await fetch(`${url}stream`)).body!.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("a");
  await reader.cancel();

  expect(await portico(["plan", "--stage", "local"], root)).toMatchObject({ code: 0 });
  await write(root, "functions/index.ts", says("two"));
  expect(await portico(["plan", "--stage", "local"], root)).toMatchObject({
    code: 2,
    stdout: expect.stringMatching(/~ function {4}app/) as string,
  });
  const second = await portico(["deploy", "--stage", "local", "-m", "second"], root);
  expect(second.stdout).toMatch(/release 2 takes the traffic/);
  expect(await portico(["invoke", "--stage", "local", "/"], root)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("two") as string,
  });
  expect((await portico(["releases", "--stage", "local"], root)).stdout).toMatch(/second/);
  expect(await portico(["rollback", "--stage", "local"], root)).toMatchObject({ code: 0 });
  expect(await (await fetch(url)).text()).toBe("one");
  expect((await portico(["doctor", "--stage", "local"], root)).stdout).toContain("one function behind its URL");
  const policy = await portico(["doctor", "--stage", "local", "--policy"], root);
  expect(policy.stdout).toContain("lambda:UpdateAlias");
  expect(policy.stdout).not.toContain("apigateway:POST");
  expect(await portico(["remove", "--stage", "local", "--yes"], root)).toMatchObject({ code: 0 });
  await expect(fetch(url)).rejects.toThrow();
  expect(await running.stop()).toBe(0);
});
