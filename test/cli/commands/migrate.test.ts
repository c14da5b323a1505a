/** `portico migrate`: files that are written, what a database has of them, and mistakes. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { appFolder, linkPackages, write } from "../../e2e/app.ts";
import { repository, run } from "../../e2e/portico.ts";
import { readMigrations } from "../../../framework/migrations/migration-file.ts";
import { admitRelease, readReaders, reasonsToWait } from "../../../framework/migrations/readers.ts";
import { startServer, type TestServer } from "../../migrations/server.ts";

const app = appFolder("migrate");
const files = {
  "hosting.json": JSON.stringify({
    name: "shop",
    target: ["lambda"],
    secrets: ["DATABASE_URL"],
    databases: { DB: { dialect: "postgres", url: "DATABASE_URL" } },
  }),
  "functions/index.ts": `export const GET = () => new Response("ok");\n`,
};

it("writes files, runs them on the database of .env, and tells their states", { tags: ["check"] }, async () => {
  const root = await app("all", files);
  const server = await startServer();
  onTestFinished(() => server.stop());
  await server.database("shop");
  await writeFile(join(root, ".env"), `DATABASE_URL=${server.url("shop")}\n`);
  expect(await run(["migrate", "new", "users", "--empty"], root)).toMatchObject({
    code: 0,
    stdout: "wrote migrations/0001_users.sql\n",
  });
  // Dev and up apply nothing that is not written yet.
  expect((await run(["migrate", "up"], root)).stderr).toMatch(
    /^error MIGRATION_EMPTY: migrations\/0001_users\.sql has no/,
  );
  await writeFile(join(root, "migrations/0001_users.sql"), "create table users (id int, nick text)");
  expect((await run(["migrate", "up"], root)).stdout).toMatch(
    /migration 0001_users applied in \d+ ms\nDB: applied 0001_users\n/,
  );
  await writeFile(join(root, "migrations/0002_nick.sql"), "alter table users drop column nick");
  const refused = await run(["build"], root);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("error MIGRATION_CONTRACT: ") });
  expect(refused.stderr).toContain("migrations/0002_nick.sql:1: alter table users drop column nick: it drops a column");
  await rename(join(root, "migrations/0002_nick.sql"), join(root, "migrations/0002_nick.contract.sql"));
  const states = async (): Promise<unknown> => {
    const { stdout } = await run(["migrate", "status", "--json"], root);
    const { migrations } = JSON.parse(stdout) as {
      readonly migrations: readonly { readonly name: string; readonly state: string }[];
    };
    return migrations.map(({ name, state }) => `${name} ${state}`);
  };
  expect(await states()).toEqual(["0001_users applied", "0002_nick pending"]);
  await writeFile(join(root, "migrations/0001_users.sql"), "create table users (id bigint, nick text)");
  expect(await states()).toEqual(["0001_users edited", "0002_nick pending"]);
  expect(await run(["migrate", "up"], root)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error MIGRATION_EDITED: /),
  });
  await keepsItsReaders(root, server);
  const client = await server.connect("shop");
  await client.query("update portico_migrations set state = 'running' where name = '0002_nick'");
  expect(await states()).toEqual(["0001_users applied", "0002_nick running"]);
  await rename(join(root, "migrations/0002_nick.contract.sql"), join(root, "migrations/0003_nick.contract.sql"));
  expect(await states()).toEqual(["0001_users applied", "0002_nick missing", "0003_nick waiting"]);
  await rename(join(root, "migrations/0003_nick.contract.sql"), join(root, "migrations/0002_nick.contract.sql"));
  await client.query("delete from portico_readers; update portico_migrations set state = 'applied'");
  await keepsWhatOthersHave(root, server);
});

/** Releases at stage local read the database that dev resets: afterwards files wait for them as before. */
async function keepsItsReaders(root: string, server: TestServer): Promise<void> {
  const client = await server.connect("shop");
  const local = { app: "shop", stage: "local", target: "lambda" };
  await admitRelease(client, local, { release: 4, files: await readMigrations(root) });
  const before = await readReaders(client);
  expect((await run(["migrate", "reset", "--yes"], root)).stdout).toContain("DB: applied 0001_users, 0002_nick");
  expect(await readReaders(client)).toMatchObject(before.map(({ files, release }) => ({ ...local, files, release })));
  await admitRelease(client, local, { release: 4, tookTraffic: false });
  const other = { name: "0003_other", kind: "contract", sha256: "0" } as const;
  expect(reasonsToWait(other, await readReaders(client))).toEqual([expect.stringContaining("does not list it")]);
}

