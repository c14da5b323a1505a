/** Watched folders: every change of a file is reported, and none after the watch was closed. */
import { mkdir, mkdtemp, rename, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type FileWatcher, watchFiles } from "../../framework/dev/file-watcher.ts";
import { until as waitUntil } from "../until.ts";

let root: string;
let watcher: FileWatcher;
let reported: string[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "portico-watch-"));
  reported = [];
  await mkdir(join(root, "a/b"), { recursive: true });
  await mkdir(join(root, "node_modules/x"), { recursive: true });
  await writeFile(join(root, "a/one.ts"), "1");
  await writeFile(join(root, "a/b/two.ts"), "2");
  watcher = await watchFiles(
    root,
    async (changes) => {
      for (const kind of ["changed", "appeared", "vanished"] as const)
        for (const path of changes[kind]) reported.push(`${kind} ${relative(root, path)}`);
      // Slow on purpose: changes during this time must come in the next batch.
      await new Promise((next) => setTimeout(next, 20));
    },
    (error) => {
      throw error;
    },
  );
});
afterEach(async () => {
  watcher.close();
  await rm(root, { recursive: true });
});

it("watches a folder elsewhere without its subfolders", async () => {
  const other = await mkdtemp(join(tmpdir(), "portico-other-"));
  try {
    await mkdir(join(other, "inner"));
    await writeFile(join(other, "shared.ts"), "1");
    watcher.addFolder(other);
    watcher.addFolder(other);
    await writeFile(join(other, "inner/x.ts"), "1");
    await writeFile(join(other, "shared.ts"), "2");
    const shared = relative(root, join(other, "shared.ts"));
    await until(() => reported.includes(`changed ${shared}`));
    await rename(join(other, "shared.ts"), join(other, "gone.ts"));
    await until(() => reported.includes(`vanished ${shared}`));
    expect(reported.filter((line) => line.includes("inner"))).toEqual([]);
  } finally {
    await rm(other, { recursive: true });
  }
});

const until = (done: () => boolean): Promise<void> =>
  waitUntil(done, () => `${done.toString()}; reported:\n${reported.join("\n")}`);

it("reports changed, new and removed files at any depth", async () => {
  await writeFile(join(root, "a/b/two.ts"), "22");
  await until(() => reported.includes("changed a/b/two.ts"));
  await writeFile(join(root, "a/b/three.ts"), "3");
  await until(() => reported.includes("appeared a/b/three.ts"));
  await unlink(join(root, "a/one.ts"));
  await until(() => reported.includes("vanished a/one.ts"));
});

it("watches folders that tools write to, since static files or routes may be in them", async () => {
  await mkdir(join(root, "dist"));
  await mkdir(join(root, "a/coverage"));
  await writeFile(join(root, "dist/page.html"), "1");
  await writeFile(join(root, "a/coverage/index.ts"), "1");
  await until(() => reported.includes("appeared dist/page.html") && reported.includes("appeared a/coverage/index.ts"));
});

it("reports each replacement of a file by rename, as editors save", async () => {
  for (let save = 1; save <= 5; save++) {
    const before = reported.length;
    await writeFile(join(root, "a/one.ts.tmp"), `save ${save}`);
    await rename(join(root, "a/one.ts.tmp"), join(root, "a/one.ts"));
    await until(() => reported.slice(before).includes("changed a/one.ts"));
  }
});

it("reports a file that is removed or created right after a write", async () => {
  for (let round = 0; round < 10; round++) {
    reported.length = 0;
    await writeFile(join(root, "a/one.ts"), "11");
    await unlink(join(root, "a/one.ts"));
    await until(() => reported.includes("vanished a/one.ts"));
    await writeFile(join(root, "a/one.ts"), "");
    await writeFile(join(root, "a/b/two.ts"), "22");
    await until(() => reported.includes("appeared a/one.ts") && reported.includes("changed a/b/two.ts"));
  }
});

it("reports the last of many quick writes", async () => {
  for (let round = 0; round < 10; round++) {
    await writeFile(join(root, "a/one.ts"), "x");
    await until(() => reported.at(-1) === "changed a/one.ts");
    reported.length = 0;
    await writeFile(join(root, "a/one.ts"), "y");
    await until(() => reported.includes("changed a/one.ts"));
    reported.length = 0;
    await new Promise((next) => setTimeout(next, 30));
    reported.length = 0;
  }
});

it("reports the files of new and of removed folders", async () => {
  await mkdir(join(root, "c/d/e"), { recursive: true });
  await writeFile(join(root, "c/d/e/deep.ts"), "1");
  await until(() => reported.includes("appeared c/d/e/deep.ts"));
  await writeFile(join(root, "c/d/e/deep.ts"), "2");
  await until(() => reported.includes("changed c/d/e/deep.ts"));
  await rm(join(root, "c"), { recursive: true });
  await until(() => reported.includes("vanished c/d/e/deep.ts"));
});

it("ignores node_modules, and reports nothing after close", async () => {
  await writeFile(join(root, "node_modules/x/index.js"), "1");
  await writeFile(join(root, "a/one.ts"), "last");
  await until(() => reported.includes("changed a/one.ts"));
  expect(reported.filter((line) => line.includes("node_modules"))).toEqual([]);
  watcher.close();
  reported.length = 0;
  const other = Promise.withResolvers<void>();
  const open = await watchFiles(root, async () => other.resolve(), other.reject);
  await writeFile(join(root, "a/one.ts"), "after");
  await other.promise;
  open.close();
  expect(reported).toEqual([]);
});
