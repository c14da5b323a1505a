/** Databases of temporary stages, on a real Postgres and both clouds: planned, made, used, refused, dropped. */
// @module-tag check
import { expect, it } from "vitest";
import { ensurePreview, withDatabase } from "../../framework/cli/preview-database.ts";
import { connect } from "../../framework/emulation/postgres/databases.ts";
import { testDatabase } from "../../framework/testing/test-database.ts";
import { appFolder } from "./app.ts";
import { startCloud } from "./cloud.ts";
import { repository, run } from "./portico.ts";

const app = appFolder("previews");

const filesOf = (name: string) => ({
  "hosting.json": JSON.stringify({
    name,
    secrets: ["DATABASE_URL", "KEY"],
    databases: { DB: { dialect: "postgres", url: "DATABASE_URL", preview: "database" } },
    stages: { prod: {} },
    lambda: { region: "us-east-1" },
    target: ["lambda", "workers"],
  }),
  "migrations/0001_notes.sql": "CREATE TABLE notes (text text);\n",
  "functions/index.ts":
    `import { database } from "portico/postgres";\n` +
    `export const GET = async (_, context) => {\n` +
    `  const pool = database(context, "DB");\n` +
    `  const { rows } = await pool.query("select current_database() as name, count(*)::int as n from notes");\n` +
    `  return Response.json({ ...rows[0], key: context.env.KEY });\n};\n`,
});

async function openStage(target: "lambda" | "workers" | "both") {
  const name = `pre${target[0]}${process.pid}`;
  const root = await app(target, filesOf(name));
  const cloud = await startCloud(root);
  const given = await testDatabase({ root: repository });
  const client = await connect({ name: "DB", url: given.url, packageFolder: repository, fix: "" });
  const cloudflare = { ...cloud.cloudflare, CLOUDFLARE_ACCOUNT_ID: "0".repeat(32) };
  const cloudEnv = { ...(target !== "workers" && cloud.aws), ...(target !== "lambda" && cloudflare) };
  const targets = target === "both" ? [] : ["--target", target];
  return {
    name,
    given,
    client,
    portico: (stage: string, words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      run([...words, "--stage", stage, ...targets], root, { env: { ...cloudEnv, ...env } }),
    names: async (): Promise<readonly unknown[]> => {
      const { rows } = await client.query("select datname from pg_database where datname like $1 order by 1", [
        `${name}--%`,
      ]);
      return rows.map(({ datname }) => datname as unknown);
    },
    async [Symbol.asyncDispose]() {
      await cloud.running.stop();
      await client.end();
      await given.close();
    },
  };
}

const urlIn = (stdout: string): string => /release \d+ {2}(\S+)/.exec(stdout)?.[1] ?? "";

it("is made from the URL of stage preview, with its secrets, and goes with the stage", async () => {
  await using stage = await openStage("lambda");
  const { name, given, client, portico, names } = stage;
  expect(await portico("pr-7", ["plan"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error PREVIEW_URL_MISSING: .*\nfix: Run portico secret set DATABASE_URL=/),
  });
  await portico("preview", ["secret", "set", `DATABASE_URL=${given.url}`, "KEY=word"]);
  const own = `${name}--pr-7--db`;
  const planned = await portico("pr-7", ["plan", "--out", "plan.json"]);
  expect(planned).toMatchObject({
    code: 2,
    stdout: expect.stringMatching(
      new RegExp(`\\+ database +${own} +on 127\\.0\\.0\\.1.*\\+ migrate +0001_notes +expand`, "s"),
    ),
  });
  expect(await names()).toEqual([]);
  const { stdout: checked } = await portico("pr-7", ["doctor"]);
  expect(checked).toMatch(new RegExp(`ok +database DB +${own} comes with the first deploy`));
  expect(checked).not.toContain("no value for");
  const deployed = await portico("pr-7", ["deploy", "--plan", "plan.json"]);
  expect(deployed).toMatchObject({ code: 0, stdout: expect.stringMatching(new RegExp(`\\+ database +${own}`)) });
  expect(deployed.stdout).toContain("set DATABASE_URL at pr-7, the URL of its own database");
  expect(deployed.stdout).toContain("set KEY at pr-7, as preview has it");
  expect(await (await fetch(urlIn(deployed.stdout))).json()).toEqual({ name: own, n: 0, key: "word" });
  expect((await portico("pr-7", ["deploy", "--yes"])).stdout).toContain("nothing to do");

  // Where the URL of preview is not known, functions keep theirs, and never get that of the user who migrates.
  await portico("preview", ["secret", "remove", "DATABASE_URL", "--yes"]);
  const maker = { PORTICO_MIGRATE_URL: `${given.url}?application_name=maker` };
  expect((await portico("pr-7", ["deploy", "--yes"], maker)).stdout).toContain("nothing to do");
  const unknown = await portico("pr-10", ["deploy", "--yes"], maker);
  expect(unknown.stderr).toMatch(/^error PREVIEW_URL_MISSING: the functions of the stage pr-10 need a URL/);
  expect(await names()).toEqual([own]);
  await portico("preview", ["secret", "set", `DATABASE_URL=${given.url}`]);

  // Somebody's own database of that name, a name that Postgres would cut, and a user who may make none.
  await client.query(`CREATE DATABASE "${name}--pr-8--db"`);
  const theirs = await connect({
    name: "DB",
    url: withDatabase(given.url, `${name}--pr-8--db`),
    packageFolder: repository,
    fix: "",
  });
  await theirs.query("CREATE TABLE theirs (n int)");
  await theirs.end();
  for (const words of [["plan"], ["deploy", "--yes"], ["migrate", "up"]])
    expect((await portico("pr-8", words)).stderr).toMatch(/^error DATABASE_TAKEN: /);
  const kept = await portico("pr-8", ["remove", "--yes"]);
  expect([kept.code, kept.stdout]).toEqual([0, expect.not.stringContaining("--db")]);
  expect(await names()).toEqual([own, `${name}--pr-8--db`]);
  const garbled = await portico("pr-8", ["plan"], { PORTICO_MIGRATE_URL: "postgres//maker:word@host" });
  expect(garbled.stderr).toMatch(/^error DATABASE_URL: the URL of the database DB does not begin with postgres:/);
  const bare = await portico("pr-8", ["plan"], { PORTICO_MIGRATE_URL: "postgres://ma%ker:word@host/name" });
  expect(bare.stderr).toMatch(/^error DATABASE_URL: the URL of the database DB has a % that begins no encoded/);
  await client.query(`DROP DATABASE "${name}--pr-8--db"`);
  expect((await portico(`pr-${"9".repeat(50)}`, ["plan"])).stderr).toMatch(/^error NAME_TOO_LONG: .* 63/);
  await client.query(`CREATE USER "${name}" PASSWORD 'word'`);
  const weak = new URL(given.url);
  [weak.username, weak.password] = [name, "word"];
  const refused = await portico("pr-9", ["deploy", "--yes"], { PORTICO_MIGRATE_URL: weak.href });
  expect(refused.stderr).toMatch(/^error PREVIEW_RIGHTS: .*may not create.*\nfix: .*CREATEDB/);
  await client.query(`DROP USER "${name}"`);

  expect(await portico("pr-7", ["remove"])).toMatchObject({ code: 1, stdout: expect.stringContaining(own) });
  expect(await names()).toEqual([own]);
  expect(await portico("pr-7", ["remove", "--yes"])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`- database ${own}`),
  });
  expect(await names()).toEqual([]);
});