/** What .env leads to may be a stage's, or on another machine. */
async function keepsWhatOthersHave(root: string, server: TestServer): Promise<void> {
  const client = await server.connect("shop");
  await client.query("create table kept (id int)");
  await writeFile(join(root, ".env"), `DATABASE_URL=${server.url("shop").replace("127.0.0.1", "127.1")}\n`);
  expect((await run(["migrate", "reset", "--yes"], root)).stderr).toMatch(/^error RESET_LOCAL: .* another machine/);
  await writeFile(join(root, ".env"), `DATABASE_URL=${server.url("shop")}\n`);
  await admitRelease(
    client,
    { app: "shop", stage: "prod", target: "lambda" },
    { release: 3, files: await readMigrations(root) },
  );
  for (const action of ["up", "finish", "reset"])
    expect((await run(["migrate", action, "--yes"], root)).stderr).toMatch(
      /^error DATABASE_OF_STAGE: release 3 of shop at prod on lambda reads this database/,
    );
  expect((await client.query("select * from kept")).rows).toEqual([]);
  // One that is not there needs no yes.
  expect((await run(["migrate", "forget", "shop", "prod", "lamda"], root)).stdout).toBe(
    "DB: had no reader shop at prod on lamda; its readers: shop at prod on lambda\n",
  );
  expect((await run(["migrate", "forget", "shop", "prod", "lambda"], root)).stderr).toMatch(/^error CONSENT_NEEDED: /);
  expect(await run(["migrate", "forget", "shop", "prod", "lambda", "--yes"], root)).toMatchObject({ code: 0 });
  expect(await run(["migrate", "up"], root)).toMatchObject({ code: 0 });
}

it("an extension's files are told by its name, by up, status and build", { tags: ["check"] }, async () => {
  const root = await app("extension", {
    ...files,
    "hosting.json": files["hosting.json"].replace("{", `{"extensions":{"portico-blobs":{}},`),
    "migrations/0001_photos.sql": "create table photos (blob text references blobs (key) on delete cascade);",
  });
  await linkPackages(root, { "portico-blobs": join(repository, "test/extensions/portico-blobs") });
  const server = await startServer();
  onTestFinished(() => server.stop());
  await server.database("blobs");
  await writeFile(join(root, ".env"), `DATABASE_URL=${server.url("blobs")}\n`);
  expect(await run(["build"], root)).toMatchObject({ code: 0, stderr: "" });
  expect((await run(["migrate", "status"], root)).stdout).toMatch(
    /^DB:\npending +expand +portico-blobs\/0001_blobs\npending +expand +0001_photos\n/,
  );
  expect((await run(["migrate", "up"], root)).stdout).toContain("DB: applied portico-blobs/0001_blobs, 0001_photos\n");
});

it("numbers a new file after those that the database has, deleted ones too", { tags: ["check"] }, async () => {
  const root = await app("numbers", {
    ...files,
    "migrations/0001_users.sql": "create table users (id int);",
    "migrations/0002_gone.sql": "create table gone (id int);",
  });
  const server = await startServer();
  onTestFinished(() => server.stop());
  await server.database("numbers");
  await writeFile(join(root, ".env"), `DATABASE_URL=${server.url("numbers")}\n`);
  expect(await run(["migrate", "up"], root)).toMatchObject({ code: 0 });
  await rm(join(root, "migrations/0002_gone.sql"));
  expect(await run(["migrate", "new", "more", "--empty"], root)).toEqual({
    code: 0,
    stdout: "wrote migrations/0003_more.sql\n",
    stderr: expect.stringMatching(/^warning the database has the migration 0002_gone, and this app has no such file/),
  });
  await rm(join(root, "migrations/0003_more.sql"));
  // Another database need not answer, nor have a URL.
  const settings = await readFile(join(root, "hosting.json"), "utf8");
  const [one, log] = [
    { dialect: "postgres", url: "DATABASE_URL", migrations: "migrations" },
    { dialect: "postgres", url: "LOG_URL", migrations: "log" },
  ];
  const two = { name: "shop", secrets: ["DATABASE_URL", "LOG_URL"], databases: { DB: one, LOG: log } };
  await write(root, "hosting.json", JSON.stringify(two));
  expect(await run(["migrate", "new", "more", "--empty", "--database", "DB"], root)).toMatchObject({
    stdout: "wrote migrations/0003_more.sql\n",
  });
  await write(root, "hosting.json", settings);
  await rm(join(root, "migrations/0003_more.sql"));
  await writeFile(join(root, ".env"), "DATABASE_URL=postgres://a:b@127.0.0.1:1/shop\n");
  expect(await run(["migrate", "new", "more", "--empty"], root)).toMatchObject({
    stdout: "wrote migrations/0002_more.sql\n",
    stderr: "",
  });
});

