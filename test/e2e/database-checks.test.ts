/** What doctor says about a database: room for the connections of Lambda, and the rights of the app's own user. */
// @module-tag check
import { expect, it } from "vitest";
import { connect } from "../../framework/emulation/postgres/databases.ts";
import { testDatabase } from "../../framework/testing/test-database.ts";
import { appFolder, oneDatabase, says } from "./app.ts";
import { startCloud } from "./cloud.ts";
import { repository, run } from "./portico.ts";

const app = appFolder("database-checks");

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly text: string;
  readonly fix?: string;
}

it("compares connections, and finds the tables that the app's user may not use", async () => {
  const root = await app("shop", {
    "hosting.json": JSON.stringify({
      name: "shop",
      ...oneDatabase,
      lambda: { region: "us-east-1" },
    }),
    "functions/index.ts": says("hi"),
  });
  const cloud = await startCloud(root);
  await using given = await testDatabase({ root: repository });
  const owner = await connect({ name: "DB", url: given.url, packageFolder: repository, fix: "" });
  const user = `app user ${process.pid}`;
  await owner.query(`CREATE USER "${user}" PASSWORD 'word'; CREATE TABLE notes (id serial, text text)`);
  try {
    const env = { ...cloud.aws, PORTICO_MIGRATE_URL: given.url };
    const own = new URL(given.url);
    [own.username, own.password] = [encodeURIComponent(user), "word"];
    const findings = async (more = {}): Promise<readonly Finding[]> => {
      const { stdout } = await run(["doctor", "--stage", "prod", "--json"], root, { env: { ...env, ...more } });
      const all = (JSON.parse(stdout) as { readonly findings: readonly Finding[] }).findings;
      return all.filter(({ check }) => /database|user of/.test(check));
    };
    // Before the secret is set only the user is not known.
    expect(await findings()).toMatchObject([{ check: "database DB", ok: true }]);
    await run(["secret", "set", `DATABASE_URL=${own.href}`, "--stage", "prod"], root, { env });
    const [room, rights] = await findings();
    expect(room).toMatchObject({
      ok: true,
      text: expect.stringMatching(/^up to \d+ connections, .* the server takes \d+: .*DATABASE_BUSY.*pooler/),
    });
    expect(rights).toMatchObject({
      ok: false,
      text: expect.stringMatching(/^app user \d+, .* may not use public\.notes, public\.notes_id_seq, which /),
    });
    // The fix is what a user runs.
    const [, fix = ""] = /^As \S+ run (.*)$/.exec(rights?.fix ?? "") ?? [];
    await owner.query(`${fix.replace("and for what comes later ", "")}; CREATE TABLE later (id serial)`);
    expect((await findings())[1]).toMatchObject({ ok: true, text: expect.stringContaining("may use") });
    expect(await findings({ PORTICO_MIGRATE_URL: given.url.replace(/:\d+\//, ":1/") })).toMatchObject([
      { check: "database", ok: false, fix: expect.stringContaining("Run this where") },
    ]);
  } finally {
    await cloud.running.stop();
    await owner.query(`DROP OWNED BY "${user}"`);
    await owner.query(`DROP USER "${user}"`);
    await owner.end();
  }
});
