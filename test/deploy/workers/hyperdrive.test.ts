/**
 * Configurations of Hyperdrive, by the local Cloudflare and a real Postgres: made with a secret, bound by a release,
 * collected with it; refusals, kills and two runs at once.
 */
// @module-tag check
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ClientOptions, createClient } from "../../../deploy/workers/client.ts";
import { type HyperdriveConfig, listConfigs, storedConfigs } from "../../../deploy/workers/hyperdrive-configs.ts";
import { newestVersion, removeSecrets, setSecrets } from "../../../deploy/workers/secrets.ts";
import { removeStage } from "../../../deploy/teardown.ts";
import { switchRelease } from "../../../deploy/switch.ts";
import { testDatabase, type TestDatabase } from "../../../framework/testing/test-database.ts";
import { root as repository } from "../../architecture/sources.ts";
import { type DeployFixture, openDeployFixture } from "./deploy-fixture.ts";

let fixture: DeployFixture;
const opened: TestDatabase[] = [];
const owner = { app: "road", stage: "local" };
const databases = { DB: "DATABASE_URL" };
const app = {
  secrets: ["DATABASE_URL"],
  databases: { DB: { dialect: "postgres" as const, url: "DATABASE_URL", migrations: "migrations" } },
};

beforeEach(async () => {
  fixture = await openDeployFixture();
  // As below an app that uses a database.
  await mkdir(join(fixture.root, "node_modules"));
  await symlink(join(repository, "node_modules/pg"), join(fixture.root, "node_modules/pg"));
  await fixture.write(
    "functions/index.ts",
    `export const GET = (_: Request, { env }: { env: any }) =>
  Response.json({
    name: new URL(env.DB?.connectionString ?? env.DATABASE_URL).pathname.slice(1),
    isBinding: typeof env.DB?.connect === "function",
  });
`,
  );
});
afterEach(async () => {
  await fixture.close();
  for (const database of opened.splice(0)) await database.close();
});

async function database(): Promise<{ readonly url: string; readonly name: string }> {
  const made = await testDatabase({ root: repository });
  opened.push(made);
  return { url: made.url, name: new URL(made.url).pathname.slice(1) };
}

const set = (url: string, client = fixture.client, wanted: Readonly<Record<string, string>> = databases) =>
  setSecrets(client, owner, new Map([["DATABASE_URL", url]]), {
    compatibilityDate: "2026-07-01",
    databases: wanted,
  });
const names = async (): Promise<readonly string[]> =>
  (await listConfigs(fixture.client)).map(({ name }: HyperdriveConfig) => name).toSorted();
const ask = async (url: string): Promise<unknown> => (await fetch(url)).json();

test("one is made with each version of the secret, bound by id, and goes with the releases that have it", async () => {
  const [first, second] = [await database(), await database()];
  expect([...(await set(first.url))]).toEqual([["DATABASE_URL", 1]]);
  const listed = await fixture.client.call<object[]>({ operation: "list", method: "GET", path: "/hyperdrive/configs" });
  expect(listed).toMatchObject([
    { name: "road--local--db--v1", caching: { disabled: true }, origin: { scheme: "postgres", database: first.name } },
  ]);
  expect(JSON.stringify(fixture.takeCalls().map(({ path }) => path))).not.toContain(new URL(first.url).password);
  const one = await fixture.deploy({ app: { ...app, keep: 2 } });
  expect(one.text).toMatch(/\+ binding {5}DB +new/);
  expect(await ask(one.live.url)).toEqual({ name: first.name, isBinding: true });
  expect(await fixture.deploy({ app: { ...app, keep: 2 } })).toMatchObject({ changed: false });

  await set(second.url);
  expect(await ask(one.live.url)).toMatchObject({ name: first.name });
  const two = await fixture.deploy({ app: { ...app, keep: 2 } });
  expect(two.text).toMatch(/~ binding {5}DB +Hyperdrive road--local--db--v1 → road--local--db--v2/);
  expect(await ask(two.live.url)).toMatchObject({ name: second.name });
  expect(await names()).toEqual(["road--local--db--v1", "road--local--db--v2"]);

  // The old id comes back with the old release.
  const roll = async (command: "rollback" | "promote", number: number) =>
    switchRelease({
      platform: await fixture.platform({ app: { ...app, keep: 2 } }, false),
      command,
      number,
      smoke: [],
      onSwitch: async () => undefined,
    });
  await roll("rollback", 1);
  expect(await ask(one.live.url)).toMatchObject({ name: first.name });
  await roll("promote", 2);

  // Set twice without a release between: the one between is of no use to anybody.
  await set(first.url);
  await set(second.url);
  expect(await names()).toEqual(["road--local--db--v1", "road--local--db--v2", "road--local--db--v4"]);
  await fixture.deploy({ app: { ...app, keep: 2 } });
  expect(await names()).toEqual(["road--local--db--v2", "road--local--db--v4"]);
  const { releases } = await (await fixture.platform({}, false)).observe();
  expect(releases.map(({ number }) => number)).toEqual([2, 3]);
});

