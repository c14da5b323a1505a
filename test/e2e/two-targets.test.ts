/**
 * One app on two targets, as a person meets it at the command line: a new secret, names in every line, commands that
 * take both clouds.
 */
// @module-tag check
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCloud, type StartedCloud } from "./cloud.ts";
import { type Finished, repository, run, start } from "./portico.ts";

let root: string;
let cloud: StartedCloud;

async function write(file: string, text: string): Promise<void> {
  await mkdir(join(root, file, ".."), { recursive: true });
  await writeFile(join(root, file), text);
}

const portico = (...words: string[]): Promise<Finished> => run([...words, "--stage", "local"], root);
const json = async (...words: string[]): Promise<readonly Readonly<Record<string, unknown>>[]> => {
  const { stdout } = await portico(...words, "--json");
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "portico-two-"));
  await write(
    "functions/index.ts",
    "export const GET = (_request, { env }) => {\n  console.log('seen here');\n" +
      "  return new Response(`key ${env.KEY.length}`);\n};\n",
  );
  const settings = {
    name: "shop",
    target: ["lambda", "workers"],
    secrets: ["KEY"],
    workers: { compatibilityDate: "2026-07-01" },
  };
  await write("hosting.json", JSON.stringify(settings));
  cloud = await startCloud(root);
});
afterAll(async () => {
  await cloud.running.stop();
  await rm(root, { recursive: true });
});

describe("two targets and a new secret", () => {
  it("are planned without creating anything, and then deployed as planned", async () => {
    const planned = await portico("plan", "--out", join(root, "plan.json"));
    expect(planned).toMatchObject({
      code: 2,
      stderr: "",
      stdout: expect.stringContaining("a deploy makes the secret KEY for this machine"),
    });
    expect(existsSync(join(root, ".portico/secrets.json"))).toBe(false);
    expect(await readdir(join(root, ".portico/cloud"))).not.toContain("secret-versions.json");
    const deployed = await portico("deploy", "--plan", join(root, "plan.json"));
    expect(deployed).toMatchObject({ code: 0, stderr: "" });
    expect(deployed.stdout.match(/made the secret KEY/g)).toHaveLength(1);
  });

  it("secret list and env report the secret for both targets", async () => {
    const [ofLambda, ofWorkers] = await json("secret", "list");
    expect(ofLambda).toMatchObject({ target: "lambda", secrets: [{ name: "KEY", version: 1 }], missing: [] });
    expect(ofWorkers).toMatchObject({ target: "workers", secrets: [{ name: "KEY", version: 1 }], missing: [] });
    expect(await json("env")).toMatchObject([
      { target: "lambda", env: [{ name: "KEY", live: 1 }] },
      { target: "workers", env: [{ name: "KEY", live: 1 }] },
    ]);
    expect((await portico("secret", "list")).stdout.match(/KEY .*version 1 is live/g)).toHaveLength(2);
  });
});

/** Each line that is not empty. */
const lines = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");
const isNamed = (line: string): boolean => /^(?:lambda|workers)[:,] /.test(line);

describe("with two targets", () => {
  it.each([["plan"], ["releases"], ["env"], ["secret", "list"]])(
    "each line of %s names its target",
    async (...words) => {
      const { stdout } = await portico(...words);
      expect(lines(stdout).filter((line) => !isNamed(line))).toEqual([]);
      expect(stdout).toMatch(/^lambda: [^]*^workers: /m);
    },
  );

  it("invoke sends the request to both targets", async () => {
    const { code, stdout } = await portico("invoke", "/");
    expect([code, lines(stdout).filter((line) => !isNamed(line))]).toEqual([0, []]);
    expect(stdout).toMatch(/^lambda: 200 [^]*^lambda: key 43$[^]*^workers: 200 [^]*^workers: key 43$/m);
    expect(await json("invoke", "/")).toMatchObject([
      { target: "lambda", body: "key 43" },
      { target: "workers", body: "key 43" },
    ]);
    expect((await portico("invoke", "/", "--target", "workers")).stdout).toMatch(/^200 /);
  });

  it("logs prints stored lines where there are any, and follows both targets", async () => {
    const stored = await portico("logs");
    expect(stored).toMatchObject({ code: 0, stdout: expect.stringMatching(/^lambda: .*seen here/m) });
    expect(stored.stderr).toMatch(/^warning workers: a Worker's log lines can only be followed here/);
    const following = start(["logs", "-f", "--stage", "local"], root);
    await following.until(/^workers: listening/m);
    await portico("invoke", "/");
    await following.until(/^workers: .*GET \/ {2}seen here/m);
    await following.until(/^lambda: .*seen here/m);
    await following.stop();
  });

  it("rollback and promote require --target, and name the target whose release they changed", async () => {
    await write("functions/index.ts", "export const GET = () => new Response('two');\n");
    const { stdout } = await portico("deploy");
    expect(stdout).toMatch(/^lambda: release 2 {2}http[^]*^workers: release 2 {2}http/m);
    for (const command of ["rollback", "promote"])
      expect(await portico(command, "1")).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/error TARGET_MISSING[^]*--target lambda or --target workers/),
      });
    const one = await portico("rollback", "--target", "workers");
    expect([one.code, lines(one.stdout).filter((line) => !isNamed(line))]).toEqual([0, []]);
    expect(one.stdout).toContain("workers: release 1 is live");
    expect((await portico("invoke", "/")).stdout).toMatch(/^lambda: two$[^]*^workers: key 43$/m);
  });

  // Of util-linux: other systems' script(1) takes other words.
  it.runIf(process.platform === "linux")("rollback asks for the target at a terminal", async () => {
    const command = [process.execPath, join(repository, "framework/cli/bin.js"), "rollback", "--stage", "local"].join(
      " ",
    );
    const terminal = spawn("script", ["-qec", command, "/dev/null"], {
      cwd: root,
      env: { ...process.env, NO_COLOR: "1" },
    });
    let [shown, isAnswered] = ["", false];
    terminal.stdout.on("data", (chunk: Buffer) => {
      shown += chunk.toString();
      if (isAnswered || !shown.includes("Which one: lambda or workers?")) return;
      isAnswered = true;
      terminal.stdin.write("lambda\n");
    });
    expect(await once(terminal, "close"), shown).toEqual([0, null]);
    expect(shown).toContain("lambda: release 1 is live");
  });

  it("an error names its target", async () => {
    await write("functions/index.ts", "export const GET = () => new Response(null, { status: 500 });\n");
    const { code, stderr } = await portico("deploy");
    expect([code, stderr]).toEqual([1, expect.stringMatching(/error SMOKE_FAILED: lambda: release 3 answers/)]);
  });
});
