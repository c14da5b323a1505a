/** The order of routes, and conflicts that have none. */
import { expect, test } from "vitest";
import { matchRoutes } from "../../framework/model/route-matcher.ts";
import { displayPattern } from "../../framework/model/pattern.ts";
import { expandRoutes } from "../../framework/model/precedence.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { routesOf } from "./routes.ts";

const order = (...names: readonly string[]): readonly string[] =>
  expandRoutes(routesOf(...names)).map(({ segments, route }) => `${displayPattern(segments)} ${route.function}`);

test("fixed before greedy, static before param from the left, longer greedy prefix first", () => {
  const names = ["[...all]", "a/[...r]", "a/b/[...r]", "[x]/b", "a/[y]", "a/b", "index", "[x]/[y]", "b"];
  const expected = [
    "/ index",
    "/b b",
    "/a/b a/b",
    "/a/:y a/[y]",
    "/:x/b [x]/b",
    "/:x/:y [x]/[y]",
    "/a/b/:r+ a/b/[...r]",
    "/a/:r+ a/[...r]",
    "/:all+ [...all]",
  ];
  expect(order(...names)).toEqual(expected);
  expect(order(...names.toReversed())).toEqual(expected);
});

test("an optional rest is its base and its greedy pattern", () => {
  expect(order("[...all]", "notes/[[...path]]", "[page]")).toEqual([
    "/notes notes/[[...path]]",
    "/:page [page]",
    "/notes/:path+ notes/[[...path]]",
    "/:all+ [...all]",
  ]);
  expect(order("[[...all]]")).toEqual(["/ [[...all]]", "/:all+ [[...all]]"]);
});

test("a route with the same shape replaces an expansion", () => {
  expect(order("notes/index", "notes/[[...path]]")).toEqual(["/notes notes/index", "/notes/:path+ notes/[[...path]]"]);
  expect(order("a/[...r]", "a/[[...s]]")).toEqual(["/a a/[[...s]]", "/a/:r+ a/[...r]"]);
  expect(order("[x]/[[...r]]", "[page]")).toEqual(["/:page [page]", "/:x/:r+ [x]/[[...r]]"]);
});

test.each([
  [["users/[id]", "users/[name]"]],
  [["a/index", "a"]],
  [["(x)/a", "(y)/a"]],
  [["a/[[...r]]", "a/[[...s]]"]],
  [["a/[...r]", "a/[...s]"]],
  [["a/[...r]", "[x]/[...r]"]],
  [["users/me/[...a]", "users/[id]/[[...b]]"]],
  [["[x]/b/[...r]", "a/[y]/[...r]"]],
  [["나", "나".normalize("NFD")]],
])("%j is a conflict that names both files", (names) => {
  const files = names.map((name) => ({ file: `functions/${name}.ts` }));
  expect(() => order(...names)).toThrow(UserError);
  expect(() => order(...names)).toThrow(
    expect.objectContaining({ code: "ROUTE_CONFLICT", at: expect.arrayContaining(files) as object }),
  );
});

test("an optional route that two others replace is a conflict with both", () => {
  const run = (): unknown => order("a/index", "a/[...r]", "a/[[...s]]");
  expect(run).toThrow(
    expect.objectContaining({
      code: "ROUTE_CONFLICT",
      at: ["a/[[...s]]", "a/index", "a/[...r]"].map((name) => ({ file: `functions/${name}.ts` })),
    }),
  );
});

test("greedy patterns that no path can share are no conflict", () => {
  expect(order("a/[...r]", "b/[...r]", "[x]/y/[...r]")).toHaveLength(3);
});

test("params are decoded once, and a missing optional rest is omitted", () => {
  const ordered = expandRoutes(routesOf("hello/[name]", "files/[...path]", "notes/[[...path]]"));
  const found = (path: string): unknown => matchRoutes(ordered, path)?.params;
  expect(found("/hello/%EB%82%98%2525%2Fx")).toEqual({ name: "나%25/x" });
  expect(found("/files/a%20b//c/")).toEqual({ path: "a b//c/" });
  expect(found("/notes")).toEqual({});
  for (const path of [
    "/notes/",
    "/hello/",
    "/files",
    "/files/",
    "/files//a",
    "/hello/a/",
    "//hello/a",
    "/Hello/a",
    "/",
  ])
    expect(found(path)).toBeUndefined();
});
