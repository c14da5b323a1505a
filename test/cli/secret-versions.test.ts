/** Numbers for secrets: they grow when a value changes, and nothing in them or beside them gives a value away. */
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
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

test("a changed value has the next number, the others keep theirs", async () => {
  expect(await secretVersions(folder, "key", { A: "1", B: "1" })).toEqual({ A: 1, B: 1 });
  expect(await secretVersions(folder, "key", { A: "2", B: "1" })).toEqual({ A: 2, B: 1 });
  expect(await secretVersions(folder, "key", { A: "2" })).toEqual({ A: 2 });
  expect(await secretVersions(folder, "key", { B: "2", A: "2" })).toEqual({ A: 2, B: 2 });
});

test("what is kept is for the owner alone, and says nothing without the key", async () => {
  await secretVersions(folder, "key", { A: "hunter2" });
  expect((await stat(file())).mode & 0o777).toBe(0o600);
  const one = await readFile(file(), "utf8");
  expect(one).not.toContain("hunter2");
  await rm(file());
  await secretVersions(folder, "another", { A: "hunter2" });
  expect(await readFile(file(), "utf8")).not.toBe(one);
});

test("without secrets nothing is written", async () => {
  expect(await secretVersions(folder, "key", {})).toEqual({});
  await expect(stat(file())).rejects.toMatchObject({ code: "ENOENT" });
});

test.each(["no json", '{"schemaVersion":2,"secrets":{}}', '{"schemaVersion":1,"secrets":{"A":{"version":"1","mac":""}}}'])(
  "a broken file: %s",
  async (text) => {
    await writeFile(file(), text);
    await expect(secretVersions(folder, "key", { A: "1" })).rejects.toMatchObject({ code: "STATE_BROKEN" });
  },
);
