/**
 * Releases to Workers as a person makes them, at stage local and at a stage of an account: the real CLI against the
 * local Cloudflare.
 */
// @module-tag check
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startCloud, type StartedCloud } from "./cloud.ts";
import { type Finished, run, start } from "./portico.ts";

let root: string;
let cloud: StartedCloud;

const says = (text: string): string =>
  `export const GET = () => { console.log("seen"); return new Response(${JSON.stringify(text)}); };\n`;

async function write(file: string, text: string): Promise<void> {
  await mkdir(join(root, file, ".."), { recursive: true });
  await writeFile(join(root, file), text);
}

const portico = (...words: string[]): Promise<Finished> =>
  run([...words, "--stage", "local", "--target", "workers"], root);
/** As in CI with a token: wrangler's own variables lead to the local Cloudflare. */
const inAccount = (...words: string[]): Promise<Finished> =>
  run([...words, "--stage", "prod", "--target", "workers"], root, { env: cloud.cloudflare });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "portico-workers-"));
  await write("functions/index.ts", says("one"));
  await write("functions/_public/style.css", "body{}");
  const settings = {
    name: "shop",
    target: ["lambda", "workers"],
    smoke: [{ path: "/" }],
    lambda: { region: "us-east-1" },
    workers: { compatibilityDate: "2026-07-01" },
    stages: {
      local: { workers: { bindings: { NOTES: { type: "kv_namespace", namespace_id: "f".repeat(32) } } } },
      prod: {
        protected: true,
        secrets: ["KEY"],
        workers: { account: "0".repeat(32), bindings: { FILES: { type: "r2_bucket", bucket_name: "notes" } } },
      },
    },
  };
  await write("hosting.json", JSON.stringify(settings));
  cloud = await startCloud(root);
});
afterAll(async () => {
  await cloud.running.stop();
  await rm(root, { recursive: true });
});

it("an app at stage local goes through all commands, from the first to the removal", async () => {
  // Plans and deploys.
  {
    expect(await portico("plan")).toMatchObject({
      code: 2,
      stdout: expect.stringContaining("+ worker      shop--local"),
    });
    const deployed = await portico("deploy", "-m", "first");
    expect(deployed).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringContaining("\nrelease 1 is assembled, without traffic\n"),
    });
    expect(deployed.stdout).not.toContain("lock");
  }

  // Has nothing more to do, and answers.
  {
    expect(await portico("diff")).toMatchObject({ code: 0, stdout: expect.stringContaining("nothing to do") });
    expect(await portico("invoke", "/")).toMatchObject({ code: 0, stdout: expect.stringContaining("one") });
    expect(await portico("invoke", "/style.css")).toMatchObject({ code: 0, stdout: expect.stringContaining("body{}") });
  }

  // Gives a canary its part, and refuses a deploy meanwhile.
  {
    await write("functions/index.ts", says("two"));
    expect(await portico("deploy", "--canary", "0")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("error BAD_CANARY"),
    });
    expect(await portico("deploy", "--canary", "25")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("has 25 % of its traffic"),
    });
    expect(await portico("deploy")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/error CANARY_RUNNING[^]*promote 2[^]*rollback 1/),
    });
    expect(await portico("releases")).toMatchObject({ stdout: expect.stringMatching(/25 % {2}2 [^]*\* {5}1 /) });
  }

  // Promotes the canary, and rolls back.
  {
    expect(await portico("promote")).toMatchObject({ code: 0, stdout: expect.stringContaining("release 2 is live") });
    expect(await portico("rollback")).toMatchObject({ code: 0, stdout: expect.stringContaining("release 1 is live") });
  }

  // Shows env, and what the doctor found.
  {
    expect(await portico("env")).toMatchObject({ code: 0 });
    expect(await portico("doctor")).toMatchObject({ code: 0, stdout: expect.stringContaining("workers.dev") });
    expect(await portico("doctor", "--policy")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("DOCTOR_AWS"),
    });
  }

  // Shows logs while they are printed.
  {
    expect(await portico("logs")).toMatchObject({ code: 1, stderr: expect.stringContaining("error LOGS_LIVE_ONLY") });
    const tail = start(["logs", "-f", "--stage", "local", "--target", "workers"], root);
    await tail.until(/listening/);
    await portico("invoke", "/");
    await tail.until(/GET \/ {2}seen/);
    await tail.stop();
  }

  // With both targets a command of one cloud wants to know which.
  {
    const words = ["rollback", "--stage", "local"];
    expect(await run(words, root)).toMatchObject({ code: 1, stderr: expect.stringContaining("error TARGET_MISSING") });
    expect(await run(["deploy", "--stage", "local", "--only", "/"], root)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("ONLY_FUNCTIONS"),
    });
    await write("functions/index.ts", says("three"));
    expect(await run(["deploy", "--stage", "local"], root)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        new RegExp(
          "^lambda: took the lock$[^]*^workers: release \\d is assembled[^]*" +
            "^lambda: [^]*^workers: release \\d takes the traffic$",
          "m",
        ),
      ),
    });
    const both = await run(["deploy", "--stage", "local", "--json"], root);
    expect(
      both.stdout
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { target: string }).target),
    ).toEqual(["lambda", "workers"]);
  }

  // Removes what it made.
  {
    const removed = await portico("remove");
    expect(removed).toMatchObject({ code: 0, stdout: expect.stringContaining("removed shop") });
    expect(removed.stdout).not.toContain("secret");
    expect(await portico("remove")).toMatchObject({ code: 0, stdout: "the stage local has nothing of shop\n" });
  }
});

