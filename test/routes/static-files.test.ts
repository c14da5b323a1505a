/** Discovery of static files: paths, hashes, types, precompressed files and rejected folders. */
import { createHash } from "node:crypto";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { discoverAssets } from "../../framework/routes/static-files.ts";
import { contentType } from "../../framework/routes/content-type.ts";
import { canonicalPath } from "../../framework/runtime/path.ts";
import { appFolder } from "./app-folder.ts";

test("files have a canonical path, hash, size and type, and are sorted", async () => {
  const root = appFolder({
    "functions/_public/style.css": "a{}",
    "functions/_public/img/나 비.png": "png",
    "functions/_public/100% #?.txt": "",
    "functions/_public/.well-known/security.txt": "x",
    "functions/_public/.env": "SECRET=1",
    "functions/_public/.git/config": "x",
    "functions/_public/_a.js": "",
    "functions/index.ts": "",
  });
  const assets = await discoverAssets(root, "functions/_public/");
  expect(assets.map(({ path }) => path)).toEqual([
    "/.well-known/security.txt",
    "/100%25%20%23%3F.txt",
    "/_a.js",
    "/img/%EB%82%98%20%EB%B9%84.png",
    "/style.css",
  ]);
  for (const { path } of assets) expect(canonicalPath(path)).toBe(path);
  const hash = createHash("sha256").update("a{}").digest("hex");
  expect(assets.at(-1)).toEqual({
    path: "/style.css",
    file: "functions/_public/style.css",
    hash,
    bytes: 3,
    type: "text/css; charset=utf-8",
  });
});

test("a decomposed name is composed in the URL only; two names for one path are an error", async () => {
  const [nfc, nfd] = ["안녕.txt".normalize("NFC"), "안녕.txt".normalize("NFD")];
  expect(await discoverAssets(appFolder({ [`public/${nfd}`]: "" }), "./public")).toMatchObject([
    { path: `/${encodeURIComponent(nfc)}`, file: `public/${nfd}` },
  ]);
  await expect(discoverAssets(appFolder({ [`public/${nfd}`]: "", [`public/${nfc}`]: "" }), "public")).rejects.toThrow(
    expect.objectContaining({ code: "ASSET_CONFLICT" }),
  );
});

test("a missing folder has no static files", async () => {
  expect(await discoverAssets(appFolder({}), "functions/_public")).toEqual([]);
});

test("links that leave the folder or lead to hidden files are skipped", async () => {
  const outside = appFolder({ "secret.txt": "" });
  const root = appFolder({
    "shared/b.txt": "",
    "hosting.json": "",
    "public-secret/x.txt": "",
    "public/a.txt": "",
    "public/in/b.txt": "",
    "public/.env": "",
    "public/.git/config": "",
    "public/.well-known/w.txt": "",
  });
  const links = {
    out: outside,
    "secret.txt": join(outside, "secret.txt"),
    shared: "../shared",
    "settings.txt": "../hosting.json",
    sibling: "../public-secret",
    root: "..",
    "env.txt": ".env",
    git: ".git",
    loop: "loop",
    self: ".",
    gone: "nothing",
    folder: "in",
    "linked.txt": "in/b.txt",
    "known.txt": ".well-known/w.txt",
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(root, "public", name));
  expect((await discoverAssets(root, "public")).map(({ path }) => path)).toEqual([
    "/.well-known/w.txt",
    "/a.txt",
    "/folder/b.txt",
    "/in/b.txt",
    "/known.txt",
    "/linked.txt",
  ]);
});

