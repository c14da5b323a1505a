/** `portico store`: what is exported at one place is imported at another, on every engine; bad lines change nothing. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { appFolder } from "../../e2e/app.ts";
import { startCloud } from "../../e2e/cloud.ts";
import { run } from "../../e2e/portico.ts";

const app = appFolder("store");
const files = {
  "hosting.json": JSON.stringify({ name: "shop", target: ["lambda", "workers"], state: "separate" }),
  "functions/count.ts": `import { store } from "portico/store";
export const GET = async (_: Request, context: never) => new Response(String(await store(context, "a").add("n", 1)));
`,
};
const entry = (key: string, value: unknown, more: object = {}): string =>
  `${JSON.stringify({ namespace: "a", key, value, version: "v1", ...more })}\n`;
const later = Date.now() + 3_600_000;
const lines = [entry("list", [1, "é"]), entry("n", 41), entry("soon", "gone later", { expires: later })];

it("moves entries between this machine's file, AWS and Cloudflare", { tags: ["check"] }, async () => {
  const root = await app("everywhere", files);
  await startCloud(root);
  await writeFile(join(root, "in.jsonl"), [...lines, entry("old", 1, { expires: 1 })].join(""));
  expect(await run(["store", "import", "in.jsonl"], root)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^imported 3 to file .*store\.sqlite\n$/),
    stderr: expect.stringMatching(/^warning this is the store of portico start and of portico dev --target node; /),
  });
  expect((await run(["store", "export"], root)).stdout).toBe(lines.join(""));
  const deployed = await run(["deploy", "--stage", "local", "--json"], root);
  const urls = deployed.stdout.split("\n").flatMap((line) => {
    const { type, url } = JSON.parse(line || "{}") as { readonly type?: string; readonly url?: string };
    return type === "release" && url !== undefined ? [url] : [];
  });
  expect(urls).toHaveLength(2);
  for (const [at, target] of ["lambda", "workers"].entries()) {
    const stage = ["--stage", "local", "--target", target];
    const out = await run(["store", "export", "--out", `${target}.jsonl`, "--json", ...stage], root);
    expect(JSON.parse(out.stdout)).toEqual({ type: "exported", entries: 0, out: `${target}.jsonl` });
    const imported = await run(["store", "import", "-", ...stage], root, { stdin: lines.join("") });
    expect(imported).toMatchObject({ code: 0, stdout: expect.stringMatching(/^imported 3 to \w+ shop--local\n$/) });
    expect(await (await fetch(new URL("/count", urls[at]))).text()).toBe("42");
    await run(["store", "export", "--out", `${target}.jsonl`, ...stage], root);
    const moved = (await readFile(join(root, `${target}.jsonl`), "utf8")).split(/^/m).toSorted();
    expect([moved[0], moved[2]]).toEqual([lines[0], lines[2]]);
    expect(JSON.parse(moved[1] ?? "")).toMatchObject({ key: "n", value: 42 });
  }
});

it("says whose data are in this machine's file where dev keeps its own elsewhere", async () => {
  const root = await app("whose", { "hosting.json": JSON.stringify({ name: "shop" }) });
  const of = (words: readonly string[]) => run(["store", "import", "-", ...words], root, { stdin: lines.join("") });
  for (const words of [
    ["--target", "node"],
    ["--data", "other"],
  ])
    expect(await of(words)).toMatchObject({ code: 0, stderr: "" });
  expect((await of([])).stderr).toMatch(/^warning .* that of dev on lambda is \.portico\/data\/dynamodb\.sqlite, /);
  expect(await of(["--target", "workers"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error USAGE: without a stage .* --stage local --target workers\nfix: Add --stage /),
  });
});

it("refuses what it cannot read, and imports nothing of it", async () => {
  const root = await app("mistakes", { "hosting.json": JSON.stringify({ name: "shop", target: "node" }) });
  const missing = await run(["store", "export", "--data", "nowhere"], root);
  expect(missing).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^error STORE_MISSING: .*\nfix: /),
  });
  expect(existsSync(join(root, "nowhere"))).toBe(false);
  const fails = async (code: string, words: readonly string[], stdin = ""): Promise<void> => {
    const finished = await run(["store", ...words], root, { stdin });
    expect(finished).toMatchObject({ code: 1, stderr: expect.stringMatching(new RegExp(`^error ${code}: `)) });
  };
  await fails("USAGE", ["show"]);
  await fails("USAGE", ["import"]);
  await fails("INPUT", ["import", "nowhere.jsonl"]);
  await fails("STORE_LINE", ["import", "-"], `${lines[0]}{"namespace":"a","key":""}\n`);
  await fails("STORE_LINE", ["import", "-"], `${lines[0]}{"namespace":`);
  expect((await run(["store", "export"], root)).stdout).toBe("");
});

it("says what is missing at a stage without a store", { tags: ["check"] }, async () => {
  const root = await app("none", { "hosting.json": JSON.stringify({ name: "shop" }) });
  await startCloud(root);
  const { code, stderr } = await run(["store", "export", "--stage", "local"], root);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^error STORE_MISSING: there is no table shop--local yet\n/),
  ]);
});
