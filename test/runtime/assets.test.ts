/** Tests of static files: ETags, conditions, ranges, encodings and the 404 page, as in RFC 9110. */
import { expect, test } from "vitest";
import { type AssetInfo, createAssets, isImmutableAsset } from "../../framework/runtime/assets.ts";
import type { Call, Env } from "../../framework/runtime/handler.ts";

const files: Readonly<Record<string, string>> = {
  "/index.html": "<h1>home</h1>",
  "/docs/index.html": "<h1>docs</h1>",
  "/style.css": "0123456789",
  "/app.3f2a9c1b.css": "hashed",
  "/empty.txt": "",
  "/both": "file",
  "/both/index.html": "folder",
  "/%EC%95%88%20x.txt": "안",
  "/a%2Fb.txt": "slash",
};

const encoder = new TextEncoder();
const types = { html: "text/html; charset=utf-8", css: "text/css; charset=utf-8", txt: "text/plain; charset=utf-8" };
const assets = Object.entries(files).map(([path, text], index): AssetInfo => {
  const extension = path.split(".").at(-1) as keyof typeof types;
  return {
    path,
    file: `public${path}`,
    hash: `${index}`.repeat(64),
    bytes: encoder.encode(text).byteLength,
    type: types[extension] ?? "application/octet-stream",
  };
});
const styleTag = `"${assets[2]!.hash}"`;

const call: Call = {
  env: {} as Env,
  requestId: "r",
  clientAddress: undefined,
  platform: { name: "node" },
  waitUntil: () => {},
};
const reads: string[] = [];
const serve = createAssets(assets, async ({ file }, first, end) => {
  reads.push(`${file.slice("public".length)} ${first}-${end}`);
  return encoder.encode(files[file.slice("public".length)]).subarray(first, end);
});

/** No Request is made of a path by fetch rules alone: `path` is put behind the origin as it is. */
const get = async (path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> =>
  serve(new Request(`http://localhost${path}`, { method, headers }), call);

test.each([
  ["/", 200, "<h1>home</h1>"],
  ["/index.html", 200, "<h1>home</h1>"],
  ["/docs/", 200, "<h1>docs</h1>"],
  ["/docs/index.html", 200, "<h1>docs</h1>"],
  ["/style.css", 200, "0123456789"],
  ["/style.css?v=1", 200, "0123456789"],
  ["/both", 200, "file"],
  ["/both/", 200, "folder"],
  ["/empty.txt", 200, ""],
  ["/%ec%95%88%20x.txt", 200, "안"],
  ["/안 x.txt", 200, "안"],
  ["/st%79le.css", 200, "0123456789"],
  ["/a%2fb.txt", 200, "slash"],
  ["/docs/../style.css", 200, "0123456789"],
  ["/a/b.txt", 404, `{"error":"Not Found"}`],
  ["/style.css/", 404, `{"error":"Not Found"}`],
  ["/STYLE.css", 404, `{"error":"Not Found"}`],
  ["/public/style.css", 404, `{"error":"Not Found"}`],
  ["/..%2fstyle.css", 404, `{"error":"Not Found"}`],
  ["/%2e%2e/%2e%2e/etc/passwd", 404, `{"error":"Not Found"}`],
  ["/style.css%00", 404, `{"error":"Not Found"}`],
  ["//style.css", 404, `{"error":"Not Found"}`],
  ["/__proto__", 404, `{"error":"Not Found"}`],
  ["/style.css%zz", 400, `{"error":"Bad Request"}`],
])("GET %s is %i", async (path, status, body) => {
  const response = await get(path);
  expect([response.status, await response.text()]).toEqual([status, body]);
});

test("a file has its type, its length and a strong tag, and must be revalidated", async () => {
  const response = await get("/style.css");
  expect(Object.fromEntries(response.headers)).toEqual({
    "content-type": "text/css; charset=utf-8",
    "content-length": "10",
    etag: styleTag,
    "cache-control": "public, max-age=0, must-revalidate",
    "accept-ranges": "bytes",
  });
});

test.each([
  ["/app.3f2a9c1b.css", true],
  ["/app-3f2a9c1b.js", true],
  ["/app.3f2a9c1b.min.js", true],
  ["/a/b.0123456789abcdef.woff2", true],
  ["/app.3f2a9c1.css", false],
  ["/report-20261120.pdf", false],
  ["/well.deadbeef.txt", false],
  ["/3f2a9c1b.css", false],
  ["/app.3f2a9c1b/style.css", false],
  ["/app.3F2A9C1B.css", false],
])("%s carries a content hash: %s", (path, hashed) => {
  expect(isImmutableAsset(path)).toBe(hashed);
});

test("a hashed file may be kept for a year", async () => {
  expect((await get("/app.3f2a9c1b.css")).headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
});

test.each([
  ["/docs", "/docs/"],
  ["/docs?a=1&b=%2F", "/docs/?a=1&b=%2F"],
  ["/d%6Fcs?x=//evil.example", "/docs/?x=//evil.example"],
])("a folder without its slash: %s → %s", async (path, location) => {
  const response = await get(path);
  expect([response.status, response.headers.get("location"), response.body]).toEqual([308, location, null]);
});

test.each(["//docs", "//evil.example", "//evil.example/..%2fdocs", "/\\evil.example"])(
  "%s redirects nowhere",
  async (path) => {
    const response = await get(path);
    expect([response.status, response.headers.get("location")]).toEqual([404, null]);
  },
);

test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])(
  "%s is 405 with Allow on a file and on a folder",
  async (method) => {
    for (const path of ["/style.css", "/docs", "/"]) {
      const response = await get(path, {}, method);
      expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    }
    expect((await get("/nothing", {}, method)).status).toBe(404);
  },
);

