import { mkdir, mkdtemp, rename, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Watch, watchTree } from "../../framework/local/watch.ts";

let root: string;
let watch: Watch;
let seen: string[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "portico-watch-"));
  seen = [];
  await mkdir(join(root, "a/b"), { recursive: true });
  await mkdir(join(root, "node_modules/x"), { recursive: true });
  await writeFile(join(root, "a/one.ts"), "1");
  await writeFile(join(root, "a/b/two.ts"), "2");
  watch = await watchTree(
    root,
    async (changes) => {
      for (const kind of ["changed", "appeared", "vanished"] as const)
        for (const path of changes[kind]) seen.push(`${kind} ${relative(root, path)}`);
      // Slow on purpose: what happens meanwhile must come in the next batch.
      await new Promise((next) => setTimeout(next, 20));
    },
    (error) => {
      throw error;
    },
  );
});
afterEach(async () => {
  watch.close();
  await rm(root, { recursive: true });
});

it("also watches a folder elsewhere, without those in it", async () => {
  const other = await mkdtemp(join(tmpdir(), "portico-other-"));
  try {
    await mkdir(join(other, "inner"));
    await writeFile(join(other, "shared.ts"), "1");
    watch.also(other);
    watch.also(other);
    await writeFile(join(other, "inner/x.ts"), "1");
    await writeFile(join(other, "shared.ts"), "2");
    const shared = relative(root, join(other, "shared.ts"));
    await until(() => seen.includes(`changed ${shared}`));
    await rename(join(other, "shared.ts"), join(other, "gone.ts"));
    await until(() => seen.includes(`vanished ${shared}`));
    expect(seen.filter((line) => line.includes("inner"))).toEqual([]);
  } finally {
    await rm(other, { recursive: true });
  }
});

async function until(done: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !done(); tries++) await new Promise((next) => setTimeout(next, 10));
  expect(done(), seen.join("\n")).toBe(true);
}

it("reports a write, a new file and a removed one, at any depth", async () => {
  await writeFile(join(root, "a/b/two.ts"), "22");
  await until(() => seen.includes("changed a/b/two.ts"));
  await writeFile(join(root, "a/b/three.ts"), "3");
  await until(() => seen.includes("appeared a/b/three.ts"));
  await unlink(join(root, "a/one.ts"));
  await until(() => seen.includes("vanished a/one.ts"));
});

it("watches a folder that tools write to, since static files or routes may be in it", async () => {
  await mkdir(join(root, "dist"));
  await mkdir(join(root, "a/coverage"));
  await writeFile(join(root, "dist/page.html"), "1");
  await writeFile(join(root, "a/coverage/index.ts"), "1");
  await until(() => seen.includes("appeared dist/page.html") && seen.includes("appeared a/coverage/index.ts"));
});

it("goes on seeing a file that is replaced by rename, as editors save", async () => {
  for (let save = 1; save <= 5; save++) {
    const before = seen.length;
    await writeFile(join(root, "a/one.ts.tmp"), `save ${save}`);
    await rename(join(root, "a/one.ts.tmp"), join(root, "a/one.ts"));
    await until(() => seen.slice(before).includes("changed a/one.ts"));
  }
});

it("sees that a file went or came right after it was written", async () => {
  for (let round = 0; round < 10; round++) {
    seen.length = 0;
    await writeFile(join(root, "a/one.ts"), "11");
    await unlink(join(root, "a/one.ts"));
    await until(() => seen.includes("vanished a/one.ts"));
    await writeFile(join(root, "a/one.ts"), "");
    await writeFile(join(root, "a/b/two.ts"), "22");
    await until(() => seen.includes("appeared a/one.ts") && seen.includes("changed a/b/two.ts"));
  }
});

it("never misses the last of many quick writes", async () => {
  for (let round = 0; round < 10; round++) {
    await writeFile(join(root, "a/one.ts"), "x");
    await until(() => seen.at(-1) === "changed a/one.ts");
    seen.length = 0;
    await writeFile(join(root, "a/one.ts"), "y");
    await until(() => seen.includes("changed a/one.ts"));
    seen.length = 0;
    await new Promise((next) => setTimeout(next, 30));
    seen.length = 0;
  }
});

it("follows new folders with what is in them already, and reports all of a removed one", async () => {
  await mkdir(join(root, "c/d/e"), { recursive: true });
  await writeFile(join(root, "c/d/e/deep.ts"), "1");
  await until(() => seen.includes("appeared c/d/e/deep.ts"));
  await writeFile(join(root, "c/d/e/deep.ts"), "2");
  await until(() => seen.includes("changed c/d/e/deep.ts"));
  await rm(join(root, "c"), { recursive: true });
  await until(() => seen.includes("vanished c/d/e/deep.ts"));
});

it("takes no notice of node_modules, and none of anything after close", async () => {
  await writeFile(join(root, "node_modules/x/index.js"), "1");
  await writeFile(join(root, "a/one.ts"), "last");
  await until(() => seen.includes("changed a/one.ts"));
  expect(seen.filter((line) => line.includes("node_modules"))).toEqual([]);
  watch.close();
  seen.length = 0;
  await writeFile(join(root, "a/one.ts"), "after");
  await new Promise((next) => setTimeout(next, 100));
  expect(seen).toEqual([]);
});
