/** A rollback to a release whose database's URL is no longer the stage's, with two users of Postgres. */
// @module-tag check
import { expect, it } from "vitest";
import { connect } from "../../framework/emulation/postgres/databases.ts";
import { testDatabase } from "../../framework/testing/test-database.ts";
import { appFolder, oneDatabase } from "./app.ts";
import { startCloud } from "./cloud.ts";
import { repository, run } from "./portico.ts";

const app = appFolder("rotation");

const files = {
  "hosting.json": JSON.stringify({
    name: "shop",
    ...oneDatabase,
  }),
  "functions/index.ts":
    `import { database } from "portico/postgres";\n` +
    `export const GET = async (_, context) => {\n` +
    `  const { rows } = await database(context, "DB").query("select current_user as user");\n` +
    `  return Response.json(rows[0]);\n};\n`,
};

it("is told with SECRET_ROTATED, and asked about", async () => {
  // On AWS it is the same, in seconds more.
  const target = "workers";
  const root = await app(target, files);
  const cloud = await startCloud(root);
  await using given = await testDatabase({ root: repository });
  const owner = await connect({ name: "DB", url: given.url, packageFolder: repository, fix: "" });
  const users = ["a", "b"].map((letter) => `app_${target}_${letter}_${process.pid}`);
  for (const user of users) await owner.query(`CREATE USER ${user} PASSWORD 'word'`);
  try {
    const env = {
      ...cloud.cloudflare,
      CLOUDFLARE_ACCOUNT_ID: "0".repeat(32),
      PORTICO_MIGRATE_URL: given.url,
    };
    const portico = (...words: string[]) => run([...words, "--stage", "prod", "--target", target], root, { env });
    const urlOf = (user: string): string => {
      const url = new URL(given.url);
      [url.username, url.password] = [user, "word"];
      return url.href;
    };
    let url = "";
    for (const user of users) {
      expect(await portico("secret", "set", `DATABASE_URL=${urlOf(user)}`)).toMatchObject({ code: 0 });
      const deployed = await portico("deploy", "--yes");
      expect(deployed).toMatchObject({ code: 0 });
      url = /release \d {2}(\S+)/.exec(deployed.stdout)?.[1] ?? "";
      expect(await (await fetch(url)).json()).toEqual({ user });
    }
    expect(await portico("rollback")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/SECRET_ROTATED: release 1 .* version 1 of DATABASE_URL, and version 2 is/),
    });
    expect(await (await fetch(url)).json()).toEqual({ user: users[1] });
    // The other user is still there: the release before works.
    expect(await portico("rollback", "--yes")).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("SECRET_ROTATED"),
    });
    expect(await (await fetch(url)).json()).toEqual({ user: users[0] });
    const back = await portico("promote", "2", "--yes");
    expect([back.code, back.stderr]).toEqual([0, expect.not.stringContaining("SECRET_ROTATED")]);
  } finally {
    await cloud.running.stop();
    await owner.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = any($1)`, [users]);
    for (const user of users) await owner.query(`DROP USER ${user}`);
    await owner.end();
  }
});
