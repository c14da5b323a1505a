/** A folder without functions/ in `portico dev`: its files, index pages and listings, and nothing hidden or outside. */
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Running, run } from "./gateway-app.ts";

let app: Running;
let outside: string;
beforeAll(async () => {
  outside = await mkdtemp(join(tmpdir(), "portico-outside-"));
  await writeFile(join(outside, "secret.txt"), "secret");
  app = await run(
    {
      "index.html": "<h1>home</h1>",
      "style.css": "body{}",
      "안녕 a&b.txt": "hello",
      "a:b.txt": "colon",
      ".env": "KEY=1",
      ".git/config": "git",
      ".well-known/security.txt": "contact",
      "docs/index.html": "<h1>docs</h1>",
      "list/<b>.txt": "b",
      "list/sub/.hidden": "h",
      "list/sub/x.txt": "x",
      "src/main.py": "print('안녕')\n".repeat(400),
      "src/app.ts": "export {};",
      "src/compose.yaml": "a: 1",
      "src/Makefile": "all:",
      "src/data.bin": "a\0b",
    },
    { directory: true },
  );
  await symlink(outside, join(app.root, "out"));
  await symlink(join(outside, "secret.txt"), join(app.root, "list/out.txt"));
  await symlink(join(app.root, ".env"), join(app.root, "list/env.txt"));
  await symlink(join(app.root, "style.css"), join(app.root, "list/linked.css"));
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await rm(outside, { recursive: true });
});

test.each([
  ["/", "<h1>home</h1>", "text/html; charset=utf-8"],
  ["/style.css?x", "body{}", "text/css; charset=utf-8"],
  ["/docs/", "<h1>docs</h1>", "text/html; charset=utf-8"],
  ["/%EC%95%88%EB%85%95%20a&b.txt", "hello", "text/plain; charset=utf-8"],
  ["/a:b.txt", "colon", "text/plain; charset=utf-8"],
  ["/.well-known/security.txt", "contact", "text/plain; charset=utf-8"],
  ["/list/linked.css", "body{}", "text/css; charset=utf-8"],
])("%s is a file", async (path, text, type) => {
  expect(await app.get(path)).toMatchObject({ status: 200, text, headers: { "content-type": type } });
});

test.each([
  ["/src/main.py", "text/plain; charset=utf-8"],
  ["/src/app.ts", "text/plain; charset=utf-8"],
  ["/src/compose.yaml", "text/plain; charset=utf-8"],
  ["/src/Makefile", "text/plain; charset=utf-8"],
  ["/src/data.bin", "application/octet-stream"],
])("a source file is shown as text, other bytes are not: %s", async (path, type) => {
  expect((await app.get(path)).headers["content-type"]).toBe(type);
});

test("a listing has a link to the folder above, sizes and dates", async () => {
  await utimes(join(app.root, "src/app.ts"), new Date(2026, 10, 29, 9, 5), new Date(2026, 10, 29, 9, 5));
  const { text } = await app.get("/src/");
  expect(text).toContain(`<td><a href="../">..</a></td>`);
  expect(text).toContain(
    `<td><a href="./app.ts">app.ts</a></td><td class="size">10 B</td><td class="size">2026-11-29 09:05</td>`,
  );
  expect(text).toMatch(/main\.py<\/a><\/td><td class="size">6\.3 KB</);
});

test.each([
  "/.env",
  "/%2eenv",
  "/.git/config",
  "/.git/",
  "/list/../.env",
  "/list/..%2f.env",
  "/..%2f..%2fetc/passwd",
  "/%2e%2e/%2e%2e/etc/passwd",
  "/..%5c..%5cetc",
  "//etc/passwd",
  "/list//sub/",
  "/out/secret.txt",
  "/out/",
  "/list/out.txt",
  "/list/env.txt",
  "/list/sub/.hidden",
  "/style.css/",
  "/style.css/x",
  "/style.css%00",
  "/nothing",
  `/${"a".repeat(300)}`,
])("%s is 404", async (path) => {
  const reply = await app.get(path);
  expect([reply.status, reply.text]).toEqual([404, `{"error":"Not Found"}`]);
});

test("a folder path without its slash is redirected with its query", async () => {
  expect(await app.get("/docs?a=1")).toMatchObject({ status: 308, headers: { location: "/docs/?a=1" } });
});

test("a folder without index.html is listed: folders first, nothing hidden, names escaped and linked", async () => {
  const { status, text } = await app.get("/list/");
  expect(status).toBe(200);
  expect([...text.matchAll(/<a href="([^"]*)">([^<]*)<\/a>/g)].map(([, href, name]) => [href, name])).toEqual([
    ["../", ".."],
    ["./sub/", "sub/"],
    ["./%3Cb%3E.txt", "&lt;b&gt;.txt"],
    ["./linked.css", "linked.css"],
  ]);
  expect((await app.get("/list/%3Cb%3E.txt")).text).toBe("b");
  expect(await app.get("/list/", { method: "POST" })).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
});

test("a new file is served at once", async () => {
  await mkdir(join(app.root, "fresh"));
  await writeFile(join(app.root, "fresh/a.txt"), "0123456789");
  expect(await app.get("/fresh/a.txt", { headers: { range: "bytes=2-3" } })).toMatchObject({ status: 206, text: "23" });
});
