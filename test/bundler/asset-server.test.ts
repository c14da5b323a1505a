/** Settings of Cloudflare's asset server in the manifest, and its limit on file sizes. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { build, makeFolder } from "./test-app.ts";

const immutable = "public, max-age=31536000, immutable";

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
      _headers: `/a.0123abcd.css\n  ! Cache-Control\n  Cache-Control: ${immutable}\n/docs/*\n  ! x-a\n  x-a: 1\n`,
    },
  });
  expect(manifest.assets.find(({ path }) => path === "/docs/index.html")).toMatchObject({ headers: { "x-a": "1" } });
  expect(readFileSync(join(out, "index.js"), "utf8")).toContain("PORTICO_ASSETS");
  const plain = await build(
    makeFolder({ "functions/index.ts": `export const GET = () => new Response("home");` }),
    "workers",
  );
  expect(readFileSync(join(plain.out, "index.js"), "utf8")).not.toContain("PORTICO_ASSETS");
});

test("a file over Cloudflare's limit is rejected by name", async () => {
  const root = makeFolder({ "functions/_public/small.txt": "" });
  writeFileSync(join(root, "functions/_public/film.mp4"), new Uint8Array(25 * 1024 ** 2 + 1));
  await expect(build(root, "workers")).rejects.toThrow(
    expect.objectContaining({ code: "ASSET_TOO_LARGE", at: [{ file: "functions/_public/film.mp4" }] }),
  );
  await build(root, "node");
});
