/** The rollback journal: kept until the rollback ends, for ten minutes at most, and never a cause of failure. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { createRollbackJournal } from "../../deploy/rollback-journal.ts";

const step = { from: 3, to: 2, last: 3 };
let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-journal-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  file = join(folder, "rollbacks", "one.json");
});

test("is read until it has ended, by another process too", async () => {
  const journal = createRollbackJournal(file, () => 1000);
  expect(await journal.read()).toBeUndefined();
  await journal.clear();
  await journal.record(step);
  expect(await createRollbackJournal(file, () => 2000).read()).toEqual({ schemaVersion: 1, ...step, time: 1000 });
  await journal.clear();
  expect([await journal.read(), await readdir(join(folder, "rollbacks"))]).toEqual([undefined, []]);
});

test("is forgotten after ten minutes", async () => {
  await createRollbackJournal(file, () => 0).record(step);
  expect(await createRollbackJournal(file, () => 599_999).read()).toMatchObject(step);
  expect(await createRollbackJournal(file, () => 600_000).read()).toBeUndefined();
});

test.each([
  "",
  "{",
  "null",
  "[]",
  JSON.stringify({ schemaVersion: 2, ...step, time: 0 }),
  JSON.stringify({ schemaVersion: 1, to: 2 }),
])("a file that says %j says nothing", async (text) => {
  await mkdir(join(folder, "rollbacks"));
  await writeFile(file, text);
  expect(await createRollbackJournal(file, () => 1).read()).toBeUndefined();
});

test("a folder that cannot be written to is no reason to fail", async () => {
  // Nobody may make a folder there, not even root.
  const journal = createRollbackJournal("/sys/portico-journal/one.json", () => 0);
  await journal.record(step);
  expect(await journal.read()).toBeUndefined();
});
