/** `portico logs`: the lines of a route, a level, a request, of all and with -f, and what it refuses. */
// @module-tag check
import { expect, it } from "vitest";
import { appFolder, says, write } from "../../e2e/app.ts";
import { startCloud } from "../../e2e/cloud.ts";
import { run, start } from "../../e2e/portico.ts";

const app = appFolder("logs");

it("prints the output of one route's function or of all functions, and follows new lines", async () => {
  const root = await app("shop", {
    "functions/index.ts": 'export const GET = () => { console.log("from index"); return new Response("hi"); };\n',
    "functions/other.ts": 'export const GET = () => { console.log("from other"); return new Response("hi"); };\n',
  });
  await startCloud(root);
  const logs = (...words: string[]) => run(["logs", "--stage", "local", ...words], root);
  expect(await logs("/")).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error NOTHING_LIVE: /) });
  const deployed = await run(["deploy", "--stage", "local", "--json"], root);
  const { url } = JSON.parse(deployed.stdout) as { readonly url: string };
  for (const path of ["", "other"]) await fetch(url + path);
  const all = await logs();
  expect(all).toMatchObject({ code: 0, stdout: expect.stringContaining("from index") });
  expect(all.stdout).toContain("from other");
  const { stdout } = await logs("/other");
  expect(stdout).toContain("from other");
  expect(stdout).not.toContain("from index");
  expect(await logs("/none")).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error ROUTE_UNKNOWN: /) });
  expect(await logs("/", "--route", "/other")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error ROUTE_TWICE: /),
  });
  expect(await logs("--since", "soon")).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error BAD_SINCE: /) });
  const following = start(["logs", "-f", "/other", "--stage", "local"], root);
  await following.until(/from other/);
  await fetch(`${url}other`);
  await following.until(/from other[^]*from other/);
  expect(await following.stop()).toBe(0);
});

it("has no stored lines of a Worker, and names no dashboard for the local cloud", async () => {
  const hosting = JSON.stringify({ name: "shop", target: "workers" });
  const root = await app("worker", { "hosting.json": hosting, "functions/index.ts": says("hi") });
  expect(await run(["logs", "--stage", "local"], root)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error LOGS_LIVE_ONLY: .*\nfix: Add -f and send a request\.\n$/),
  });
});

it("finds the lines of one request by the id that its 500 has, and lines of a level and a route", async () => {
  const root = await app("found", {
    "functions/orders/[id].ts":
      `import { logger } from "portico/log";\n` +
      `export const GET = (_: Request, context: { params: { id: string } }) => {\n` +
      `  logger(context as never).info("asked", { order: context.params.id });\n` +
      `  throw new Error("no order " + context.params.id);\n};\n`,
  });
  await startCloud(root);
  const { stdout: out } = await run(["deploy", "--stage", "local", "--json"], root);
  const { url } = JSON.parse(out) as { readonly url: string };
  const [first, second] = await Promise.all(
    ["1", "2"].map(async (id) => (await (await fetch(`${url}orders/${id}`)).json()) as { readonly requestId: string }),
  );
  const logs = async (...words: string[]) => (await run(["logs", "--stage", "local", ...words], root)).stdout;
  const found = await logs("--request", first!.requestId);
  expect(found).toContain("no order 1");
  expect(found).toContain(`REPORT RequestId: ${first!.requestId}`);
  expect(found).not.toContain("order 2");
  const line = /\{"level":"info".*\}/.exec(found)?.[0] ?? "{}";
  const about = { message: "asked", order: "1", requestId: first!.requestId, route: "/orders/:id" };
  expect(JSON.parse(line)).toMatchObject({ ...about, stage: "local", release: "1" });
  const urgent = await logs("--level", "error", "--route", "/orders/:id");
  expect(urgent).toContain("no order 2");
  expect(urgent).not.toMatch(/asked|REPORT/);
  expect(second!.requestId).not.toBe(first!.requestId);
  expect(await run(["logs", "--stage", "local", "--level", "loud"], root)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error BAD_LEVEL: .*\nfix: .*debug, info, warn, error/),
  });
});

it("names the places of a stack in the sources, also of a version that is no longer live", async () => {
  const boom = (line: string): string =>
    `import { fail } from "./_lib/fail.ts";\n${line}export const GET = () => fail();\n`;
  const root = await app("stacks", {
    "functions/boom.ts": boom(""),
    "functions/logged.ts":
      `import type { Handler } from "portico";\nimport { logger } from "portico/log";\n` +
      `export const GET: Handler<"/logged"> = (_, context) => {\n` +
      `  logger(context).error("failed", new Error("of a line"));\n  return new Response("hi");\n};\n`,
    "functions/_lib/fail.ts": `export function fail(): never {\n  throw new Error("detail");\n}\n`,
  });
  const cloud = await startCloud(root);
  const deploy = async () => {
    const { stdout } = await run(["deploy", "--stage", "local", "--json"], root);
    return (JSON.parse(stdout) as { readonly url: string }).url;
  };
  const url = await deploy();
  for (const path of ["boom", "logged"]) await fetch(url + path);
  await write(root, "functions/boom.ts", boom("\n\n"));
  await deploy();
  await fetch(`${url}boom`);
  const { stdout, stderr } = await run(["logs", "--stage", "local"], root);
  expect(stderr).toBe("");
  // A line break inside an entry is one.
  expect(stdout).not.toContain("\r");
  const places = [...stdout.matchAll(/\((functions\/[^)]+)\)/g)].map(([, place]) => place);
  expect(places).toEqual([
    "functions/_lib/fail.ts:2:9",
    "functions/boom.ts:2:26",
    "functions/logged.ts:4:35",
    "functions/_lib/fail.ts:2:9",
    "functions/boom.ts:4:26",
  ]);
  const { stdout: json } = await run(["logs", "--stage", "local", "--json"], root);
  expect(json).toContain(String.raw`(functions/_lib/fail.ts:2:9)\r    at`);
  // The local cloud's own output, too.
  expect(cloud.running.output()).toMatch(/Error: detail\n +at .*?\(functions\/_lib\/fail\.ts:2:9\)/);
});

it("refuses stored lines of Workers, which can only be followed", async () => {
  const root = await app("workers", {
    "hosting.json": JSON.stringify({ name: "shop", target: "workers" }),
    "functions/index.ts": says("hi"),
  });
  expect(await run(["logs", "--stage", "local"], root)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error LOGS_LIVE_ONLY: .*\nfix: .*-f/),
  });
});
