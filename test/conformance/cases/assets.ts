/** Cases: static files. */
import { readFileSync } from "node:fs";
import { type Case, type Story, caseOf, valuesOf } from "../case.ts";

const fixture = caseOf("fixture");
const reference = caseOf("reference");
const own = (path: string): Uint8Array => readFileSync(new URL(`../../../functions/_public/${path}`, import.meta.url));
const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const etagOf = ({ answers }: Story): string => (answers[0] ? valuesOf(answers[0], "etag").join() : "");
const strong = /^"[^"]+"$/;

/** A file asked for once, then again with what its ETag makes of `header`. */
const again = (name: string, header: (etag: string) => readonly [string, string], status: number): Case => ({
  name,
  app: "fixture",
  steps: [
    { ask: { target: "/file.txt" }, expect: { status: 200, headers: { etag: strong } } },
    {
      ask: (story) => ({ target: "/file.txt", headers: [header(etagOf(story))] }),
      expect: (story) =>
        status === 200
          ? { status, body: "a plain text file\n" }
          : { status, body: "", headers: { etag: etagOf(story) } },
    },
  ],
});

const range = (name: string, value: string, bytes: Uint8Array, sent: string): Case =>
  fixture(
    name,
    { target: "/bytes.bin", headers: [["Range", value]] },
    { status: 206, headers: { "content-range": sent, "content-length": String(bytes.length) }, body: bytes },
  );

/** Assets. */
export const assets: readonly Case[] = [
  reference("a stylesheet", "/style.css", {
    status: 200,
    headers: { "content-type": "text/css; charset=utf-8", etag: strong },
    body: own("style.css"),
  }),
  reference("an SVG image", "/portico.svg", {
    status: 200,
    headers: { "content-type": /^image\/svg\+xml/ },
    body: own("portico.svg"),
  }),
  reference("a PNG image", "/icon.png", {
    status: 200,
    headers: { "content-type": "image/png" },
    body: own("icon.png"),
  }),
  fixture("a text file has its charset", "/file.txt", {
    status: 200,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "public, max-age=0, must-revalidate" },
    body: "a plain text file\n",
  }),
  fixture("every byte of a file", "/bytes.bin", {
    status: 200,
    headers: { "content-type": "application/octet-stream", "content-length": "256" },
    body: everyByte,
  }),
  fixture("an empty file", "/empty.txt", { status: 200, body: "" }),
  fixture("a file named in unicode with a space", `/${encodeURIComponent("안녕 세계.txt")}`, {
    status: 200,
    body: "유니코드 이름\n",
  }),
  fixture("a file in folders", "/nested/deep/module.js", {
    status: 200,
    headers: { "content-type": /javascript/ },
    body: "export const answer = 42;\n",
  }),
  fixture("a query does not matter to a file", "/file.txt?v=1", { status: 200, body: "a plain text file\n" }),
  fixture(
    "HEAD of a file",
    { method: "HEAD", target: "/file.txt" },
    {
      status: 200,
      headers: { "content-type": "text/plain; charset=utf-8", etag: strong, "content-length": /^(18)?$/ },
      body: "",
    },
  ),
  fixture("POST to a file", { method: "POST", target: "/file.txt", body: "x" }, { status: 405 }),
  again("the same ETag is 304", (etag) => ["If-None-Match", etag], 304),
  again("a weak ETag is 304 too", (etag) => ["If-None-Match", `W/${etag}`], 304),
  again("one ETag of a list is 304", (etag) => ["If-None-Match", `"other", ${etag}`], 304),
  again("another ETag is the file", () => ["If-None-Match", '"other"'], 200),
  range("the first bytes", "bytes=0-9", everyByte.slice(0, 10), "bytes 0-9/256"),
  range("bytes from the middle", "bytes=100-", everyByte.slice(100), "bytes 100-255/256"),
  range("the last bytes", "bytes=-3", everyByte.slice(-3), "bytes 253-255/256"),
  fixture(
    "a range beyond the end",
    { target: "/bytes.bin", headers: [["Range", "bytes=256-"]] },
    { status: 416, headers: { "content-range": "bytes */256" } },
  ),
  fixture(
    "a range that is none",
    { target: "/bytes.bin", headers: [["Range", "lines=1-2"]] },
    { status: 200, body: everyByte },
  ),
  fixture("a file wins over a param", "/items/fixed.txt", { status: 200, body: "the fixed item\n" }),
  fixture("beside the file the param", "/items/other.txt", {
    status: 200,
    json: { route: "items/[name]", params: { name: "other.txt" } },
  }),
  fixture("a file wins over a rest", "/any/one.txt", { status: 200, body: "the asset\n" }),
  fixture("beside the file the rest", "/any/two.txt", {
    status: 200,
    json: { route: "any/[...rest]", params: { rest: "two.txt" } },
  }),
  fixture("a folder of files below a rest", "/any/box/inside.txt", { status: 200, body: "in the box\n" }),
  fixture("a miss in a folder that belongs to files", "/any/box/none.txt", {
    status: 404,
    json: { error: "Not Found" },
  }),
  fixture("a folder's index.html", "/site/", {
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: "<!doctype html><title>site</title>\n",
  }),
  fixture("a folder without its slash", "/site", { status: [307, 308], headers: { location: "/site/" } }),
  fixture("a folder without an index", "/nested/", { status: 404 }),
  fixture("a file's name is case sensitive", "/FILE.txt", { status: 404 }),
  fixture("a file with a slash behind it", "/file.txt/", { status: 404 }),
  fixture("the folder's own name is not in the path", "/_public/file.txt", { status: 404 }),
  fixture("files beside the folder are not served", "/../index.ts", { status: 404 }),
  fixture("escaped dots do not traverse folders", "/%2e%2e/hosting.json", { status: 404 }),
  fixture("an escaped slash does not traverse folders", "/nested/..%2f..%2f..%2fhosting.json", { status: 404 }),
  fixture("a source file is not served", "/echo.ts", { status: 404 }),
  fixture("a name with a zero byte", "/file.txt%00", { status: [400, 404] }),
];
