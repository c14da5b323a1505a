/** The kinds of statements, and that an app's files carry the names of their kinds. */
import { expect, test } from "vitest";
import { checkMigrations, judgeMigrations } from "../../framework/migrations/classifier.ts";
import { toMigration } from "../../framework/migrations/migration-file.ts";
import { gravest } from "../../framework/migrations/verdict.ts";
import { schema, statements } from "./statements.ts";

const base = toMigration("0001_base.contract.sql", schema);

test("the list is long, and says nothing twice", () => {
  expect(statements.length).toBeGreaterThanOrEqual(300);
  expect(new Set(statements.map(([, sql]) => sql)).size).toBe(statements.length);
});

test.each(statements)("%s: %s", async (kind, sql) => {
  const judged = await judgeMigrations([base, toMigration("0002_next.sql", sql)]);
  const own = judged.filter(({ file }) => file === "migrations/0002_next.sql");
  expect([gravest(own).kind, own.map(({ what }) => what)]).toEqual([kind, expect.anything()]);
});

const check = (files: Readonly<Record<string, string>>): ReturnType<typeof checkMigrations> =>
  checkMigrations(Object.entries(files).map(([name, sql]) => toMigration(name, sql)));

test("a contract statement in an expand file: the file, the line, the statement and the two steps", async () => {
  const sql = "alter table users add column name text;\n\n-- no more\nalter table users\n  drop column nick;\n";
  await expect(check({ "0001_names.sql": sql })).rejects.toMatchObject({
    code: "MIGRATION_CONTRACT",
    message:
      "migrations/0001_names.sql:4: alter table users drop column nick: " +
      "it drops a column that the live release may use",
    fix: expect.stringMatching(/DROP NOT NULL.*Deploy code that neither reads nor writes.*\.contract\.sql/s),
    at: [{ file: "migrations/0001_names.sql", line: 4 }],
  });
});

test("the same statement in a contract file", async () => {
  expect(await check({ "0001_nick.contract.sql": "alter table users drop column nick" })).toEqual([]);
});

test("a refused statement is refused in a contract file, too", async () => {
  await expect(check({ "0001_a.contract.sql": "begin; drop table users; commit" })).rejects.toMatchObject({
    code: "MIGRATION_REFUSED",
    at: [{ line: 1 }, { line: 1 }],
  });
});

test("a warning names the line; tables made in an earlier file are those of the live release", async () => {
  const warnings = await check({
    "0001_users.sql": "create table users (id int); create index a on users (id)",
    "0002_index.sql": "select 1;\ncreate index b on users (id)",
  });
  expect(warnings).toEqual([
    {
      file: "migrations/0002_index.sql",
      line: 2,
      message: expect.stringContaining("no row can be written"),
      fix: expect.stringContaining("CONCURRENTLY"),
    },
  ]);
});

test("a file that Postgres cannot read", async () => {
  await expect(check({ "0001_a.sql": "select 1;\n-- é\nalter tabel users" })).rejects.toMatchObject({
    code: "MIGRATION_SYNTAX",
    at: [{ file: "migrations/0001_a.sql", line: 3 }],
  });
});
