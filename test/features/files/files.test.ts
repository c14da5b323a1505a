/** Tests of `portico/files` on Node's engine: its folder, its limits and kills. test/conformance has its promises. */
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it, onTestFinished } from "vitest";
import { type FileBody, files, type PutOptions } from "../../../framework/features/files/node.ts";
import { createCall } from "../../../framework/node/testing.ts";
import type { Call } from "../../../framework/runtime/handler.ts";

function inFolder(): { readonly call: Call; readonly data: string; readonly folder: string } {
  const root = mkdtempSync(join(tmpdir(), "portico-files-test-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const data = join(root, "deep", "data");
  return { call: createCall({ platform: { name: "node", data } }), data, folder: join(data, "files") };
}

const contentsOf = (folder: string): string[] => readdirSync(folder).filter((name) => !name.startsWith("index."));

const textOf = async (body: ReadableStream<Uint8Array> | null): Promise<string> => new Response(body).text();

it("keeps files for another process, readable by this user alone, without a word of theirs in names", async () => {
  const { call, folder } = inFolder();
  const uploads = files(call, "uploads");
  await uploads.put("a/b.txt", "one", { type: "text/plain" });
  await uploads.put("a/b.txt", "안녕", { type: "text/html" });
  await uploads.put("a", new Blob(["c"], { type: "text/html" }), { type: "image/png" });
  expect(contentsOf(folder)).toHaveLength(2);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const other = new DatabaseSync(join(folder, "index.sqlite"));
  expect(other.prepare("SELECT n, k, s, t FROM file").all()).toEqual([
    { n: "uploads", k: "a", s: 1, t: "image/png" },
    { n: "uploads", k: "a/b.txt", s: 6, t: "text/html" },
  ]);
  other.close();
  await uploads.delete("a");
  expect(contentsOf(folder)).toHaveLength(1);
});

it("a body that fails, or has another size than was said, changes nothing and leaves nothing", async () => {
  const { call, folder } = inFolder();
  const uploads = files(call, "uploads");
  await uploads.put("k", "before");
  const failing = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (contentsOf(folder).length < 2) controller.enqueue(new Uint8Array(70_000));
      else controller.error(new Error("cut off"));
    },
  });
  await expect(uploads.put("k", failing, { size: 200_000 })).rejects.toThrow("cut off");
  const sent = (): ReadableStream<Uint8Array> => new Blob(["12345"]).stream();
  await expect(uploads.put("k", sent(), { size: 4 })).rejects.toMatchObject({ code: "FILE_SIZE" });
  await expect(uploads.put("k", sent(), { size: 6 })).rejects.toMatchObject({ code: "FILE_SIZE" });
  expect(await textOf((await uploads.get("k"))!.body)).toBe("before");
  expect(contentsOf(folder)).toHaveLength(1);
  await uploads.put("k", sent(), { size: 5 });
  expect(await textOf((await uploads.get("k"))!.body)).toBe("12345");
});

it("a file that is replaced or deleted while it is read is read to its end", async () => {
  const { call, folder } = inFolder();
  const uploads = files(call, "uploads");
  const size = 300_000;
  await uploads.put("k", new Uint8Array(size).fill(1));
  const [first, second] = [await uploads.get("k"), await uploads.get("k")];
  await uploads.put("k", "new");
  await uploads.delete("k");
  for (const found of [first, second])
    expect(await new Response(found!.body).bytes()).toEqual(new Uint8Array(size).fill(1));
  expect(contentsOf(folder)).toEqual([]);
});

it("what a killed process left is removed by a later one, but not what another one writes now", async () => {
  const { call, folder, data } = inFolder();
  await files(call, "uploads").put("k", "kept");
  const names = [crypto.randomUUID(), crypto.randomUUID()];
  for (const name of names) writeFileSync(join(folder, name), "half");
  const hoursAgo = Date.now() / 1000 - 7200;
  for (const name of [names[0]!, ...contentsOf(folder).filter((one) => !names.some((name) => name === one))])
    utimesSync(join(folder, name), hoursAgo, hoursAgo);
  // The same folder under another name is opened anew.
  const again = createCall({ platform: { name: "node", data: `${data}/../data` } });
  expect(await textOf((await files(again, "uploads").get("k"))!.body)).toBe("kept");
  expect(contentsOf(folder)).toContain(names[1]);
  expect(contentsOf(folder)).not.toContain(names[0]);
});

it("a folder of a newer Portico, and a server without one, are refused", async () => {
  const { call, folder, data } = inFolder();
  await files(call, "uploads").put("k", "v");
  const index = new DatabaseSync(join(folder, "index.sqlite"));
  index.exec("PRAGMA user_version=9");
  index.close();
  const again = createCall({ platform: { name: "node", data: `${data}/../data` } });
  expect(() => files(again, "uploads")).toThrow(expect.objectContaining({ code: "FILE_SCHEMA" }) as Error);
  const without = createCall({ platform: { name: "node" } });
  expect(() => files(without, "uploads")).toThrow(expect.objectContaining({ code: "FILE_MISSING" }) as Error);
});

it("has files of its own in a test, which end with the process", async () => {
  const uploads = files(createCall(), "uploads");
  const stored = await uploads.put("k", new Uint16Array([1, 2]));
  expect(stored).toMatchObject({ key: "k", size: 4, type: "application/octet-stream" });
  const found = await uploads.get("k");
  expect(found).toMatchObject({ size: 4, etag: stored.etag, status: 200 });
  await found?.body?.cancel();
});

it.each([
  ["a stream beyond 10 MB without its size", new Blob([new Uint8Array(10_485_761)]).stream(), {}],
  ["a size that is no number", new Blob(["a"]).stream(), { size: Number.NaN }],
  ["more than 5 GB", new Blob(["a"]).stream(), { size: 6 * 1024 ** 3 }],
] satisfies [string, FileBody, PutOptions][])("refuses %s", async (_, body, options) => {
  await expect(files(createCall(), "a").put("k", body, options)).rejects.toMatchObject({ code: "FILE_SIZE" });
});