test("HEAD has GET's headers, no body, and reads nothing", async () => {
  reads.length = 0;
  const [head, full] = [await get("/style.css", {}, "HEAD"), await get("/style.css")];
  expect([...head.headers]).toEqual([...full.headers]);
  expect([head.status, head.body, reads]).toEqual([200, null, ["/style.css 0-10"]]);
});

test.each([
  [styleTag, 304],
  [`W/${styleTag}`, 304],
  [`"other", ${styleTag}`, 304],
  [`"a,b" , W/${styleTag}`, 304],
  ["*", 304],
  [`"other"`, 200],
  [styleTag.slice(1, -1), 200],
  [`"${styleTag}`, 200],
  ["", 200],
])("If-None-Match: %s is %i", async (tag, status) => {
  const response = await get("/style.css", { "if-none-match": tag });
  expect(response.status).toBe(status);
  expect([response.headers.get("etag"), response.headers.get("cache-control")]).toEqual([
    styleTag,
    "public, max-age=0, must-revalidate",
  ]);
  expect(await response.text()).toBe(status === 304 ? "" : "0123456789");
});

test.each([
  [styleTag, 200],
  ["*", 200],
  [`W/${styleTag}`, 412],
  [`"other"`, 412],
])("If-Match: %s is %i", async (tag, status) => {
  expect((await get("/style.css", { "if-match": tag })).status).toBe(status);
});

test.each([
  ["bytes=0-3", "0123", "bytes 0-3/10"],
  ["bytes=3-3", "3", "bytes 3-3/10"],
  ["bytes=7-", "789", "bytes 7-9/10"],
  ["bytes=-2", "89", "bytes 8-9/10"],
  ["bytes=-99", "0123456789", "bytes 0-9/10"],
  ["bytes=5-99999999999999999999", "56789", "bytes 5-9/10"],
  ["Bytes= 1-2 ", "12", "bytes 1-2/10"],
])("Range: %s is 206", async (range, body, contentRange) => {
  const response = await get("/style.css", { range });
  expect([
    response.status,
    response.headers.get("content-range"),
    response.headers.get("content-length"),
    await response.text(),
  ]).toEqual([206, contentRange, String(body.length), body]);
});

test.each(["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999-"])(
  "Range: %s is 416 with the size",
  async (range) => {
    const response = await get("/style.css", { range });
    expect([response.status, response.headers.get("content-range"), await response.text()]).toEqual([
      416,
      "bytes */10",
      "",
    ]);
  },
);

test.each([
  "bytes=4-2",
  "bytes=-",
  "bytes=",
  "bytes=a-b",
  "bytes=0-1,3-4",
  "lines=0-1",
  "0-1",
  "bytes=0-1-2",
  "bytes=0x1-2",
])("Range: %s is ignored", async (range) => {
  const response = await get("/style.css", { range });
  expect([response.status, response.headers.get("content-range"), await response.text()]).toEqual([
    200,
    null,
    "0123456789",
  ]);
});

test("the last bytes of an empty file are the full file; its first byte is 416", async () => {
  expect((await get("/empty.txt", { range: "bytes=-5" })).status).toBe(200);
  expect((await get("/empty.txt", { range: "bytes=0-" })).status).toBe(416);
});

