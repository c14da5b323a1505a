/** Migrations of extensions from dev to a release: applied, watched, planned, listed, told, and left behind. */
// @module-tag check
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { testDatabase } from "../../framework/testing/test-database.ts";
import { appFolder, linkPackages, oneDatabase, write } from "./app.ts";
import { startCloud } from "./cloud.ts";
import { repository, run, start } from "./portico.ts";

const app = appFolder("extension-migrations");

const settings = (extensions: object): string =>
  JSON.stringify({ name: "shop", target: ["lambda", "workers"], ...oneDatabase, extensions });

/** The second one has a file of the same name as the first. */
const both = { "portico-blobs": {}, "portico-tags": {} };

const files = {
  "hosting.json": settings(both),
  "migrations/0001_photos.sql": "create table photos (blob text references blobs (key) on delete cascade);",
  "functions/index.ts":
    `import { database } from "portico/postgres";\n` +
    `export const GET = async (_, context) => {\n` +
    `  const { rows } = await database(context, "DB").query("select count(*)::int as n from photos, blobs, tags");\n` +
    `  return Response.json(rows[0]);\n};\n`,
  "extensions/portico-tags/package.json": JSON.stringify({
    name: "portico-tags",
    version: "1.0.0",
    type: "module",
    exports: "./index.js",
    portico: { migrations: "./migrations" },
  }),
  "extensions/portico-tags/index.js": "export const tags = [];\n",
  "extensions/portico-tags/migrations/0001_blobs.sql": "create table tags (blob text);",
};

/** One extension as npm installs it, the other as `npm install ./extensions/portico-tags` links it. */
async function shop(name: string): Promise<string> {
  const root = await app(name, files);
  await linkPackages(root, { "portico-tags": join(root, "extensions/portico-tags"), "portico-blobs": undefined });
  const blobs = join(root, "node_modules/portico-blobs");
  await cp(join(repository, "test/extensions/portico-blobs"), blobs, { recursive: true });
  return root;
}

const update = (root: string, file: string, text: string): Promise<void> =>
  write(root, `node_modules/portico-blobs/migrations/${file}`, text);

it("dev applies them when it starts, when a file appears, and when hosting.json lists the package", async () => {
  const root = await shop("dev");
  await write(root, "hosting.json", settings({ "portico-blobs": {} }));
  const dev = start(["dev", "--port", "0", "--target", "node"], root);
  const [, url = ""] = await dev.until(/(http:\/\/127\.0\.0\.1:\d+) {2}(?:Ctrl-C|shop)/);
  expect(dev.output()).toMatch(
    /migration portico-blobs\/0001_blobs applied in \d+ ms\n.*migration 0001_photos applied in/,
  );
  await update(root, "0002_size.sql", "alter table blobs add column size bigint;");
  await dev.until(/migration portico-blobs\/0002_size applied in/);
  await write(root, "hosting.json", settings(both));
  await dev.until(/migration portico-tags\/0001_blobs applied in/);
  await write(root, "extensions/portico-tags/migrations/0002_more.sql", "create table more (id int);");
  await dev.until(/migration portico-tags\/0002_more applied in/);
  await rm(join(root, "extensions/portico-tags/migrations/0002_more.sql"));
  await dev.until(/the database has the migration portico-tags\/0002_more, and this app has no such file/);
  expect(await (await fetch(url)).json()).toEqual({ n: 0 });
  await dev.stop();
});

it("testDatabase has them", async () => {
  const root = await shop("test");
  await using given = await testDatabase({ root });
  await write(root, ".env", `DATABASE_URL=${given.url}\n`);
  const { stdout } = await run(["migrate", "status"], root);
  expect(stdout.match(/^applied.*$/gm)?.map((line) => line.split(/ +/)[2])).toEqual([
    "0001_photos",
    "portico-blobs/0001_blobs",
    "portico-tags/0001_blobs",
  ]);
});

it("a release on both clouds plans, applies and lists them, and goes on when the package is taken out", async () => {
  const root = await shop("release");
  const cloud = await startCloud(root);
  const portico = (...words: readonly string[]) => run([...words, "--stage", "local"], root);
  const planned = await portico("plan");
  const lines = (stdout: string): unknown => stdout.match(/^\w+: \S migrate .*$/gm);
  expect(lines(planned.stdout)).toEqual([
    expect.stringMatching(/^lambda: \+ migrate +portico-blobs\/0001_blobs +expand, before the smoke test/),
    expect.stringMatching(/^lambda: \+ migrate +portico-tags\/0001_blobs +expand/),
    expect.stringMatching(/^lambda: \+ migrate +0001_photos +expand/),
  ]);
  const deployed = await portico("deploy", "--yes");
  expect(deployed).toMatchObject({ code: 0 });
  expect(deployed.stdout.match(/migration \S+/g)).toEqual([
    "migration portico-blobs/0001_blobs",
    "migration portico-tags/0001_blobs",
    "migration 0001_photos",
  ]);
  const states = async (): Promise<unknown> =>
    (await portico("migrate", "status")).stdout.match(/^(?!reader)\w+ .*$/gm)?.map((line) =>
      line
        .split(/ {2,}/)
        .filter((_, at) => at !== 1)
        .slice(0, 3)
        .join(" "),
    );
  const applied = ["0001_photos", "portico-blobs/0001_blobs", "portico-tags/0001_blobs"];
  expect(await states()).toEqual(applied.map((name) => `applied ${name} release 1`));
  for (const target of ["lambda", "workers"])
    expect((await portico("invoke", "/", "--target", target)).stdout).toContain(`{"n":0}`);
  // An update brings a contract file, which waits, and the app's own files go on.
  await update(root, "0002_bytes.contract.sql", "alter table blobs drop column bytes;");
  await write(root, "migrations/0002_more.sql", "create table more (id int);");
  expect(await portico("deploy", "--yes")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /migrate +0002_more .*\n.*migrate +portico-blobs\/0002_bytes +20 minutes after every/,
    ),
  });
  expect(await states()).toContainEqual(
    "waiting portico-blobs/0002_bytes release 1 of shop at local on lambda has listed it for 0 of 20 minutes; " +
      "release 1 of shop at local on workers has listed it for 0 of 20 minutes",
  );
  // Taken out, while the live release has it.
  await write(root, "hosting.json", settings({ "portico-tags": {} }));
  await rm(join(root, "node_modules/portico-blobs"), { recursive: true });
  await write(root, "functions/new.ts", "export const GET = () => new Response();\n");
  expect(await portico("deploy", "--yes")).toMatchObject({ code: 0 });
  expect(await states()).toEqual([
    "applied 0001_photos release 1",
    "applied 0002_more release 1",
    "left portico-blobs/0001_blobs release 1",
    "applied portico-tags/0001_blobs release 1",
  ]);
  expect(await portico("migrate", "up")).toMatchObject({ stdout: "DB: nothing to apply\n", stderr: "" });
  expect(await portico("rollback", "--yes", "--target", "lambda")).toMatchObject({ code: 0 });
  await cloud.running.stop();
});
