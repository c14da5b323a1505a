/** Zips that Lambda accepts, and zips that must be refused. */
// @module-tag check
import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { zip } from "../../framework/zip/writer.ts";
import { smallZip } from "../cloud/aws/small-zip.ts";
import { zipEntries, ZipError } from "../../framework/zip/reader.ts";

const refused = (bytes: Uint8Array): string => {
  try {
    zipEntries(bytes);
  } catch (error) {
    if (error instanceof ZipError) return error.code;
    throw error;
  }
  throw new Error("the zip was taken");
};
const unreadable = "ZIP_UNREADABLE";

describe("zipEntries", () => {
  it("reads stored and deflated files, folders and a comment", async () => {
    const text = Buffer.from("hello ".repeat(100));
    const made = await zip(
      new Map([
        ["index.mjs", text],
        ["lib/a.txt", Buffer.from("a")],
        ["빈.txt", Buffer.alloc(0)],
      ]),
    );
    const commented = Buffer.concat([made.subarray(0, -2), Buffer.from([3, 0]), Buffer.from("hey")]);
    for (const bytes of [made, commented]) {
      const entries = zipEntries(bytes).map(({ path, bytes: content }) => [path, Buffer.from(content).toString()]);
      expect(entries).toEqual([
        ["index.mjs", text.toString()],
        ["lib/a.txt", "a"],
        ["빈.txt", ""],
      ]);
    }
  });

  it("reads the executable flag", () => {
    expect(zipEntries(smallZip({ name: "bootstrap", mode: 0o100755 }))[0]).toMatchObject({
      path: "bootstrap",
      executable: true,
    });
    expect(zipEntries(smallZip({ name: "index.mjs" }))[0]).toMatchObject({ executable: false });
  });

  it.each(["../a", "/a", "a/../../b", "a\\b", "C:a", "./a", "a//b", "a\u0000b", ""])("refuses the path %j", (name) => {
    expect(refused(smallZip({ name }))).toBe(unreadable);
  });

  it.each<[string, Uint8Array]>([
    ["bytes that are no zip", Buffer.from("hello")],
    ["nothing", Buffer.alloc(0)],
    ["a symlink", smallZip({ name: "a", mode: 0o120777 })],
    ["an encrypted file", smallZip({ name: "a", flags: 1 })],
    ["an unknown compression", smallZip({ name: "a", method: 12 })],
    ["a wrong checksum", smallZip({ name: "a", crc: 1 })],
    ["a wrong size", smallZip({ name: "a", size: 2 })],
    ["deflated bytes that are not", smallZip({ name: "a", method: 8, size: 10, data: Buffer.from("zzzz") })],
    ["more than it declares", smallZip({ name: "a", method: 8, size: 10, data: deflateRawSync(Buffer.alloc(1000)) })],
    ["half of a zip", smallZip({ name: "a" }).subarray(20)],
  ])("refuses %s", (_, bytes) => {
    expect(refused(bytes)).toBe(unreadable);
  });

  it("refuses one name twice, and a zip without files", () => {
    expect(refused(smallZip({ name: "a" }, { name: "b" }, { name: "a" }))).toBe(unreadable);
    expect(refused(smallZip())).toBe("ZIP_EMPTY");
    expect(refused(smallZip({ name: "folder/" }))).toBe("ZIP_EMPTY");
  });

  it("refuses more than 250 MB before it unpacks them", () => {
    expect(refused(smallZip({ name: "a", method: 8, size: 262_144_001 }))).toBe("ZIP_TOO_LARGE");
  });
});
