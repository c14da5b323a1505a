/** Databases in hosting.json: what they become, what is refused, and the types of context.env. */
import { expect, test } from "vitest";
import { typesText } from "../../framework/bundler/app-types.ts";
import { loadApp } from "../../framework/config/app-loader.ts";
import type { App } from "../../framework/model/app.ts";
import { appFolder } from "../routes/app-folder.ts";

const load = (settings: object, stage = "dev"): Promise<App> =>
  loadApp({ root: appFolder({ "hosting.json": JSON.stringify({ name: "app", ...settings }) }), stage });

const secrets = ["DATABASE_URL", "LOG_URL"];
const database = { dialect: "postgres", url: "DATABASE_URL" };
const id = "0123456789abcdef0123456789abcdef";

test("a database has a folder of migrations, and a type in context.env", async () => {
  const app = await load({ secrets, databases: { DB: database }, workers: { hyperdrive: { DB: id } } });
  expect(app.databases).toEqual({ DB: { ...database, migrations: "migrations" } });
  expect(app.workers.hyperdrive).toEqual({ DB: id });
  expect(typesText({ app, routes: [], jobs: [] })).toContain(
    "readonly DATABASE_URL: string;\n    readonly DB: { readonly connectionString: string };",
  );
  expect(await load({})).not.toHaveProperty("databases");
});

test("several databases name their migrations, and a stage may change one key", async () => {
  const databases = {
    DB: { ...database, migrations: "migrations/db", preview: "database" },
    LOG: { dialect: "postgres", url: "LOG_URL", migrations: "migrations/log", shared: true },
  };
  const stages = { prod: { databases: { LOG: { shared: false } } } };
  expect((await load({ secrets, databases })).databases).toEqual(databases);
  const { LOG } = (await load({ secrets, databases, stages }, "prod")).databases!;
  expect(LOG).toEqual({ dialect: "postgres", url: "LOG_URL", migrations: "migrations/log" });
});

test.each([
  [{ DB: { ...database, dialect: "sqlite" } }, /"dialect" cannot be "sqlite"/, /"postgres", the one dialect .* "d1"/],
  [{ DB: { ...database, dialect: "mysql" } }, /"dialect" cannot be "mysql"/, /the one dialect/],
  [{ DB: { ...database, url: "OTHER" } }, /"OTHER" is no secret/, /"secrets": \["DATABASE_URL","LOG_URL","OTHER"\]/],
  [{ DB: { dialect: "postgres" } }, /the database DB lacks "url"/, /"url": "DATABASE_URL"/],
  [{ LOG_URL: database }, /"LOG_URL" is in both "databases" and "secrets"/, /one meaning/],
  [{ HELLO: database }, /"HELLO" is in both "databases" and "env"/, /one meaning/],
  [{ DB: database, LOG: database }, /DB does not say which migrations/, /"migrations": "migrations\/db"/],
  [
    { DB: { ...database, migrations: "sql" }, LOG: { ...database, migrations: "sql" } },
    /DB and LOG have the same migrations/,
    /folder of its own/,
  ],
  [
    { DB: { ...database, migrations: "a" }, db: { ...database, migrations: "b" } },
    /DB and db have the same name/,
    /Rename/,
  ],
  [{ DB: { ...database, preview: "schema" } }, /"preview" cannot be "schema"/, /database/],
  [{ DB: { ...database, migrations: "../sql" } }, /"migrations" cannot be/, /inside the app/],
])("%j is refused", async (databases, message, fix) => {
  await expect(load({ secrets, env: { HELLO: "1" }, databases })).rejects.toMatchObject({
    message: expect.stringMatching(message),
    fix: expect.stringMatching(fix),
  });
});

test("Hyperdrive is for a database", async () => {
  await expect(load({ secrets, workers: { hyperdrive: { DB: id } } })).rejects.toMatchObject({
    message: '"hyperdrive" has DB, which is none of "databases"',
  });
});
