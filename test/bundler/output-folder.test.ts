/** Atomic replacement of a build's output folder. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { replaceFolder } from "../../framework/bundler/output-folder.ts";
import { makeFolder, readTree } from "./test-app.ts";

const toFiles = (texts: Readonly<Record<string, string>>) =>
  new Map(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)]));
const readTexts = (folder: string) =>
  Object.fromEntries(Object.entries(readTree(folder)).map(([name, bytes]) => [name, bytes.toString()]));

describe("replaceFolder()", () => {
  it("contains exactly the given files, whatever was there before", async () => {
    const root = makeFolder({});
    const out = join(root, "a/out");
    for (const texts of [
      { "x.txt": "1", "in/y.txt": "2", "in/z.txt": "3" },
      { "x.txt": "1", "in/y.txt": "4" },
      { "x.txt/now": "a folder", in: "a file" },
    ]) {
      await replaceFolder(out, toFiles(texts));
      expect(readTexts(out)).toEqual(texts);
      expect(readdirSync(join(root, "a"))).toEqual(["out"]);
    }
  });

  it("links an old file only if its bytes are equal, not only its size", async () => {
    const out = join(makeFolder({}), "out");
    await replaceFolder(out, toFiles({ same: "abc", other: "abc" }));
    const before = [statSync(join(out, "same")).ino, statSync(join(out, "other")).ino];
    await replaceFolder(out, toFiles({ same: "abc", other: "abd" }));
    expect(statSync(join(out, "same")).ino).toBe(before[0]);
    expect(readFileSync(join(out, "other"), "utf8")).toBe("abd");
    expect(statSync(join(out, "same")).nlink).toBe(1);
  });

  it("leaves one complete build when processes write the same folder at once", async () => {
    const out = join(makeFolder({}), "a/out");
    const module = JSON.stringify(join(import.meta.dirname, "../../framework/bundler/output-folder.ts"));
    const script = (word: string): string =>
      `import { replaceFolder } from ${module};
      for (let at = 0; at < 60; at++) await replaceFolder(${JSON.stringify(out)}, new Map([["a", ` +
      `Buffer.from("${word}")], ["b", Buffer.from("${word}")]]));`;
    const ends = ["one", "two", "six"].map((word) =>
      once(spawn(process.execPath, ["--input-type=module", "-e", script(word)]), "close"),
    );
    expect(await Promise.all(ends)).toEqual([
      [0, null],
      [0, null],
      [0, null],
    ]);
    const { a, b } = readTexts(out);
    expect(a).toBe(b);
    expect(readdirSync(join(out, ".."))).toEqual(["out"]);
  });

  it("neither links a symbolic link nor writes through one", async () => {
    const root = makeFolder({ mine: "abc" });
    const out = join(root, "out");
    mkdirSync(out);
    symlinkSync(join(root, "mine"), join(out, "x"));
    linkSync(join(root, "mine"), join(out, "y"));
    await replaceFolder(out, toFiles({ x: "abc", y: "new" }));
    expect(readTexts(out)).toEqual({ x: "abc", y: "new" });
    writeFileSync(join(out, "x"), "edited");
    expect(readFileSync(join(root, "mine"), "utf8")).toBe("abc");
  });

  it("keeps the old folder and no temporary files after a failure", async () => {
    const root = makeFolder({});
    const out = join(root, "out");
    await replaceFolder(out, toFiles({ a: "old" }));
    const name = "n".repeat(300);
    await expect(replaceFolder(out, toFiles({ a: "new", [name]: "too long a name" }))).rejects.toMatchObject({
      code: "ENAMETOOLONG",
    });
    expect(readTexts(out)).toEqual({ a: "old" });
    expect(readdirSync(root).toSorted()).toEqual(["node_modules", "out"]);
  });

  it.skipIf(process.getuid?.() === 0)("says which folder cannot be written", async () => {
    const root = makeFolder({ "kept/x": "" });
    chmodSync(join(root, "kept"), 0o500);
    await expect(replaceFolder(join(root, "kept/out"), toFiles({ a: "1" }))).rejects.toMatchObject({ code: "OUTPUT" });
    chmodSync(join(root, "kept"), 0o700);
    expect(existsSync(join(root, "kept/out"))).toBe(false);
  });
});