it("an app at a stage of an account goes through all commands, from the first to the removal", async () => {
  // Wants a token, and the account that hosting.json names.
  {
    expect(
      await run(["plan", "--stage", "prod", "--target", "workers"], root, { env: { CLOUDFLARE_API_TOKEN: "" } }),
    ).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("error CREDENTIALS"),
    });
    const wrong = { env: { ...cloud.cloudflare, CLOUDFLARE_ACCOUNT_ID: "1".repeat(32) } };
    expect(await run(["plan", "--stage", "prod", "--target", "workers"], root, wrong)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("error ACCOUNT_WRONG"),
    });
  }

  // Keeps secrets, and names what is missing before any change.
  {
    expect(await inAccount("plan")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/error SECRET_MISSING[^]*portico secret set KEY/),
    });
    expect(await inAccount("secret", "set", "KEY=s3cret")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("set KEY at prod, version 1"),
    });
    expect(await inAccount("secret", "list")).toMatchObject({ stdout: expect.stringMatching(/KEY +version 1/) });
    expect(await inAccount("doctor")).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("there is no r2_bucket notes"),
    });
    const made = await fetch(`${cloud.cloudflare["CLOUDFLARE_API_BASE_URL"]}/accounts/${"0".repeat(32)}/r2/buckets`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${cloud.cloudflare["CLOUDFLARE_API_TOKEN"]}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ name: "notes" }),
    });
    expect(made.status).toBe(200);
  }

  // Inherits secrets, and names them before a rollback over them.
  {
    expect(await inAccount("deploy")).toMatchObject({ code: 0, stderr: "" });
    expect(await inAccount("secret", "set", "KEY=0ther")).toMatchObject({
      stdout: expect.stringContaining("version 2"),
    });
    const second = await inAccount("deploy");
    expect(second).toMatchObject({ code: 0, stdout: expect.stringMatching(/~ secret {6}KEY/) });
    expect(second.stdout).not.toMatch(/s3cret|0ther/);
    expect(await inAccount("rollback")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/KEY[^]*CONSENT_NEEDED/),
    });
    expect(await inAccount("rollback", "--yes")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("release 1 is live"),
    });
  }

  // Never removes a protected stage without its name.
  {
    expect(await inAccount("remove", "--yes")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("CONSENT_NEEDED"),
    });
    expect(await inAccount("remove", "--confirm", "prod")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("- worker shop--prod"),
    });
  }
});
