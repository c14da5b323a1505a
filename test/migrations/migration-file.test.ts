/** Files of migrations: names, order, hashes, headers. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { nextNumber, readMigrations, toMigration } from "../../framework/migrations/migration-file.ts";

async function appWith(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "portico-files-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await mkdir(join(root, "migrations/meta"), { recursive: true });
  for (const [name, sql] of Object.entries(files)) await writeFile(join(root, "migrations", name), sql);
  return root;
}

test("files in the order of their numbers; others than .sql are not looked at", async () => {
  const root = await appWith({
    "0002_b-c.contract.sql": "select 2",
    "0001_a.sql": "select 1",
    "README.md": "",
    "meta/0000_snapshot.json": "{}",
  });
  const files = await readMigrations(root);
  expect(files.map(({ name, kind, file }) => [name, kind, file])).toEqual([
    ["0001_a", "expand", "migrations/0001_a.sql"],
    ["0002_b-c", "contract", "migrations/0002_b-c.contract.sql"],
  ]);
  expect(nextNumber(files)).toBe("0003");
  expect(await readMigrations(join(root, "migrations"))).toEqual([]);
});

test("a number twice names both files", async () => {
  const root = await appWith({ "0001_a.sql": "select 1", "0001_b.contract.sql": "select 2" });
  await expect(readMigrations(root)).rejects.toMatchObject({
    code: "MIGRATION_TWICE",
    at: [{ file: "migrations/0001_a.sql" }, { file: "migrations/0001_b.contract.sql" }],
    fix: expect.stringContaining("0002"),
  });
});

test.each(["1_a.sql", "0001-a.sql", "0001_A.sql", "0001_.sql", "0001_a.contracts.sql", "0001_a b.sql"])(
  "no name of a migration: %s",
  (name) => {
    expect(() => toMigration(name, "select 1")).toThrow(expect.objectContaining({ code: "MIGRATION_NAME" }));
  },
);

test("an empty file is refused", () => {
  expect(() => toMigration("0001_a.sql", " \r\n")).toThrow(expect.objectContaining({ code: "MIGRATION_EMPTY" }));
});

test("the hash is of the text with \\n, whatever the checkout has", () => {
  const hashes = ["select 1;\nselect 2", "select 1;\r\nselect 2", "\uFEFFselect 1;\rselect 2"].map(
    (sql) => toMigration("0001_a.sql", sql).sha256,
  );
  expect(new Set(hashes).size).toBe(1);
  expect(toMigration("0001_a.sql", "select 1; select 2").sha256).not.toBe(hashes[0]);
});

test.each([
  ["create index concurrently i on users (a)", "i"],
  ['CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "My i" ON "app"."users" (a)', '"app"."My i"'],
  ["-- of names\ncreate index concurrently i on only public.users using gin (a)", "public.i"],
  ["drop index concurrently i", undefined],
])("the index of %s", (sql, index) => {
  const file = toMigration("0001_a.sql", `-- first\n-- portico: no-transaction\n${sql}`);
  expect([file.noTransaction, file.index]).toEqual([true, index]);
});

test("the header counts before the first statement alone", () => {
  expect(toMigration("0001_a.sql", "select 1;\n-- portico: no-transaction").noTransaction).toBeUndefined();
});
