/** What Cloudflare's asset server is told: the `_headers` text, and the manifest's settings for it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { headersFile, headersFileLimit } from "../../framework/build/headers-file.ts";
import { build, makeFolder } from "./app.ts";

const assets = (...paths: string[]) => paths.map((path) => ({ path }));
const forGood = "public, max-age=31536000, immutable";

test("files with a hash by whole folders where it can be, then the app's rules, each in the place of what was said before", () => {
  const { text, left } = headersFile(
    assets(
      "/a.0123abcd.css",
      "/built/b.0123abcd.js",
      "/built/in/c.0123abcd.js",
      "/mixed/d.0123abcd.js",
      "/mixed/e.js",
      "/%EC%95%88+.0123abcd.js",
    ),
    [
      { pattern: "/fonts/*", headers: { "Access-Control-Allow-Origin": "*", "cache-control": "max-age=60" } },
      { pattern: "/안 녕.txt", headers: { "x-a": "b: c" } },
      { pattern: "/nothing", headers: {} },
    ],
  );
  expect(left).toBe(0);
  expect(text.split("\n")).toEqual([
    ...["/a.0123abcd.css", "/built/*", "/mixed/d.0123abcd.js", "/%EC%95%88%2B.0123abcd.js"].flatMap((path) => [
      path,
      "  ! Cache-Control",
      `  Cache-Control: ${forGood}`,
    ]),
    "/fonts/*",
    "  ! Access-Control-Allow-Origin",
    "  Access-Control-Allow-Origin: *",
    "  ! cache-control",
    "  cache-control: max-age=60",
    "/%EC%95%88%20%EB%85%95.txt",
    "  ! x-a",
    "  x-a: b: c",
    "",
  ]);
});

test("Cloudflare's limit is kept, the app's own rules first", () => {
  const many = assets("/plain.txt", ...Array.from({ length: 120 }, (_, at) => `/a${at}.0123abcd.js`));
  const { text, left } = headersFile(many, [{ pattern: "/*", headers: { "x-a": "1" } }]);
  expect(text.split("\n").filter((line) => line.startsWith("/"))).toHaveLength(headersFileLimit);
  expect(left).toBe(21);
  expect(headersFile([], [])).toEqual({ text: "", left: 0 });
});

test("the manifest says how files are served on Workers, and the Worker knows folders and the 404 page", async () => {
  const root = makeFolder({
    "functions/index.ts": `export const GET = () => new Response("home");`,
    "functions/_public/a.0123abcd.css": "a{}",
    "functions/_public/docs/index.html": "docs",
    "functions/_public/404.html": "none",
  });
  const headers = [{ pattern: "/docs/*", headers: { "x-a": "1" } }];
  const { manifest, out } = await build(root, "workers", { headers });
  expect(manifest.assetServer).toEqual({
    binding: "PORTICO_ASSETS",
    config: {
      html_handling: "none",
      not_found_handling: "none",
      _headers: `/a.0123abcd.css\n  ! Cache-Control\n  Cache-Control: ${forGood}\n/docs/*\n  ! x-a\n  x-a: 1\n`,
    },
  });
  expect(manifest.assets.find(({ path }) => path === "/docs/index.html")).toMatchObject({ headers: { "x-a": "1" } });
  expect(readFileSync(join(out, "index.js"), "utf8")).toContain("PORTICO_ASSETS");
  const plain = await build(makeFolder({ "functions/index.ts": `export const GET = () => new Response("home");` }), "workers");
  expect(readFileSync(join(plain.out, "index.js"), "utf8")).not.toContain("PORTICO_ASSETS");
});

test("a file that Cloudflare does not take is refused by name", async () => {
  const root = makeFolder({ "functions/_public/small.txt": "" });
  writeFileSync(join(root, "functions/_public/film.mp4"), new Uint8Array(25 * 1024 ** 2 + 1));
  await expect(build(root, "workers")).rejects.toThrow(
    expect.objectContaining({ code: "ASSET_TOO_LARGE", at: [{ file: "functions/_public/film.mp4" }] }),
  );
  await build(root, "node");
});