test("without a database's name, after it was named, and with a configuration of the user's own", async () => {
  const { url, name } = await database();
  await set(url, fixture.client, {});
  const direct = await fixture.deploy({ app });
  expect(direct.text).toMatch(/secret {6}DATABASE_URL .*; without Hyperdrive.*set it once more/);
  expect(await ask(direct.live.url)).toEqual({ name, isBinding: false });
  await set(url);
  expect((await fixture.deploy({ app })).text).toMatch(/\+ binding {5}DB/);
  expect(await ask(direct.live.url)).toEqual({ name, isBinding: true });

  const origin = { scheme: "postgres", host: "127.0.0.1", port: 1, user: "u", password: "p", database: "own" };
  const { port, username, password } = new URL(url);
  const { id } = await fixture.client.call<{ readonly id: string }>({
    operation: "create",
    method: "POST",
    path: "/hyperdrive/configs",
    json: { name: "mine", origin: { ...origin, port: Number(port), user: username, password, database: name } },
  });
  const own = { ...app, workers: { compatibilityDate: "2026-07-01", bindings: {}, domains: [], routes: [] } };
  const released = await fixture.deploy({ app: { ...own, workers: { ...own.workers, hyperdrive: { DB: id } } } });
  expect(released.text).toMatch(new RegExp(`~ binding {5}DB +Hyperdrive road--local--db--v2 → ${id}`));
  await expect(
    fixture.deploy({ app: { ...own, workers: { ...own.workers, hyperdrive: { DB: "0".repeat(32) } } } }),
  ).rejects.toMatchObject({ code: "HYPERDRIVE_MISSING" });
  // What it is removed for is still there.
  expect((await fixture.deploy({ app: own })).text).toMatch(/~ binding {5}DB .*→ road--local--db--v2/);
});

test("what Hyperdrive refuses is told with its code before anything is stored", async () => {
  const { url } = await database();
  const wrong = (change: (url: URL) => void): string => {
    const changed = new URL(url);
    change(changed);
    return changed.href;
  };
  const password = wrong((one) => (one.password = "wrong-word"));
  for (const [given, code, message] of [
    [password, "HYPERDRIVE_REFUSED", /user or password is wrong \[2013\]; nothing was stored/],
    [wrong((one) => (one.pathname = "/none")), "HYPERDRIVE_REFUSED", /no database of that name \[2014\]/],
    [wrong((one) => (one.port = "1")), "HYPERDRIVE_REFUSED", /refused \[2011\]/],
    [wrong((one) => (one.hostname = "no-such-host.invalid")), "HYPERDRIVE_REFUSED", /no address \[2008\]/],
    ["mysql://a:b@c/d", "DATABASE_URL", /does not begin with postgres:/],
    ["not a url", "DATABASE_URL", /does not begin with postgres:/],
    ["postgres://us%er:word@host/name", "DATABASE_URL", /has a % that begins no encoded character/],
    ["postgres://user@host/name", "DATABASE_URL", /has no password/],
    ["postgres://user:word@host/", "DATABASE_URL", /has no database/],
    ["postgres://user:100%@host/name", "DATABASE_URL", /%/],
  ] as const) {
    const refused = await set(given).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code, message: expect.stringMatching(message), fix: expect.any(String) });
    expect(JSON.stringify(refused)).not.toContain("wrong-word");
  }
  expect(await names()).toEqual([]);
  // Of two databases the first one's goes with the refusal of the second.
  const both = new Map([
    ["DATABASE_URL", url],
    ["LOG_URL", password],
  ]);
  const two = { DB: "DATABASE_URL", LOG: "LOG_URL" };
  await expect(
    setSecrets(fixture.client, owner, both, { compatibilityDate: "2026-07-01", databases: two }),
  ).rejects.toMatchObject({ code: "HYPERDRIVE_REFUSED" });
  expect(await names()).toEqual([]);
  expect((await (await fixture.platform({}, false)).observe()).parts).toEqual([]);
});

test("an account that has as many as its plan allows is told so", async () => {
  await fixture.close();
  fixture = await openDeployFixture({ plan: "free" });
  const { url } = await database();
  const { hostname, port, username, password, pathname } = new URL(url);
  const origin = { scheme: "postgres", host: hostname, port: Number(port), user: username, password };
  for (let at = 0; at < 10; at++)
    await fixture.client.call({
      operation: "create",
      method: "POST",
      path: "/hyperdrive/configs",
      json: { name: `other-${at}`, origin: { ...origin, database: pathname.slice(1) } },
    });
  await expect(set(url)).rejects.toMatchObject({
    code: "HYPERDRIVE_LIMIT",
    message: expect.stringMatching(/has 10 configurations .*10 on the Free plan, 25/),
  });
});

