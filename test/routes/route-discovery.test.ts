/** Discovery of routes and middleware below functions/. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { UserError } from "../../framework/model/user-error.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import { appFolder } from "./app-folder.ts";

const appOf = (...files: readonly string[]): string =>
  appFolder(Object.fromEntries(files.map((file) => [`functions/${file}`, ""])));
const filesOf = async (root: string): Promise<readonly string[]> =>
  (await discoverRoutes(root)).map(({ file }) => file.slice("functions/".length));

test("routes are in order of precedence, and other files are left out", async () => {
  const root = appOf(
    "index.ts",
    "users/[id].tsx",
    "users/me.js",
    "files/[...path].mjs",
    "(admin)/panel.mts",
    "feed.xml.ts",
    "readme.md",
    "style.css",
    "_lib/db.ts",
    "users/_lib/x.ts",
    "_public/a.ts",
    "_x.ts",
    ".hidden.ts",
    ".git/a.ts",
    "types.d.ts",
    "a.d.mts",
    "users/me.test.ts",
    "users/me.spec.ts",
    "node_modules/hono/index.js",
    "users/node_modules/left-pad/index.js",
    "b.cjs",
  );
  expect(await discoverRoutes(root)).toMatchObject([
    { id: "index", pattern: "/", file: "functions/index.ts", segments: [], middleware: [] },
    { id: "feed-xml", pattern: "/feed.xml" },
    { id: "panel", pattern: "/panel", file: "functions/(admin)/panel.mts" },
    { id: "users-me", pattern: "/users/me" },
    { id: "users-id", pattern: "/users/:id" },
    { id: "files-path", pattern: "/files/:path+" },
  ]);
});

test("a route has the middleware of all parent folders, outermost first", async () => {
  const root = appOf(
    "_middleware.ts",
    "a.ts",
    "(in)/_middleware.js",
    "(in)/b.ts",
    "(in)/deep/_middleware.tsx",
    "(in)/deep/c.ts",
    "_lib/_middleware.ts",
  );
  const middleware = Object.fromEntries((await discoverRoutes(root)).map(({ id, middleware: files }) => [id, files]));
  expect(middleware).toEqual({
    a: ["functions/_middleware.ts"],
    b: ["functions/_middleware.ts", "functions/(in)/_middleware.js"],
    "deep-c": ["functions/_middleware.ts", "functions/(in)/_middleware.js", "functions/(in)/deep/_middleware.tsx"],
  });
});

test("two middleware files in one folder are an error", async () => {
  const root = appOf("x/_middleware.ts", "x/_middleware.js", "x/a.ts");
  const at = [{ file: "functions/x/_middleware.js" }, { file: "functions/x/_middleware.ts" }];
  await expect(discoverRoutes(root)).rejects.toThrow(expect.objectContaining({ code: "MIDDLEWARE_TWICE", at }));
});

test("two files for one path are an error with both names", async () => {
  const at = [{ file: "functions/a.js" }, { file: "functions/a.ts" }];
  await expect(discoverRoutes(appOf("a.js", "a.ts"))).rejects.toThrow(
    expect.objectContaining({ code: "ROUTE_CONFLICT", at }),
  );
  await expect(discoverRoutes(appOf("a.ts", "(g)/a.ts"))).rejects.toThrow(UserError);
});

test("ids are unique and do not depend on the order of files", async () => {
  const ids = async (...files: readonly string[]): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries((await discoverRoutes(appOf(...files))).map(({ id, pattern }) => [pattern, id]));
  const two = await ids("users/[id].ts", "users/id.ts");
  expect(new Set(Object.values(two)).size).toBe(2);
  for (const id of Object.values(two)) expect(id).toMatch(/^users-id-[0-9a-f]{6}$/);
  expect(await ids("users/id.ts", "users/[id].ts", "users-id.ts", "a.ts")).toMatchObject({ ...two, "/a": "a" });
  const long = await ids(`${"x".repeat(60)}/a.ts`, `${"x".repeat(60)}/b.ts`, "Ä.ts", "ä.ts");
  expect(new Set(Object.values(long)).size).toBe(4);
  for (const id of Object.values(long)) expect(id).toMatch(/^[a-z0-9-]{1,40}$/);
});

test("without functions/ there are no routes", async () => {
  expect(await discoverRoutes(appFolder({}))).toEqual([]);
  expect(await discoverRoutes(appFolder({ functions: "a file" }))).toEqual([]);
});

test("broken links, links out of the root and to parent folders are skipped; others are followed", async () => {
  const outside = appFolder({ "secret.ts": "" });
  const root = appOf("a/b.ts");
  for (const [target, name] of [
    [outside, "out"],
    [join(outside, "secret.ts"), "file.ts"],
    ["..", "a/up"],
    ["nowhere", "gone"],
    ["self", "self"],
    ["a", "c"],
  ] as const) {
    symlinkSync(target, join(root, "functions", name));
  }
  expect(await filesOf(root)).toEqual(["a/b.ts", "c/b.ts"]);
});
