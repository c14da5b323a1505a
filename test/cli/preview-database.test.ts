/** A temporary stage's database on a real Postgres: finished after a run that died, and none that others filled. */
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import type { Client } from "pg";
import { dropPreview, ensurePreview, findPreview, withDatabase } from "../../framework/cli/preview-database.ts";
import { connect } from "../../framework/emulation/postgres/databases.ts";
import { testDatabase } from "../../framework/testing/test-database.ts";
import type { Disturbance } from "../deploy/histories/stepped-run.ts";
import { repository } from "../e2e/portico.ts";
import { dyingConnection } from "../migrations/dying-connection.ts";

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
  const place = { name, serverUrl: given.url, packageFolder: repository };
  return { preview: { ...place, owner: { app: "shop", stage }, database: "DB" }, appUrl: url.href };
}

it("gives the app's user its rights before the mark, so that a run that died half-way is finished", async () => {
  const { preview, appUrl } = previewOf("pr-1");
  await expect(ensurePreview(preview, appUrl)).rejects.toMatchObject({
    code: "PREVIEW_RIGHTS",
    message: `the server has no user ${user}, as which functions would connect to the database DB`,
  });
  expect(await findPreview(preview)).toBe("empty");
  await owner.query(`CREATE USER ${user} PASSWORD 'word'`);
  await ensurePreview(preview, appUrl);
  expect(await findPreview(preview)).toBe("ours");
  onTestFinished(() => owner.query(`DROP USER ${user}`).then(() => undefined));
  const migrating = await open(withDatabase(given.url, preview.name));
  await migrating.query("CREATE TABLE notes (n int)");
  await migrating.end();
  const app = await open(appUrl);
  expect((await app.query("select * from notes")).rows).toEqual([]);
  await app.end();
  const weak = { ...preview, serverUrl: withDatabase(appUrl, new URL(given.url).pathname.slice(1)) };
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
    const { preview, appUrl } = previewOf("pr-2");
    await owner.query(`CREATE DATABASE "${preview.name}"`);
    const theirs = await open(withDatabase(given.url, preview.name));
    await theirs.query(filling);
    await theirs.end();
    await expect(ensurePreview(preview, appUrl)).rejects.toMatchObject({ code: "DATABASE_TAKEN" });
    expect(await dropPreview(preview)).toBe(false);
    await owner.query(`DROP DATABASE "${preview.name}"`);
  }
});

type Preview = ReturnType<typeof previewOf>["preview"];

/** How many queries it had when it died, or ended. */
async function dying(preview: Preview, end: Disturbance, run: (one: Preview) => Promise<unknown>): Promise<number> {
  const way = await dyingConnection(Number(new URL(given.url).port), end);
  await run({ ...preview, serverUrl: way.url(given.url) }).catch(() => undefined);
  await way.close();
  return way.count();
}

it("is made, and dropped, by the run that comes after one that died at any of its queries", async () => {
  await owner.query(`CREATE USER ${user} PASSWORD 'word'`);
  const { preview, appUrl } = previewOf("pr-3");
  const make = (one: Preview): Promise<unknown> => ensurePreview(one, appUrl);
  const never: Disturbance = { at: Infinity, what: "kill before" };
  const queries = await dying(preview, never, make);
  expect(queries).toBe(4);
  const ends = Array.from({ length: queries }, (_, at) => at + 1).flatMap((at): Disturbance[] => [
    { at, what: "kill before" },
    { at, what: "kill after" },
  ]);
  for (const end of ends) {
    expect(await dropPreview(preview)).toBe(true);
    await dying(preview, end, make);
    // One that is not there yet is shown as such, and nothing of a dead run is in the way.
    expect(["missing", "empty", "ours"]).toContain(await findPreview(preview));
    await make(preview);
    expect(await findPreview(preview)).toBe("ours");
    const app = await open(appUrl);
    await app.end();
  }
  expect(await dying(preview, never, dropPreview)).toBe(2);
  for (const end of ends.filter(({ at }) => at <= 2)) {
    await make(preview);
    await dying(preview, end, dropPreview);
    await dropPreview(preview);
    expect(await findPreview(preview)).toBe("missing");
  }
  await make(preview);
});

it("goes on with another user, where both act as one role", async () => {
  const role = `maker_${process.pid}`;
  const users = [`${role}_a`, `${role}_b`] as const;
  const { preview } = previewOf("pr-4");
  onTestFinished(async () => {
    await dropPreview(preview);
    await owner.query(`DROP USER ${users.join()}; DROP ROLE ${role}`);
  });
  await owner.query(`CREATE ROLE ${role} NOLOGIN CREATEDB`);
  for (const one of users)
    await owner.query(`CREATE USER ${one} PASSWORD 'word' IN ROLE ${role}; ALTER USER ${one} SET role = ${role}`);
  const [first, second] = users.map((one) => {
    const url = new URL(given.url);
    [url.username, url.password] = [one, "word"];
    return { ...preview, serverUrl: url.href };
  });
  await ensurePreview(first!, withDatabase(first!.serverUrl, preview.name));
  const before = await open(withDatabase(first!.serverUrl, preview.name));
  await before.query("CREATE TABLE notes (n int)");
  await before.end();
  expect(await ensurePreview(second!, withDatabase(second!.serverUrl, preview.name))).toBe(false);
  const after = await open(withDatabase(second!.serverUrl, preview.name));
  await after.query("ALTER TABLE notes ADD COLUMN text text");
  await after.end();
  expect(await dropPreview(second!)).toBe(true);
});
