/** Releases of an app with a store on Workers: its database, whose it is, and what a plan says of it. */
import { afterEach, expect, test } from "vitest";
import { findStore, queryStore } from "../../../deploy/workers/store-database.ts";
import type { StoredData } from "../../../deploy/platform.ts";
import { removeStage } from "../../../deploy/teardown.ts";
import { switchRelease } from "../../../deploy/switch.ts";
import { isWrite, openDeployFixture, page, type DeployFixture } from "./deploy-fixture.ts";

let fixture: DeployFixture;
afterEach(() => fixture.close());

const owner = { app: "road", stage: "local" };
const counter = `import { store } from "portico/store";
export const GET = async (_: Request, context: never) => new Response(String(await store(context, "a").add("n", 1)));
`;
const answer = async (url: string, path: string): Promise<string> => (await fetch(new URL(path, url))).text();

async function databases(): Promise<readonly { readonly uuid?: string; readonly name: string }[]> {
  return fixture.client.call({ operation: "listDatabases", method: "GET", path: "/d1/database" });
}

async function makeDatabase(name: string): Promise<string> {
  const call = { operation: "createDatabase", method: "POST", path: "/d1/database", json: { name } } as const;
  return (await fixture.client.call<{ readonly uuid: string }>(call)).uuid;
}

test("the database is made before the version, is bound to it, and stays through releases and rollbacks", async () => {
  fixture = await openDeployFixture();
  const first = await fixture.deploy();
  expect(first.text).not.toContain("table");
  expect(await databases()).toEqual([]);
  await fixture.write("functions/count.ts", counter);
  fixture.takeCalls();
  const second = await fixture.deploy();
  expect(second.text).toMatch(/^\+ table +road--local +new$/m);
  expect(second.text).toMatch(/^\+ binding +PORTICO_STORE +new$/m);
  const writes = fixture.takeCalls().filter((call) => isWrite(call) && !call.body.includes("SELECT"));
  expect(writes[0]?.path).toMatch(/\/d1\/database$/);
  expect([await answer(second.live.url, "/count"), await answer(second.live.url, "/count")]).toEqual(["1", "2"]);
  fixture.takeCalls();
  const again = await fixture.deploy();
  expect(again.changed).toBe(false);
  await fixture.write("functions/count.ts", undefined);
  const third = await fixture.deploy();
  expect(third.text).toMatch(/^= table +road--local +not used any more; its data stays until portico remove$/m);
  await switchRelease({
    platform: await fixture.platform({}, false),
    command: "rollback",
    smoke: [],
    onSwitch: async () => undefined,
  });
  expect(await answer(second.live.url, "/count")).toBe("3");
});

test("a removal names what holds data, and takes it along only if that is wanted", async () => {
  fixture = await openDeployFixture();
  await fixture.write("functions/count.ts", counter);
  const { live } = await fixture.deploy();
  await answer(live.url, "/count");
  const remove = async (withData: boolean) => {
    let shown: readonly StoredData[] = [];
    const onPlan = async (_: unknown, data: readonly StoredData[]): Promise<void> => {
      shown = data;
    };
    const done = await removeStage({ platform: await fixture.platform({}, false), withData, onPlan });
    return { ...done, shown };
  };
  const table = { kind: "table", name: "road--local", entries: 1, isMore: false };
  const first = await remove(false);
  expect([first.shown, first.kept]).toEqual([[table], [table]]);
  expect(first.removed.map(({ kind }) => kind)).toEqual(["worker"]);
  expect(await databases()).toHaveLength(1);
  expect(await remove(false)).toMatchObject({ removed: [], kept: [table], shown: [] });
  const again = await fixture.deploy();
  expect(again.text).toMatch(/^= table/m);
  expect(await answer(again.live.url, "/count")).toBe("2");
  await remove(false);
  expect(await remove(true)).toMatchObject({ removed: [{ kind: "table", name: "road--local" }], kept: [] });
  expect(await databases()).toEqual([]);
  expect(await remove(true)).toMatchObject({ removed: [], kept: [] });
});

test("a hint says where it is made", async () => {
  fixture = await openDeployFixture();
  await fixture.write("functions/count.ts", counter);
  const workers = { compatibilityDate: "2026-07-01", bindings: {}, domains: [], routes: [], location: "weur" } as const;
  await fixture.deploy({ app: { workers } });
  const created = fixture.takeCalls().find(({ method, path }) => method === "POST" && path.endsWith("/d1/database"));
  expect(JSON.parse(created?.body ?? "{}")).toEqual({ name: "road--local", primary_location_hint: "weur" });
});

test(
  "one of that name that somebody filled is refused and left alone; an empty one is taken over",
  { tags: ["check"] },
  async () => {
    fixture = await openDeployFixture();
    await fixture.write("functions/count.ts", counter);
    const id = await makeDatabase("road--local");
    await queryStore(fixture.client, id, "CREATE TABLE notes (text TEXT)");
    fixture.takeCalls();
    await expect(fixture.deploy()).rejects.toMatchObject({ code: "NAME_TAKEN" });
    expect(fixture.takeCalls().filter((call) => isWrite(call) && !call.body.includes("SELECT"))).toEqual([]);
    await queryStore(fixture.client, id, "DROP TABLE notes");
    expect(await findStore(fixture.client, owner)).toEqual({ id, state: "empty" });
    const { live } = await fixture.deploy();
    expect(await answer(live.url, "/count")).toBe("1");
  },
);

test(
  "a table that somebody changed, and one of a newer Portico, are errors of their own",
  { tags: ["check"] },
  async () => {
    fixture = await openDeployFixture();
    await fixture.write("functions/count.ts", counter);
    await fixture.deploy();
    const id = (await databases())[0]?.uuid ?? "";
    await queryStore(fixture.client, id, "UPDATE portico SET schema = 2");
    await expect(fixture.deploy()).rejects.toMatchObject({ code: "STORE_SCHEMA", message: /newer/ });
    await queryStore(fixture.client, id, "UPDATE portico SET schema = 1; ALTER TABLE store ADD COLUMN mine TEXT");
    await expect(fixture.deploy()).rejects.toMatchObject({ code: "STORE_SCHEMA", message: /somebody changed/ });
  },
);

test("a database that was deleted by hand is made again, with a version that has it", { tags: ["check"] }, async () => {
  fixture = await openDeployFixture();
  await fixture.write("functions/count.ts", counter);
  await fixture.deploy();
  const id = (await databases())[0]?.uuid ?? "";
  await fixture.client.call({ operation: "deleteDatabase", method: "DELETE", path: `/d1/database/${id}` });
  const { live, text } = await fixture.deploy();
  expect(text).toMatch(/^\+ table/m);
  expect(live.number).toBe(2);
  expect(await answer(live.url, "/count")).toBe("1");
});

test("an account that has as many as the Free plan allows is told so in the plan, and nothing is made", async () => {
  fixture = await openDeployFixture({ plan: "free" });
  await fixture.write("functions/count.ts", counter);
  for (let at = 0; at < 10; at++) await makeDatabase(`other-${at}`);
  const { plan } = await import("../../../deploy/planning.ts").then(async ({ planForCloud }) =>
    planForCloud(await fixture.platform()),
  );
  expect(plan.changes.find(({ kind }) => kind === "table")?.note).toContain("the Free plan has room for 10");
  await expect(fixture.deploy()).rejects.toMatchObject({ code: 7406 });
  const scripts = await fixture.client.call({ operation: "list", method: "GET", path: "/workers/scripts" });
  expect(scripts).toEqual([]);
  await fixture.write("functions/count.ts", page("none"));
  await fixture.deploy();
});
