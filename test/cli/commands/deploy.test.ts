/** `portico deploy --stage local` and `portico cloud` as a person runs them: real processes, a real app, signals. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { descendants, run as portico, type Running, start, survivors } from "../../e2e/portico.ts";

let root: string;
let running: Running[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "portico-deploy-"));
  running = [];
  await write("functions/index.ts", says("hi"));
  await write(
    "functions/secret.ts",
    "export const GET = (_: Request, { env }: { env: { KEY: string } }) => new Response(String(env.KEY.length));\n",
  );
  await write(
    "hosting.json",
    JSON.stringify({ name: "small", target: "lambda", secrets: ["KEY"], smoke: [{ path: "/", status: 200 }] }),
  );
});
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  await rm(root, { recursive: true });
});

const says = (text: string): string => `export const GET = () => new Response(${JSON.stringify(text)});\n`;

async function write(file: string, text: string): Promise<void> {
  await mkdir(join(root, file, ".."), { recursive: true });
  await writeFile(join(root, file), text);
}

function open(...words: string[]): Running {
  const one = start(words, root);
  running.push(one);
  return one;
}

const releaseLine = /release (\d+) {2}(http:\/\/127\.0\.0\.1:\d+\/) {2}\([\d.]+ s, \d+ API calls\)/;

it("starts a local cloud, serves the release, and the next deploys use the same cloud", async () => {
  const first = open("deploy", "--stage", "local", "--port", "0");
  const [, number, url = ""] = await first.until(releaseLine);
  expect(number).toBe("1");
  const printed = first.output();
  expect(printed.indexOf("+ function    index")).toBeLessThan(printed.indexOf("uploaded index as version 1"));
  expect(printed).toMatch(/made the secret KEY for this machine: [\w-]{43}\n/);
  expect(await (await fetch(url)).text()).toBe("hi");
  expect(await (await fetch(`${url}secret`)).text()).toBe("43");

  const again = await portico(["deploy", "--stage", "local", "-m", "once more"], root);
  expect(again).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/nothing to do: release 1 {2}http/),
    stderr: expect.stringContaining("the message was not stored"),
  });
  expect(again.stdout).not.toContain("made the secret");

  await write("functions/index.ts", says("changed"));
  const json = await portico(["deploy", "--stage", "local", "--json"], root);
  expect(JSON.parse(json.stdout)).toMatchObject({
    type: "release",
    release: 2,
    url,
    changed: true,
    plan: { schemaVersion: 1, app: "small" },
  });
  expect(await (await fetch(url)).text()).toBe("changed");
  expect(await first.stop()).toBe(0);
});

it("uses the cloud that `portico cloud` runs; the next cloud has the same state and address", async () => {
  const [, endpoint] = await open("cloud", "--port", "0").until(/(http:\/\/127\.0\.0\.1:\d+) {2}is the local cloud/);
  const { code, stdout } = await portico(["deploy", "--stage", "local"], root);
  expect(code).toBe(0);
  const [, , url = ""] = releaseLine.exec(stdout) ?? [];
  expect(await (await fetch(url)).text()).toBe("hi");
  expect(await running[0]?.stop()).toBe(0);
  expect(endpoint).toBeDefined();
  const next = open("cloud", "--port", "0");
  expect((await next.until(/(http:\/\/127\.0\.0\.1:\d+\/) {2}small--local/))[1]).toBe(url);
  expect(await (await fetch(url)).text()).toBe("hi");
});

it.each(["SIGINT", "SIGKILL"] as const)("leaves no process behind on %s", { tags: ["check"] }, async (signal) => {
  const one = open("deploy", "--stage", "local", "--port", "0");
  const [, , url = ""] = await one.until(releaseLine);
  await (await fetch(url)).text();
  const below = descendants(one.child.pid ?? 0);
  expect(below.length).toBeGreaterThan(1);
  await one.stop(signal);
  expect(await survivors(below)).toEqual([]);
});

it.each([
  ["STAGE_MISSING", ["deploy"]],
  ["REGION_MISSING", ["deploy", "--stage", "prod"]],
  ["TARGET_NOT_CLOUD", ["deploy", "--stage", "local", "--target", "node"]],
  ["BAD_PORT", ["deploy", "--stage", "local", "--port", "x"]],
  ["BAD_MESSAGE", ["deploy", "--stage", "local", "-m", " "]],
])("fails with %s", async (code, words) => {
  expect(await portico(words, root)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(new RegExp(`^error ${code}: .*\nfix: .*\n$`)),
  });
});

it("a failed smoke test exits 1 and ends the cloud that it started", async () => {
  await write("functions/index.ts", "export const GET = () => new Response(null, { status: 503 });\n");
  expect(await portico(["deploy", "--stage", "local", "--port", "0"], root)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("error SMOKE_FAILED: release 1 answers GET / with status 503"),
  });
});