test("secrets that are removed and a stage that is removed leave none behind", async () => {
  const { url } = await database();
  await set(url);
  expect(await removeSecrets(fixture.client, owner, ["DATABASE_URL"])).toEqual(["DATABASE_URL"]);
  expect(await names()).toEqual([]);
  // A number never comes twice: a release that is kept may have the first.
  expect([...(await set(url))]).toEqual([["DATABASE_URL", 2]]);
  await fixture.deploy({ app });
  await removeSecrets(fixture.client, owner, ["DATABASE_URL"]);
  expect(await names()).toEqual(["road--local--db--v2"]);
  const remove = async (options: ClientOptions = {}) =>
    removeStage({
      platform: await fixture.platform({ client: options }, false),
      withData: true,
      onPlan: async () => undefined,
    });
  // Killed between the Worker and its configuration.
  const transport: NonNullable<ClientOptions["transport"]> = async ({ operation }, send) => {
    if (operation === "deleteHyperdrive") throw new Error("killed");
    return send();
  };
  await expect(remove({ transport })).rejects.toThrow("killed");
  expect((await remove()).removed).toEqual([{ kind: "binding", name: "road--local--db--v2" }]);
  expect(await names()).toEqual([]);
  expect(await remove()).toMatchObject({ removed: [] });
});

test("the live release keeps its own where Cloudflare lists no more than secrets that were set since", async () => {
  const [first, second] = [await database(), await database()];
  await set(first.url);
  const { live } = await fixture.deploy({ app });
  const options = { compatibilityDate: "2026-07-01", databases };
  for (let n = 1; n <= 100; n++) await setSecrets(fixture.client, owner, new Map([["KEY", `${n}`]]), options);
  await set(second.url);
  expect(await names()).toEqual(["road--local--db--v1", "road--local--db--v2"]);
  expect(await ask(live.url)).toEqual({ name: first.name, isBinding: true });
});

/** The database that the newest version's configuration leads to, and its number. */
async function stored(): Promise<unknown> {
  const { id, version } = storedConfigs((await newestVersion(fixture.client, owner))!.bindings)["DB"]!;
  const path = `/hyperdrive/configs/${id}`;
  const { origin, name } = await fixture.client.call<{ readonly name: string; readonly origin: { database: string } }>({
    operation: "get",
    method: "GET",
    path,
  });
  return { version, name, database: origin.database };
}

test("one that was killed at any call and repeated ends as one clean run", async () => {
  const given = [await database(), await database()];
  await set(given[0]!.url);
  await fixture.deploy({ app });
  let version = 1;
  for (const effect of ["before", "after"] as const)
    for (let at = 1, isDead = true; isDead; at++) {
      let writes = 0;
      isDead = false;
      const die = (): never => {
        isDead = true;
        throw new Error("killed");
      };
      const transport: NonNullable<ClientOptions["transport"]> = async ({ operation }, send) => {
        if (isDead) die();
        const isLast = !/^(get|list|find)/.test(operation) && ++writes === at;
        if (isLast && effect === "before") die();
        const answer = await send();
        return isLast ? die() : answer;
      };
      const { url, name } = given[at % 2]!;
      await set(url, createClient(fixture.access, { transport })).catch((error: unknown) => {
        if (!isDead) throw error;
      });
      const last = [...(await set(url)).values()][0]!;
      expect(last - version).toBeLessThanOrEqual(2);
      version = last;
      expect(await stored()).toEqual({ version, name: `road--local--db--v${version}`, database: name });
      expect(await names()).toEqual(["road--local--db--v1", `road--local--db--v${version}`].toSorted());
    }
  const { live } = await fixture.deploy({ app: { ...app, keep: 1 } });
  expect(await ask(live.url)).toMatchObject({ isBinding: true });
  expect(await names()).toEqual([`road--local--db--v${version}`]);
});

test("two at once end with the value and the configuration of one of them", async () => {
  const given = await Promise.all([database(), database(), database()]);
  for (let round = 0; round < 2; round++) {
    const results = await Promise.allSettled(given.map(({ url }) => set(url)));
    for (const result of results)
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "MOVED" });
    const { live } = await fixture.deploy({ app: { ...app, keep: 1 } });
    const { name } = (await ask(live.url)) as { readonly name: string };
    expect(given.map((one) => one.name)).toContain(name);
    // The secret's own value, without its database.
    await fixture.deploy({ app: { secrets: app.secrets, keep: 1 } });
    expect(await ask(live.url)).toEqual({ name, isBinding: false });
  }
});