it("is made from PORTICO_MIGRATE_URL on Cloudflare, and dropped after a run that was killed", async () => {
  await using stage = await openStage("workers");
  const { name, given, portico, names } = stage;
  const env = { PORTICO_MIGRATE_URL: given.url };
  const own = `${name}--pr-7--db`;
  expect((await portico("pr-7", ["plan"])).stderr).toMatch(/^error PREVIEW_URL_MISSING: .*\nfix: Set PORTICO_MIGRATE/);
  await portico("pr-7", ["secret", "set", "KEY=word"]);
  expect(await portico("pr-7", ["plan", "--out", "plan.json"], env)).toMatchObject({
    code: 2,
    stdout: expect.stringMatching(new RegExp(`\\+ binding +DB .*\\+ database +${own}`, "s")),
  });
  const deployed = await portico("pr-7", ["deploy", "--plan", "plan.json"], env);
  expect(deployed).toMatchObject({ code: 0, stdout: expect.stringMatching(new RegExp(`\\+ database +${own}`)) });
  expect(await (await fetch(urlIn(deployed.stdout))).json()).toEqual({ name: own, n: 0, key: "word" });
  expect((await portico("pr-7", ["deploy", "--plan", "plan.json"], env)).stderr).toMatch(/^error PLAN_STALE: /m);
  expect(await portico("pr-7", ["remove", "--yes"], env)).toMatchObject({ code: 0 });
  expect(await names()).toEqual([]);

  // A deploy that died after its first step left nothing else.
  const owner = { app: name, stage: "pr-7" };
  const left = { owner, database: "DB", name: own, serverUrl: given.url };
  expect(await ensurePreview({ ...left, packageFolder: repository }, given.url)).toBe(true);
  expect(await portico("pr-7", ["remove"], env)).toMatchObject({ code: 1 });
  expect(await names()).toEqual([own]);
  expect(await portico("pr-7", ["remove", "--yes"], env)).toMatchObject({ code: 0 });
  expect(await names()).toEqual([]);
});

it("of an app on both clouds is one database, and both have the secrets that AWS gives back", async () => {
  await using stage = await openStage("both");
  const { name, given, portico, names } = stage;
  await portico("preview", ["secret", "set", `DATABASE_URL=${given.url}`, "KEY=word"]);
  const deployed = await portico("pr-7", ["deploy", "--yes"]);
  expect(deployed).toMatchObject({ code: 0, stdout: expect.stringContaining("workers: set KEY at pr-7, as preview") });
  const urls = [...deployed.stdout.matchAll(/release \d+ {2}(http\S+)/g)].map(([, url = ""]) => url);
  expect(urls).toHaveLength(2);
  for (const url of urls)
    expect(await (await fetch(url)).json()).toEqual({ name: `${name}--pr-7--db`, n: 0, key: "word" });
  expect(await portico("pr-7", ["remove", "--yes"])).toMatchObject({ code: 0 });
  expect(await names()).toEqual([]);
});
