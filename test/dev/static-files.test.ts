/** Static files in development: served from their current content, and read only when and as far as needed. */
// @module-tag isolated
import { mkdir, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFileHashes } from "../../framework/dev/file-hashes.ts";
import { type Running, run } from "./gateway-app.ts";

const text = "the same line again and again\n".repeat(20);
const size = 64 * 1024 ** 2;
let app: Running;
beforeAll(async () => {
  app = await run({
    "functions/index.ts": `export const GET = () => new Response("home");`,
    "functions/_public/a.txt": "0123456789",
    "functions/_public/packed.txt": text,
    "functions/_public/404.html": "<title>mine</title>",
  });
  await writeFile(join(app.root, "functions/_public/packed.txt.br"), brotliCompressSync(text));
  await writeFile(join(app.root, "functions/_public/large.bin"), "");
  await truncate(join(app.root, "functions/_public/large.bin"), size);
  await app.refresh();
});
afterAll(() => app[Symbol.asyncDispose]());

/** Bytes that this process has read so far; undefined on systems other than Linux. */
const bytesRead = async (): Promise<number | undefined> =>
  process.platform === "linux" ? Number(/^rchar: (\d+)/.exec(await readFile("/proc/self/io", "utf8"))?.[1]) : undefined;

test("a large file is not read again for HEAD, 304 or a range", async () => {
  const { headers } = await app.get("/large.bin", { method: "HEAD" });
  const before = await bytesRead();
  expect(await app.get("/large.bin", { method: "HEAD" })).toMatchObject({
    status: 200,
    headers: { "content-length": String(size) },
  });
  expect(await app.get("/large.bin", { headers: { "if-none-match": String(headers["etag"]) } })).toMatchObject({
    status: 304,
  });
  expect(await app.get("/large.bin", { headers: { range: `bytes=${size - 3}-` } })).toMatchObject({
    status: 206,
    text: "\0\0\0",
  });
  expect(((await bytesRead()) ?? 0) - (before ?? 0)).toBeLessThan(2 * 1024 ** 2);
});

test("an edited file is served at once without a refresh, and its stale compressed file is not used", async () => {
  const fetchPacked = () => app.get("/packed.txt", { headers: { "accept-encoding": "br" } });
  const first = await fetchPacked();
  expect(first.headers).toMatchObject({ "content-encoding": "br", vary: "accept-encoding" });
  await writeFile(join(app.root, "functions/_public/packed.txt"), text.toUpperCase());
  const edited = await fetchPacked();
  expect([edited.text, edited.headers["content-encoding"]]).toEqual([text.toUpperCase(), undefined]);
  expect(edited.headers["etag"]).not.toBe(first.headers["etag"]);
  await writeFile(join(app.root, "functions/_public/packed.txt"), text);
  await writeFile(join(app.root, "functions/_public/packed.txt.br"), "broken");
  expect(await fetchPacked()).toMatchObject({ status: 200, text });
});

test("a deleted file is answered with the app's own 404 page", async () => {
  await rm(join(app.root, "functions/_public/a.txt"));
  expect(await app.get("/a.txt", { headers: { accept: "text/html" } })).toMatchObject({
    status: 404,
    text: "<title>mine</title>",
  });
  expect(await app.get("/a.txt")).toMatchObject({ status: 404, text: `{"error":"Not Found"}` });
  await rm(join(app.root, "functions/_public/404.html"));
  expect((await app.get("/a.txt", { headers: { accept: "text/html" } })).text).toContain("Nothing is served at /a.txt");
  expect(app.errors).toEqual([]);
});

test("a file's hash is remembered until it changes, even where size and time stay", async () => {
  const hashOf = createFileHashes();
  const file = join(app.root, "hashed.txt");
  await mkdir(app.root, { recursive: true });
  await writeFile(file, "one");
  const first = await hashOf(file);
  expect(first).toMatchObject({ bytes: 3, hash: "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed" });
  expect(await hashOf(file)).toBe(first);
  await writeFile(file, "two");
  await utimes(file, 0, 0);
  expect((await hashOf(file)).hash).not.toBe(first.hash);
  await rm(file);
  await expect(hashOf(file)).rejects.toMatchObject({ code: "ENOENT" });
});
