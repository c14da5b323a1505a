/** A temporary stage's database on a real Postgres: finished after a run that died, and none that others filled. */
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import type { Client } from "pg";
import { dropPreview, ensurePreview, findPreview, withDatabase } from "../../framework/cli/preview-database.ts";
import { connect } from "../../framework/emulation/postgres/databases.ts";
import { testDatabase } from "../../framework/testing/test-database.ts";
import { repository } from "../e2e/portico.ts";

const user = `preview_${process.pid}`;
let given: Awaited<ReturnType<typeof testDatabase>>;
let owner: Client;

beforeAll(async () => {
  given = await testDatabase({ root: repository });
  owner = await open(given.url);
});

afterAll(async () => {
  await owner.query(`DROP USER IF EXISTS ${user}`);
  await owner.end();
  await given.close();
});

const open = (url: string): Promise<Client> => connect({ name: "DB", url, packageFolder: repository, fix: "" });

/** With a user of the app's own, who is not made yet. */
function previewOf(stage: string) {
  const name = `shop${process.pid}--${stage}--db`;
  const url = new URL(withDatabase(given.url, name));
  [url.username, url.password] = [user, "word"];
  onTestFinished(() => owner.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`).then(() => undefined));
  const place = { name, serverUrl: given.url, appUrl: url.href, packageFolder: repository };
  return { ...place, owner: { app: "shop", stage }, database: "DB" };
}

it("gives the app's user its rights before the mark, so that a run that died half-way is finished", async () => {
  const preview = previewOf("pr-1");
  await expect(ensurePreview(preview)).rejects.toMatchObject({
    code: "PREVIEW_RIGHTS",
    message: `the server has no user ${user}, as which functions would connect to the database DB`,
  });
  expect(await findPreview(preview)).toBe("empty");
  await owner.query(`CREATE USER ${user} PASSWORD 'word'`);
  await ensurePreview(preview);
  expect(await findPreview(preview)).toBe("ours");
  const migrating = await open(withDatabase(given.url, preview.name));
  await migrating.query("CREATE TABLE notes (n int)");
  await migrating.end();
  const app = await open(preview.appUrl);
  expect((await app.query("select * from notes")).rows).toEqual([]);
  await app.end();
  const weak = { ...preview, serverUrl: withDatabase(preview.appUrl, new URL(given.url).pathname.slice(1)) };
  await expect(dropPreview(weak)).rejects.toMatchObject({
    code: "PREVIEW_RIGHTS",
    message: expect.stringContaining("may not drop"),
  });
  expect(await dropPreview(preview)).toBe(true);
});

it("neither takes over nor drops one without a mark that has anything in it", async () => {
  for (const filling of [
    "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'select 1'",
    "CREATE TYPE mood AS ENUM ('good')",
    "SELECT lo_create(0)",
  ]) {
    const preview = previewOf("pr-2");
    await owner.query(`CREATE DATABASE "${preview.name}"`);
    const theirs = await open(withDatabase(given.url, preview.name));
    await theirs.query(filling);
    await theirs.end();
    await expect(ensurePreview(preview)).rejects.toMatchObject({ code: "DATABASE_TAKEN" });
    expect(await dropPreview(preview)).toBe(false);
    await owner.query(`DROP DATABASE "${preview.name}"`);
  }
});
