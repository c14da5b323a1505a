/** An app whose database is in a VPC, at stage local: every command asks through the function that migrates. */
// @module-tag check
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { readReaders } from "../../framework/migrations/readers.ts";
import { startServer } from "../migrations/server.ts";
import { appFolder, oneDatabase, write } from "./app.ts";
import { startCloud } from "./cloud.ts";
import { run } from "./portico.ts";

const app = appFolder("vpc");

const files = {
  "hosting.json": JSON.stringify({
    name: "shop",
    target: "lambda",
    ...oneDatabase,
    lambda: { region: "us-east-1", vpc: { subnets: ["subnet-0a"], securityGroups: ["sg-0a"] } },
  }),
  "functions/index.ts":
    `import { database } from "portico/postgres";\n` +
    `export const GET = async (_, context) => {\n` +
    `  const { rows } = await database(context, "DB").query("select count(*)::int as n from users");\n` +
    `  return Response.json(rows[0]);\n};\n`,
  "migrations/0001_users.sql": "create table users (id int, nick text)",
};

it("plans, deploys, migrates, tells and removes through the function", async () => {
  const root = await app("all", files);
  const server = await startServer();
  onTestFinished(() => server.stop());
  const client = await server.database("shop");
  await write(root, ".env", `DATABASE_URL=${server.url("shop")}\n`);
  const cloud = await startCloud(root);
  const portico = (...words: readonly string[]) => run([...words, "--stage", "local"], root);

  expect((await portico("migrate", "status")).stderr).toMatch(
    /^error MIGRATE_FUNCTION_MISSING: .*\nfix: Run portico deploy --stage local --target lambda/,
  );
  await tellsWhichWay(root, server.url("shop"), cloud.aws);
  const deployed = await portico("deploy");
  expect(deployed).toMatchObject({ code: 0, stderr: "" });
  expect(deployed.stdout).toMatch(/^\? migrate .* cannot be asked from here; asked again after the upload$/m);
  expect(deployed.stdout).toMatch(
    /is assembled, .*\n(?:.*\n)?migration 0001_users applied in \d+ ms\nsmoke test passed/,
  );
  expect((await portico("invoke", "GET", "/")).stdout).toContain(`{"n":0}`);
  expect(await readdir(join(root, ".portico/build/lambda/functions"))).toContain("_migrate.zip");

  await write(root, "migrations/0002_name.sql", "alter table users add column name text");
  await write(root, "migrations/0003_drop.contract.sql", "alter table users drop column nick");
  expect((await portico("migrate", "up")).stdout).toMatch(
    /migration 0002_name applied in \d+ ms\nDB: applied 0002_name; 0003_drop waits: release 1 of shop at local/,
  );
  const listed = await portico("deploy");
  expect(listed.stdout).toMatch(/^- migrate +0003_drop .*\n~ migrate +0003_drop .*listed by the live release/m);
  await client.query(
    `update portico_readers set listed_since = jsonb_build_object('0003_drop', now() - interval '21 minutes')`,
  );
  expect((await portico("migrate", "finish")).stdout).toMatch(
    /migration 0003_drop applied in .*\nDB: applied 0003_drop/,
  );
  const states = await portico("migrate", "status");
  expect(states.stdout).toMatch(
    /applied {3}expand {4}0001_users.*release 1.*\napplied {3}expand.*\napplied {3}contract.*\nreader {4}shop at local/,
  );
  const { stdout: doctor } = await portico("doctor");
  expect(doctor).toMatch(/^ok {2}database DB +the function that migrates reaches it in the VPC$/m);
  expect(doctor).toContain("2 functions, of the 300");

  const removed = await portico("remove", "--yes");
  expect(removed).toMatchObject({ code: 0, stderr: "" });
  expect(removed.stdout).toContain("- function shop--local--_migrate-");
  expect(await readReaders(client)).toEqual([]);
});

/** At a stage of an account: the function by the secret of its URL, or the URL that is given. */
async function tellsWhichWay(root: string, url: string, env: Readonly<Record<string, string>>): Promise<void> {
  const status = (more = {}) => run(["migrate", "status", "--stage", "prod"], root, { env: { ...env, ...more } });
  expect((await status()).stderr).toMatch(/^error SECRET_MISSING: /);
  await run(["secret", "set", `DATABASE_URL=${url}`, "--stage", "prod"], root, { env });
  expect((await status()).stderr).toMatch(/^error MIGRATE_FUNCTION_MISSING: /);
  expect((await status({ PORTICO_MIGRATE_URL: url })).stdout).toMatch(/^DB:\npending {3}expand {4}0001_users\n/);
}
