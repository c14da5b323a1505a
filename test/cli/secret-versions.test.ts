/** Version numbers of secrets: they increase when a value changes, and the stored file does not reveal the value. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { secretVersions } from "../../framework/cli/secret-versions.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-versions-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = (): string => join(folder, "secret-versions.json");

test("a changed value gets the next number, unchanged values keep theirs", async () => {
  expect(await secretVersions(folder, "key", { A: "1", B: "1" })).toEqual({ A: 1, B: 1 });
  expect(await secretVersions(folder, "key", { A: "2", B: "1" })).toEqual({ A: 2, B: 1 });
  expect(await secretVersions(folder, "key", { A: "2" })).toEqual({ A: 2 });
  expect(await secretVersions(folder, "key", { B: "2", A: "2" })).toEqual({ A: 2, B: 2 });
});

test("the file is readable by its owner only, and does not reveal values without the key", async () => {
  await secretVersions(folder, "key", { A: "hunter2" });
  expect((await stat(file())).mode & 0o777).toBe(0o600);
  const one = await readFile(file(), "utf8");
  expect(one).not.toContain("hunter2");
  await rm(file());
  await secretVersions(folder, "another", { A: "hunter2" });
  expect(await readFile(file(), "utf8")).not.toBe(one);
});

test("different values that are written concurrently get different numbers", async () => {
  const asked = Array.from({ length: 8 }, (_, at) =>
    secretVersions(folder, "key", at % 2 ? { A: "1" } : { A: "2", B: "1" }),
  );
  for (const { A, B } of await Promise.all(asked)) expect([A, B]).toEqual([expect.any(Number), B]);
  expect(await secretVersions(folder, "key", { B: "1" })).toEqual({ B: 1 });
  expect(await readdir(folder)).toEqual(["secret-versions.json"]);
});

test("the same value that is written twice concurrently gets one number", async () => {
  const twice = await Promise.all([1, 2].map(() => secretVersions(folder, "key", { A: "new" })));
  expect(twice).toEqual([{ A: 1 }, { A: 1 }]);
});

test("a plan gets the numbers of the next deploy, and writes nothing", async () => {
  await secretVersions(folder, "key", { A: "1" });
  const before = await readFile(file(), "utf8");
  expect(await secretVersions(folder, "key", { A: "2", B: "1" }, false)).toEqual({ A: 2, B: 1 });
  expect(await readFile(file(), "utf8")).toBe(before);
});

test("without secrets nothing is written", async () => {
  expect(await secretVersions(folder, "key", {})).toEqual({});
  await expect(stat(file())).rejects.toMatchObject({ code: "ENOENT" });
});

test.each([
  "no json",
  '{"schemaVersion":2,"secrets":{}}',
  '{"schemaVersion":1,"secrets":{"A":{"version":"1","mac":""}}}',
])("a broken file: %s", async (text) => {
  await writeFile(file(), text);
  await expect(secretVersions(folder, "key", { A: "1" })).rejects.toMatchObject({ code: "STATE_BROKEN" });
});