it("has drizzle-kit write elsewhere, and puts the file into its place by its last name", async () => {
  const root = await app("drizzle", {
    ...files,
    "functions/_lib/schema.ts": "",
    "migrations/0001_users.sql": "create table users (id int, nick text);",
    "packages/drizzle-kit/package.json": `{ "main": "bin.cjs", "bin": { "drizzle-kit": "bin.cjs" } }`,
    // Writes what the variable says, and its snapshot, into the folder that it is told.
    "packages/drizzle-kit/bin.cjs": `
      const { existsSync, mkdirSync, readFileSync, writeFileSync } = require("node:fs");
      const [config] = process.argv.filter((one) => one.startsWith(".portico/drizzle.config"));
      const [, given] = process.argv.slice(process.argv.indexOf("--out"));
      const out = config ? JSON.parse(readFileSync(config, "utf8")).out : given;
      if (!process.env.SQL) return;
      mkdirSync(out + "/meta", { recursive: true });
      const before = existsSync(out + "/meta/_journal.json") ? readFileSync(out + "/meta/_journal.json", "utf8") : "";
      writeFileSync(out + "/meta/_journal.json", before + process.env.SQL + ";");
      writeFileSync(out + "/0000_any.sql", process.env.SQL);`,
  });
  await linkPackages(root, { "drizzle-kit": join(root, "packages/drizzle-kit") });
  const create = async (name: string, SQL: string): Promise<string> =>
    (await run(["migrate", "new", name], root, { env: { SQL } })).stdout;
  expect(await create("none", "")).toBe("the schema did not change: no migration was written\n");
  expect(await create("age", "alter table users add column age int")).toBe("wrote migrations/0002_age.sql\n");
  await write(root, "drizzle.config.json", `{ "out": "./elsewhere" }`);
  const dropped = "alter table users drop column nick";
  expect(await create("nick", dropped)).toBe("wrote migrations/0003_nick.contract.sql\n");
  expect((await readdir(join(root, "migrations"))).toSorted()).toEqual([
    "0001_users.sql",
    "0002_age.sql",
    "0003_nick.contract.sql",
    "meta",
  ]);
  expect(await readFile(join(root, "migrations/0003_nick.contract.sql"), "utf8")).toBe(dropped);
  // The next snapshot is compared with the one before.
  expect(await readFile(join(root, "migrations/meta/_journal.json"), "utf8")).toBe(
    `alter table users add column age int;${dropped};`,
  );
});

it("says what is wrong and how to go on", async () => {
  const root = await app("mistakes", files);
  await linkPackages(root, { "drizzle-kit": undefined });
  const fails = async (code: string, words: readonly string[], folder = root): Promise<string> => {
    const finished = await run(["migrate", ...words], folder);
    expect(finished).toMatchObject({ code: 1, stderr: expect.stringMatching(new RegExp(`^error ${code}: `)) });
    return finished.stderr;
  };
  await fails("USAGE", ["frob"]);
  await fails("USAGE", ["new"]);
  await fails("USAGE", ["new", "Add Name"]);
  await fails("RESET_LOCAL", ["reset", "--stage", "local"]);
  await mkdir(join(root, "functions/_lib"), { recursive: true });
  await writeFile(join(root, "functions/_lib/schema.ts"), "");
  expect(await fails("DRIZZLE_KIT_MISSING", ["new", "users"])).toContain("npm install --save-dev drizzle-kit");
  await run(["migrate", "new", "users", "--empty"], root);
  await fails("MIGRATION_EXISTS", ["new", "users", "--empty"]);
  for (const url of ["postgres://a:b#c@127.0.0.1/shop", "shop"]) {
    await writeFile(join(root, ".env"), `DATABASE_URL="${url}"\n`);
    expect(await fails("DATABASE_URL", ["status"])).not.toContain("b#c");
  }
  await writeFile(join(root, ".env"), "DATABASE_URL=postgres://a:b@127.0.0.1:1/shop\n");
  expect(await fails("DATABASE_UNREACHABLE", ["status"])).toContain("get a local Postgres");
  expect(await readdir(join(root, "migrations"))).toEqual(["0001_users.sql"]);
  expect(await readFile(join(root, "migrations/0001_users.sql"), "utf8")).toMatch(/^-- /);
  const database = { dialect: "postgres", url: "DATABASE_URL" };
  const several = await app("several", {
    ...files,
    "hosting.json": JSON.stringify({
      name: "shop",
      secrets: ["DATABASE_URL"],
      databases: { DB: { ...database, migrations: "sql/db" }, LOG: { ...database, migrations: "sql/log" } },
    }),
  });
  expect(await fails("USAGE", ["new", "lines", "--empty"], several)).toContain("--database DB");
  await fails("DATABASE_UNKNOWN", ["new", "lines", "--empty", "--database", "OTHER"], several);
  expect((await run(["migrate", "new", "lines", "--empty", "--database", "LOG"], several)).stdout).toBe(
    "wrote sql/log/0001_lines.sql\n",
  );
  const without = await app("without", { "hosting.json": JSON.stringify({ name: "shop" }) });
  expect(await fails("NO_DATABASES", ["status"], without)).toContain('"databases"');
});