test.each([
  [styleTag, 206],
  [`W/${styleTag}`, 200],
  [`"other"`, 200],
  ["Fri, 20 Nov 2026 00:00:00 GMT", 200],
])("If-Range: %s gives %i", async (tag, status) => {
  expect((await get("/style.css", { range: "bytes=0-1", "if-range": tag })).status).toBe(status);
});

test("Range means nothing for HEAD, and 304 comes before it", async () => {
  expect((await get("/style.css", { range: "bytes=0-1" }, "HEAD")).status).toBe(200);
  expect((await get("/style.css", { range: "bytes=0-1", "if-none-match": styleTag })).status).toBe(304);
});

test("only the requested bytes are read", async () => {
  reads.length = 0;
  await get("/style.css", { range: "bytes=2-3" });
  await get("/style.css", { range: "bytes=-1" });
  await get("/style.css", { range: "bytes=10-" });
  await get("/style.css", { "if-none-match": styleTag });
  expect(reads).toEqual(["/style.css 2-4", "/style.css 9-10"]);
});

test.each([
  ["if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT"],
  ["if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT"],
])("%s is ignored: no file has a date", async (name, value) => {
  const response = await get("/style.css", { [name]: value });
  expect([response.status, response.headers.get("last-modified")]).toEqual([200, null]);
});

const packed: AssetInfo = {
  path: "/packed.txt",
  file: "plain",
  hash: "p",
  bytes: 9,
  type: "text/plain; charset=utf-8",
  headers: { "cache-control": "no-store", "x-own": "1" },
  encodings: [{ encoding: "br", file: "brotli", hash: "b", bytes: 6 }],
};
const page: AssetInfo = {
  path: "/404.html",
  file: "missing",
  hash: "m",
  bytes: 7,
  type: "text/html; charset=utf-8",
  headers: { "x-own": "2" },
};
const site = createAssets([packed, page], async ({ file }, first, end) =>
  encoder.encode(file.padEnd(9, ".")).subarray(first, end),
);
const visit = async (path: string, headers: Record<string, string>, method = "GET"): Promise<Response> =>
  site(new Request(`http://localhost${path}`, { method, headers }), call);

test("an encoding has a type, a length and a tag; the file's own headers stay", async () => {
  const response = await visit("/packed.txt", { "accept-encoding": "br" });
  expect(Object.fromEntries(response.headers)).toEqual({
    "accept-ranges": "bytes",
    "cache-control": "no-store",
    "content-encoding": "br",
    "content-length": "6",
    "content-type": "text/plain; charset=utf-8",
    etag: '"b"',
    vary: "accept-encoding",
    "x-own": "1",
  });
  expect(await response.text()).toBe("brotli");
});

test.each([
  [{}, 200, "plain...."],
  [{ range: "bytes=0-4", "accept-encoding": "br" }, 206, "plain"],
  [{ "accept-encoding": "br", "if-none-match": '"p"' }, 200, "brotli"],
  [{ "accept-encoding": "br", "if-none-match": '"b"' }, 304, ""],
  [{ "if-none-match": '"b"' }, 200, "plain...."],
  [{ "accept-encoding": "br", "if-match": '"p"' }, 412, ""],
])("with %o: %i", async (headers, status, text) => {
  const response = await visit("/packed.txt", headers);
  expect([response.status, await response.text(), response.headers.get("vary")]).toEqual([
    status,
    text,
    "accept-encoding",
  ]);
});

test("clients that accept HTML get the 404 page, with Vary for caches", async () => {
  const html = await visit("/none", { accept: "text/html", "if-none-match": "*", range: "bytes=0-1" });
  expect([
    html.status,
    await html.text(),
    html.headers.get("vary"),
    html.headers.get("etag"),
    html.headers.get("x-own"),
  ]).toEqual([404, "missing", "accept", null, "2"]);
  const head = await visit("/none", { accept: "text/html" }, "HEAD");
  expect([head.status, head.body, head.headers.get("content-length")]).toEqual([404, null, "7"]);
  for (const other of [await visit("/none", {}), await visit("/none", { accept: "text/html" }, "POST")])
    expect([other.status, await other.text(), other.headers.get("vary")]).toEqual([
      404,
      `{"error":"Not Found"}`,
      "accept",
    ]);
  expect((await get("/nothing", { accept: "text/html" })).headers.get("vary")).toBe(null);
});
