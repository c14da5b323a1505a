/** The `_headers` file of Cloudflare's asset server. */
import { expect, test } from "vitest";
import { headersFile, headersFileLimit } from "../../framework/model/headers-file.ts";

const assets = (...paths: string[]) => paths.map((path) => ({ path }));
const forGood = "public, max-age=31536000, immutable";

test("immutable files come first, by folders where possible, then the app's rules, each replacing earlier ones", () => {
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

test("the app's own rules have priority within Cloudflare's limit", () => {
  const many = assets("/plain.txt", ...Array.from({ length: 120 }, (_, at) => `/a${at}.0123abcd.js`));
  const { text, left } = headersFile(many, [{ pattern: "/*", headers: { "x-a": "1" } }]);
  expect(text.split("\n").filter((line) => line.startsWith("/"))).toHaveLength(headersFileLimit);
  expect(left).toBe(21);
  expect(headersFile([], [])).toEqual({ text: "", left: 0 });
});
