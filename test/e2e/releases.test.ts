/**
 * The commands of releases as a person runs them, at stage local and at a stage of an account: the real CLI against a
 * local cloud.
 */
// @module-tag check
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startCloud, type StartedCloud } from "./cloud.ts";
import { type Finished, run } from "./portico.ts";

let root: string;
let cloud: StartedCloud;

const says = (text: string): string => `export const GET = () => new Response(${JSON.stringify(text)});\n`;

async function write(file: string, text: string): Promise<void> {
  await mkdir(join(root, file, ".."), { recursive: true });
  await writeFile(join(root, file), text);
}

const portico = (...words: string[]): Promise<Finished> => run(words, root);
/** As in CI with credentials: the SDK's own variables lead to the local cloud. */
const inAccount = (...words: string[]): Promise<Finished> => run(words, root, { env: cloud.aws });
const rows = ({ stdout }: Finished): readonly Readonly<Record<string, unknown>>[] =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "portico-releases-"));
  await write("functions/index.ts", says("one"));
  await write(
    "functions/users/[id].ts",
    'export const GET = () => { console.log("seen"); return new Response("user"); };\n',
  );
  const stages = {
    prod: { protected: true, lambda: { account: "000000000000" } },
    other: { lambda: { account: "111111111111" } },
  };
  const settings = { name: "shop", smoke: [{ path: "/" }], lambda: { region: "us-east-1" }, stages };
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
    expect(await portico("plan", "--stage", "local")).toMatchObject({
      code: 2,
      stdout: expect.stringContaining("+ function    index"),
    });
    expect(await portico("deploy", "--stage", "local", "-m", "first")).toMatchObject({ code: 0, stderr: "" });
    expect(await portico("diff", "-s", "local")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("nothing to do"),
    });
  }

  // Lists what was released, rolls back and goes forward again.
  {
    await write("functions/index.ts", says("two"));
    expect((await portico("deploy", "--stage", "local", "-m", "second")).code).toBe(0);
    const [listed] = rows(await portico("releases", "--stage", "local", "--json"));
    expect(listed?.["releases"]).toMatchObject([
      { number: 2, live: true, message: "second", changes: "1 function" },
      { number: 1, live: false, message: "first" },
    ]);
    const back = await portico("rollback", "--stage", "local");
    expect(back).toMatchObject({ code: 0, stdout: expect.stringMatching(/\* {2}2 .*second[^]*release 1 is live/) });
    expect(await portico("invoke", "/", "--stage", "local")).toMatchObject({ stdout: expect.stringContaining("one") });
    expect(await portico("promote", "2", "--stage", "local")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("release 2 is live"),
    });
    expect(await portico("promote", "9", "--stage", "local")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("error RELEASE_UNKNOWN"),
    });
  }

  // Applies a plan that was written down, and refuses it once the app or the cloud moved.
  {
    await write("functions/index.ts", says("three"));
    expect((await portico("plan", "--stage", "local", "--out", "plan.json")).code).toBe(2);
    await write("functions/index.ts", says("other"));
    expect(await portico("deploy", "--stage", "local", "--plan", "plan.json")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/error PLAN_STALE.*the app changed/),
    });
    await write("functions/index.ts", says("three"));
    expect((await portico("deploy", "--stage", "local", "--plan", "plan.json")).code).toBe(0);
    expect(await portico("deploy", "--stage", "local", "--plan", "plan.json")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/error PLAN_STALE.*was changed since it was made/),
    });
  }

  // Changes one route alone.
  {
    await write("functions/index.ts", says("four"));
    await write(
      "functions/users/[id].ts",
      'export const GET = () => { console.log("seen"); return new Response("person"); };\n',
    );
    expect(await portico("deploy", "--stage", "local", "--only", "/users/:id")).toMatchObject({ code: 0 });
    expect((await portico("invoke", "/users/7", "--stage", "local")).stdout).toContain("person");
    expect((await portico("invoke", "/", "--stage", "local")).stdout).toContain("three");
    expect(await portico("deploy", "--stage", "local", "--only", "/none")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("ONLY_UNKNOWN"),
    });
  }

  // Shows logs by route, env, and what the doctor found.
  {
    await portico("invoke", "/users/7", "--stage", "local");
    const logs = rows(await portico("logs", "/users/:id", "--stage", "local", "--json"));
    expect(logs.some(({ text, function: id }) => id === "users-id" && String(text).includes("seen"))).toBe(true);
    expect(logs.every((line) => line["function"] === "users-id")).toBe(true);
    expect(await portico("env", "--stage", "local")).toMatchObject({ code: 0 });
    expect(await portico("doctor", "--stage", "local")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("integrations"),
    });
    const [policy] = rows(await portico("doctor", "--stage", "local", "--policy", "--json"));
    expect(JSON.stringify(policy)).toContain("function:shop--local--*");
  }

  // Probes the cloud on an API of its own, and leaves nothing behind.
  {
    const [probed] = rows(await portico("doctor", "--stage", "local", "--probe", "--json"));
    const findings = probed?.["findings"] as readonly { readonly check: string; readonly ok: boolean }[];
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining(["export of a stage", "switch", "missing permission"]),
    );
    expect((await portico("plan", "--stage", "local")).stdout).not.toContain("probe");
  }

  // Removes what it made, and only that.
  {
    expect(await portico("remove", "--stage", "local")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("removed shop"),
    });
    expect(await portico("remove", "--stage", "local")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("has nothing of shop"),
    });
  }
});

