/** Tests of the store on Node's engine: its types, its file, and what is refused. test/conformance has its promises. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it, onTestFinished } from "vitest";
import { store } from "../../../framework/features/store/node.ts";
import { createCall } from "../../../framework/node/testing.ts";
import type { Call } from "../../../framework/runtime/handler.ts";

const inMemory = createCall();

function inFolder(): { readonly call: Call; readonly file: string } {
  const folder = mkdtempSync(join(tmpdir(), "portico-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const data = join(folder, "deep", "data");
  return { call: createCall({ platform: { name: "node", data } }), file: join(data, "store.sqlite") };
}

it("has the types of its values", async () => {
  const sessions = store<{ readonly user: string }>(inMemory, "typed");
  const version: string = await sessions.set("a", { user: "ann" });
  const replaced: string | undefined = await sessions.set("a", { user: "ben" }, { if: version });
  expect(replaced).not.toBe(version);
  const found = await sessions.get("a");
  const user: string | undefined = found?.value.user;
  expect(user).toBe("ben");
  // @ts-expect-error -- a condition may fail
  const certain: string = await sessions.set("b", { user: "ann" }, { if: null });
  expect(certain).toBeTypeOf("string");
  // @ts-expect-error -- another value
  await sessions.set("c", { name: "ann" });
  // Only numbers are added.
  const add = sessions.add satisfies never as (key: string) => Promise<number>;
  await expect(add("a")).rejects.toMatchObject({ code: "STORE_NOT_A_NUMBER" });
  const total: number = await store<number>(inMemory, "typed").add("n");
  expect(total).toBe(1);
});

it("makes its folder and file, and another process finds them", async () => {
  const { call, file } = inFolder();
  await store(call, "a").set("k", { deep: ["안", 1] });
  const other = new DatabaseSync(file);
  expect(other.prepare("SELECT n, k, v, c FROM store").all()).toEqual([
    { n: "a", k: "k", v: '{"deep":["안",1]}', c: null },
  ]);
  expect(other.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  expect(other.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 });
  other.close();
});

it("refuses the file of a newer Portico", async () => {
  const { call, file } = inFolder();
  mkdirSync(dirname(file), { recursive: true });
  const newer = new DatabaseSync(file);
  newer.exec("PRAGMA user_version=2");
  await expect((async () => store(call, "a").get("k"))()).rejects.toMatchObject({ code: "STORE_SCHEMA" });
  newer.exec("PRAGMA user_version=1");
  newer.close();
  expect(await store(call, "a").get("k")).toBeUndefined();
});

it("tells that there is no data folder", () => {
  expect(() => store(createCall({ platform: { name: "node" } }), "a")).toThrow(
    expect.objectContaining({ code: "STORE_MISSING" }),
  );
});

it("tells that another process holds the file, once it has waited", { tags: ["check"] }, async () => {
  const { call, file } = inFolder();
  const entries = store(call, "a");
  await entries.set("k", 1);
  const holder = new DatabaseSync(file);
  holder.exec("BEGIN IMMEDIATE");
  await expect(entries.set("k", 2)).rejects.toMatchObject({ code: "STORE_BUSY" });
  expect((await entries.get("k"))?.value).toBe(1);
  holder.exec("ROLLBACK");
  holder.close();
  await entries.set("k", 2);
  expect((await entries.get("k"))?.value).toBe(2);
});

it("deletes up to ten expired rows with each write", async () => {
  const { call, file } = inFolder();
  const entries = store(call, "a");
  for (let index = 0; index < 15; index++) await entries.set(`old${index}`, index);
  const other = new DatabaseSync(file);
  other.exec("UPDATE store SET x = 1");
  const count = (): unknown => other.prepare("SELECT count(*) AS n FROM store").get()?.["n"];
  await store(call, "b").set("new", 1);
  expect(count()).toBe(6);
  await store(call, "b").add("n");
  expect(count()).toBe(2);
  other.close();
});
