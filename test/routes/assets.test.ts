/** Static files as they are found on disk. */
import { createHash } from "node:crypto";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { discoverAssets } from "../../framework/routes/assets.ts";
import { contentType } from "../../framework/routes/content-type.ts";
import { canonicalPath } from "../../framework/runtime/path.ts";
import { appFolder } from "./app-folder.ts";

test("files with their canonical path, hash, size and type, sorted", async () => {
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

test("a decomposed name is composed in the URL and kept on disk; two such names for one path are an error", async () => {
  const [nfc, nfd] = ["안녕.txt".normalize("NFC"), "안녕.txt".normalize("NFD")];
  expect(await discoverAssets(appFolder({ [`public/${nfd}`]: "" }), "./public")).toMatchObject([
    { path: `/${encodeURIComponent(nfc)}`, file: `public/${nfd}` },
  ]);
  await expect(discoverAssets(appFolder({ [`public/${nfd}`]: "", [`public/${nfc}`]: "" }), "public")).rejects.toThrow(
    expect.objectContaining({ code: "ASSET_CONFLICT" }),
  );
});

test("no folder, no assets", async () => {
  expect(await discoverAssets(appFolder({}), "functions/_public")).toEqual([]);
});

test("links that leave the root are dropped", async () => {
  const outside = appFolder({ "secret.txt": "" });
  const root = appFolder({ "shared/b.txt": "", "public/a.txt": "" });
  symlinkSync(outside, join(root, "public/out"));
  symlinkSync(join(outside, "secret.txt"), join(root, "public/secret.txt"));
  symlinkSync("../shared", join(root, "public/in"));
  expect((await discoverAssets(root, "public")).map(({ path }) => path)).toEqual(["/a.txt", "/in/b.txt"]);
});

test("the root itself can be the folder", async () => {
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
    await expect(discoverAssets(root, folder)).rejects.toMatchObject({ code: "ASSETS_FOLDER", fix, at: [{ file: "hosting.json" }] });
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