it("an app at a stage of an account goes through all commands, from the first to the removal", async () => {
  // Checks the account first, and asks before it permits anything.
  {
    expect(await inAccount("plan", "--stage", "other")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("error ACCOUNT_WRONG"),
    });
    expect(await inAccount("deploy", "--stage", "prod")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("error CONSENT_NEEDED"),
    });
    expect(await inAccount("releases", "--stage", "prod")).toMatchObject({
      stdout: expect.stringContaining("has no releases yet"),
    });
  }

  // Takes secrets from the account, and fails before any change without them.
  {
    const settings = JSON.parse(await readFile(join(root, "hosting.json"), "utf8")) as Record<string, unknown>;
    await write("hosting.json", JSON.stringify({ ...settings, secrets: ["API_KEY"] }));
    await write(
      "functions/index.ts",
      "export const GET = (_: Request, { env }: { env: { API_KEY: string } }) => new Response(env.API_KEY);\n",
    );
    await write(".env", "API_KEY=from-a-file\n");
    expect(await inAccount("deploy", "--stage", "prod", "--yes")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("SECRET_MISSING"),
    });
    expect(await inAccount("secret", "set", "API_KEY=s3cret", "--stage", "prod")).toMatchObject({ code: 0 });
    const deployed = await inAccount("deploy", "--stage", "prod", "--yes", "--json");
    expect(deployed).toMatchObject({ code: 0 });
    expect(deployed.stdout).not.toContain("s3cret");
    const [{ url } = {}] = rows(deployed).slice(-1);
    expect(await (await fetch(String(url))).text()).toBe("s3cret");
    await inAccount("secret", "set", "API_KEY=n3w", "--stage", "prod");
    expect((await inAccount("env", "--stage", "prod")).stdout).toMatch(
      /version 2 comes with the next deploy; version 1 is live/,
    );
    expect((await inAccount("plan", "--stage", "prod")).stdout).toMatch(/~ function {4}index.*secrets/);
    expect((await inAccount("secret", "list", "--stage", "prod")).stdout).toMatch(/API_KEY +version 2/);
  }

  // Never removes a protected stage without its name.
  {
    expect(await inAccount("remove", "--stage", "prod", "--yes")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--confirm prod"),
    });
    expect(await inAccount("remove", "--stage", "prod", "--confirm", "prdo")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("NOT_AGREED"),
    });
    expect(await inAccount("remove", "--stage", "prod", "--confirm", "prod")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("secret API_KEY"),
    });
  }

  // Removes secrets that were set before anything was released, and names nothing that is not there.
  {
    await inAccount("secret", "set", "API_KEY=s3cret", "--stage", "prod");
    expect(await inAccount("remove", "--stage", "prod", "--confirm", "prod")).toMatchObject({
      code: 0,
      stdout: "- secret      API_KEY\n- secret API_KEY\nremoved shop from the stage prod\n",
    });
    expect(await inAccount("remove", "--stage", "prod", "--confirm", "prod")).toMatchObject({
      code: 0,
      stdout: "the stage prod has nothing of shop\n",
    });
  }
});

it("names the missing stage", async () => {
  expect(await portico("releases")).toMatchObject({ code: 1, stderr: expect.stringContaining("error STAGE_MISSING") });
});
