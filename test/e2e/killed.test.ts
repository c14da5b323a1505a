/** kill -9 of the real CLI in the middle of its calls: the same command again ends as a clean run does, and the app answers all the while. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { randomOf } from "../../framework/local/cloud/fault-rules.ts";
import { sendSigned } from "../local/cloud/signed.ts";
import { run, type Running, start } from "./portico.ts";

const says = (word: string): string => `export const GET = () => new Response(${JSON.stringify(word)});\n`;

/** What an app is made of; undefined removes a file. */
type Files = Readonly<Record<string, string | undefined>>;

const first: Files = {
  "hosting.json": JSON.stringify({ name: "killed", smoke: [{ path: "/", status: 200 }] }),
  "functions/index.ts": says("one"),
  "functions/old.ts": says("old"),
};
const deploy = ["deploy", "--stage", "local", "--json"];

/** Each begins where the one before it ended; `calls` is about how many it makes. */
const commands = [
  { name: "a first deploy", files: first, words: deploy, calls: 45, answers: "one" },
  { name: "an update", files: { "functions/index.ts": says("two") }, words: deploy, calls: 40, answers: "two" },
  { name: "a removal of a route", files: { "functions/old.ts": undefined }, words: deploy, calls: 30, answers: "two" },
  { name: "a rollback", files: {}, words: ["rollback", "1", "--stage", "local", "--json"], calls: 16, answers: "one" },
  { name: "remove", files: {}, words: ["remove", "--stage", "local", "--yes", "--json"], calls: 30, answers: undefined },
];

let cloud: Running | undefined;
let root: string;
afterEach(async () => {
  await cloud?.stop();
  await rm(root, { recursive: true, force: true });
});

describe("killed with -9", () => {
  it("once in every command", { timeout: 240_000 }, () => killEach(1));
  it("ten times in every command", { tags: ["full"], timeout: 600_000 }, () => killEach(10));
});

/** Where the local cloud is. */
type Control = Parameters<typeof sendSigned>[0];

async function killEach(times: number): Promise<void> {
  root = await mkdtemp(join(tmpdir(), "portico-kill9-"));
  const random = randomOf(Number(process.env["PORTICO_SEED"]));
  cloud = start(["cloud", "--port", "0"], root);
  const [, url = "", port] = await cloud.until(/(http:\/\/127\.0\.0\.1:(\d+)) {2}is the local cloud/);
  const key = JSON.parse(await readFile(join(root, ".portico/cloud/key"), "utf8")) as Pick<Control, "accessKeyId" | "secretAccessKey">;
  const control: Control = { url, port: Number(port), region: "us-east-1", ...key };
  // Slow enough to be met in the middle of a call.
  await sendSigned(control, "portico", "PUT", "/portico/faults", JSON.stringify({ latency: 10, rules: [] }));
  let live = "";
  for (const { name, files, words, calls, answers } of commands) {
    await write(files);
    for (let time = 0; time < times; time++) await killAfter(words, 1 + Math.floor(random() * calls), control);
    const { code, stdout, stderr } = await run(words, root);
    expect({ name, code, stderr }).toMatchObject({ name, code: 0 });
    live = (JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}") as { readonly url?: string }).url ?? live;
    if (answers === undefined) await expect(fetch(live), name).rejects.toThrow("fetch failed");
    else expect(await (await fetch(live)).text(), name).toBe(answers);
    const plan = await run(["plan", "--stage", "local"], root);
    expect(plan.stdout, `${name} leaves nothing to finish`).not.toContain("finish:");
  }
}

/** Ends the process with its children left to themselves, as the kernel would, once it has made so many calls. */
async function killAfter(words: readonly string[], calls: number, control: Control): Promise<void> {
  const made = async (): Promise<number> => {
    const { text } = await sendSigned(control, "portico", "GET", "/portico/faults");
    return (JSON.parse(text) as { readonly calls: number }).calls;
  };
  const before = await made();
  const one = start(words, root);
  for (let tries = 0; tries < 2000 && one.child.exitCode === null && (await made()) - before < calls; tries++) {
    await new Promise((next) => setTimeout(next, 5));
  }
  await one.stop("SIGKILL");
}

async function write(files: Files): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    const path = join(root, file);
    await mkdir(dirname(path), { recursive: true });
    if (text === undefined) await rm(path);
    else await writeFile(path, text);
  }
}