test("a precompressed file belongs to its original if it contains the same bytes and is smaller", async () => {
  const text = "again and again ".repeat(50);
  const root = appFolder({
    "public/a.txt": text,
    "public/b.txt": text,
    "public/c.txt": "c",
    "public/d.txt": text,
    "public/alone.txt.gz": "x",
    "public/d.txt.gz": "no gzip at all",
  });
  const put = (name: string, bytes: Uint8Array): void => writeFileSync(join(root, "public", name), bytes);
  put("a.txt.br", brotliCompressSync(text));
  put("a.txt.gz", gzipSync(text));
  put("b.txt.gz", gzipSync("what it was before"));
  put("c.txt.gz", gzipSync("c"));
  const warnings: string[] = [];
  const assets = await discoverAssets(root, "public", { warn: (line) => void warnings.push(line) });
  expect(assets.filter(({ encodings }) => encodings).map(({ path, encodings }) => [path, encodings])).toEqual([
    [
      "/a.txt",
      ["br", "gzip"].map((encoding) => {
        const file = `public/a.txt.${encoding === "br" ? "br" : "gz"}`;
        const content = readFileSync(join(root, file));
        return { encoding, file, bytes: content.length, hash: createHash("sha256").update(content).digest("hex") };
      }),
    ],
  ]);
  expect(assets).toHaveLength(10);
  expect(warnings.map((line) => line.slice(0, line.indexOf(",")))).toEqual([
    "public/b.txt.gz is not a compressed copy of public/b.txt",
    "public/d.txt.gz is not a compressed copy of public/d.txt",
  ]);
});

test("headers of hosting.json apply by path: the last wins, and names are in lower case", async () => {
  const root = appFolder({ "public/fonts/안.woff2": "", "public/fonts/b.css": "", "public/index.html": "" });
  const headers = [
    { pattern: "/*", headers: { "X-All": "1", "Cache-Control": "no-cache" } },
    { pattern: "/fonts/*", headers: { "cache-control": "max-age=60" } },
    { pattern: "/fonts/안.woff2", headers: { "x-one": "2" } },
    { pattern: "/fonts", headers: { "x-none": "3" } },
  ];
  expect((await discoverAssets(root, "public", { headers })).map(({ path, headers: own }) => [path, own])).toEqual([
    ["/fonts/%EC%95%88.woff2", { "x-all": "1", "cache-control": "max-age=60", "x-one": "2" }],
    ["/fonts/b.css", { "x-all": "1", "cache-control": "max-age=60" }],
    ["/index.html", { "x-all": "1", "cache-control": "no-cache" }],
  ]);
});

test("the app's root can be the folder", async () => {
  expect((await discoverAssets(appFolder({ "index.html": "", "a/b.html": "" }), ".")).map(({ file }) => file)).toEqual([
    "a/b.html",
    "index.html",
  ]);
});

test.each([".", "./", "", "functions", "functions/", "./functions/.", "link", "functions/_link"])(
  "%j is refused where it would serve functions/",
  async (folder) => {
    const root = appFolder({ "functions/index.ts": "", "functions/_public/a.txt": "", "public/b.txt": "" });
    symlinkSync(".", join(root, "link"));
    symlinkSync("../functions", join(root, "functions/_link"));
    const fix = expect.stringContaining(`"assets": "functions/_public"`) as string;
    await expect(discoverAssets(root, folder)).rejects.toMatchObject({
      code: "ASSETS_FOLDER",
      fix,
      at: [{ file: "hosting.json" }],
    });
    expect((await discoverAssets(root, "functions/_public")).map(({ path }) => path)).toEqual(["/a.txt"]);
    expect((await discoverAssets(root, "public")).map(({ path }) => path)).toEqual(["/b.txt"]);
  },
);

test.each([
  ["a.html", "text/html; charset=utf-8"],
  ["A.PNG", "image/png"],
  ["a.ts", "text/plain; charset=utf-8"],
  ["a.md", "text/markdown; charset=utf-8"],
  ["a.jxl", "image/jxl"],
  ["a.hwp", "application/x-hwp"],
  ["a.b.svg", "image/svg+xml; charset=utf-8"],
  ["a.constructor", "application/octet-stream"],
  ["constructor", "application/octet-stream"],
  ["LICENSE", "application/octet-stream"],
  [".well-known/apple-app-site-association", "application/json"],
])("%s is %s", (file, type) => {
  expect(contentType(file)).toBe(type);
});
