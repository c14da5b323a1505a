// @module-tag isolated
/** The zip writer: contents, modes and names as other programs read them, and equal bytes for equal files. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { zipEntries } from "../../framework/zip/reader.ts";
import { zip } from "../../framework/zip/writer.ts";
import { makeFolder } from "../bundler/test-app.ts";

interface Stored {
  readonly bytes: Buffer;
  readonly mode: number;
  readonly flags: number;
}

/** Reads an archive from its end, as APPNOTE 4.3.16 says, and checks every field against both headers. */
function unzip(archive: Buffer): Map<string, Stored> {
  const end = archive.length - 22;
  expect(archive.readUInt32LE(end)).toBe(0x06054b50);
  const files = new Map<string, Stored>();
  let at = archive.readUInt32LE(end + 16);
  expect(at + archive.readUInt32LE(end + 12)).toBe(end);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    expect(archive.readUInt32LE(at)).toBe(0x02014b50);
    const [nameLength, local] = [archive.readUInt16LE(at + 28), archive.readUInt32LE(at + 42)];
    const name = archive.toString("utf8", at + 46, at + 46 + nameLength);
    expect(archive.readUInt32LE(local)).toBe(0x04034b50);
    expect(archive.subarray(local + 4, local + 30)).toEqual(archive.subarray(at + 6, at + 32));
    expect(archive.toString("utf8", local + 30, local + 30 + nameLength)).toBe(name);
    const data = archive.subarray(local + 30 + nameLength, local + 30 + nameLength + archive.readUInt32LE(at + 20));
    const bytes = archive.readUInt16LE(at + 10) === 8 ? inflateRawSync(data) : data;
    expect(bytes.length).toBe(archive.readUInt32LE(at + 24));
    expect(crc32(bytes)).toBe(archive.readUInt32LE(at + 16));
    files.set(name, { bytes, mode: archive.readUInt32LE(at + 38) >>> 16, flags: archive.readUInt16LE(at + 8) });
    at += 46 + nameLength;
  }
  return files;
}

const files = new Map([
  ["index.mjs", Buffer.from("export const a = 1;\n".repeat(200))],
  ["assets/안녕.txt", Buffer.from("안녕하세요")],
  ["empty", new Uint8Array()],
  ["random.bin", Buffer.from(Array.from({ length: 256 }, (_, index) => (index * 7919) % 256))],
]);

describe("zip()", () => {
  it("contains each file's bytes as rw-r--r--, with names in UTF-8", async () => {
    const read = unzip(await zip(files));
    expect([...read.keys()]).toEqual([...files.keys()].toSorted());
    for (const [name, { bytes, mode, flags }] of read) {
      expect(bytes.equals(files.get(name) ?? new Uint8Array()), name).toBe(true);
      expect([mode, flags]).toEqual([0o100644, 0x0800]);
    }
  });

  it("marks executables as rwxr-xr-x", async () => {
    const entries = zipEntries(await zip(files, new Set(["random.bin"])));
    expect(entries.filter(({ executable }) => executable).map(({ path }) => path)).toEqual(["random.bin"]);
    expect(unzip(await zip(files, new Set(["random.bin"]))).get("random.bin")?.mode).toBe(0o100755);
  });

  it("gives the same bytes whatever the order and the time zone", async () => {
    const zone = process.env["TZ"];
    const first = await zip(files);
    process.env["TZ"] = "Asia/Seoul";
    const second = await zip(new Map([...files].toReversed()));
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
    expect(second.equals(first)).toBe(true);
  });

  it("gives an empty archive for no files", async () => {
    expect(unzip(await zip(new Map())).size).toBe(0);
  });

  it("is read by Python's zipfile", { tags: ["check"] }, async () => {
    const path = join(makeFolder({}), "a.zip");
    writeFileSync(path, await zip(files));
    const script =
      "import json,sys,zipfile;z=zipfile.ZipFile(sys.argv[1]);" +
      "print(json.dumps([z.testzip(),[[i.filename,i.date_time,z.read(i).hex()] for i in z.infolist()]]))";
    const [bad, listed] = JSON.parse(execFileSync("python3", ["-c", script, path], { encoding: "utf8" })) as [
      unknown,
      [string, number[], string][],
    ];
    expect(bad).toBeNull();
    expect(listed.map(([name]) => name)).toEqual([...files.keys()].toSorted());
    for (const [name, date, hex] of listed) {
      expect(date).toEqual([1980, 1, 1, 0, 0, 0]);
      expect(hex).toBe(Buffer.from(files.get(name) ?? []).toString("hex"));
    }
  });
});
