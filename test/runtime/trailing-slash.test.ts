/** Tests of redirects of superfluous and missing trailing slashes. */
import { describe, expect, test } from "vitest";
import { regexpSource, parseRouteFile } from "../../framework/model/pattern.ts";
import { jsonError } from "../../framework/runtime/error-response.ts";
import { otherSlash, redirectSlash } from "../../framework/runtime/trailing-slash.ts";
import { createCall } from "../../framework/node/testing.ts";

const patterns = ["index", "users/[id]", "inside", "[page]"].map(
  (name) => new RegExp(regexpSource(parseRouteFile(`functions/${name}.ts`))),
);
const nobody = redirectSlash(patterns, () => jsonError(404, "Not Found"));
const ask = async (target: string): Promise<readonly [number, string | null]> => {
  const response = await nobody(new Request(`https://example.com${target}`), createCall());
  return [response.status, response.headers.get("location")];
};

describe("redirectSlash()", () => {
  test.each([
    ["/users/7/", "/users/7"],
    ["/users/7/?", "/users/7"],
    ["/users/7/?next=//evil.com/&a=%2F", "/users/7?next=//evil.com/&a=%2F"],
    ["/users/%5C%5Cevil.com/", "/users/%5C%5Cevil.com"],
    ["/%5Cevil.com/", "/%5Cevil.com"],
    ["//", "/"],
  ])("%s leads to %s", async (target, location) => {
    expect(await ask(target)).toEqual([308, location]);
  });

  test.each([
    "//evil.com/",
    "//evil.com",
    "///evil.com/",
    "//evil.com//",
    "/users/7//",
    "/users//",
    "/nothing/at/all/",
    "/\\evil.com/",
  ])("%s is a 404", async (target) => {
    expect(await ask(target)).toEqual([404, null]);
  });

  test("does not change other responses", async () => {
    for (const status of [200, 301, 405, 500]) {
      const found = redirectSlash(patterns, () => new Response("x", { status }));
      expect(await found(new Request("https://example.com/users/7/"), createCall())).toMatchObject({ status });
    }
  });
});

test.each([
  ["/a/", "/a"],
  ["/a", "/a/"],
  ["/", undefined],
  ["//a/", undefined],
  ["//a", undefined],
  ["/\\a/", undefined],
  ["/a\\b/", undefined],
])("the other slash of %s is %s", (path, other) => {
  expect(otherSlash(path)).toBe(other);
});
