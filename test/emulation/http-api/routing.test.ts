/** The route that the emulated HTTP API selects, in AWS's documented order. */
import { expect, test } from "vitest";
import { selectRoute } from "../../../framework/emulation/http-api/routing.ts";

const guide = ["GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default"];

test.each([
  ["GET", "/pets/dog/1", "GET /pets/dog/1", {}],
  ["GET", "/pets/dog/2", "GET /pets/dog/{id}", { id: "2" }],
  ["GET", "/pets/cat/1", "GET /pets/{proxy+}", { proxy: "cat/1" }],
  ["POST", "/test/5", "ANY /{proxy+}", { proxy: "test/5" }],
  ["POST", "/pets/dog/1", "ANY /{proxy+}", { proxy: "pets/dog/1" }],
  ["GET", "/", "$default", {}],
  ["GET", "//", "$default", {}],
])("%s %s selects %s, as in the developer guide's table", (method, path, key, pathParameters) => {
  expect(selectRoute(guide, method, path)).toEqual({ key, pathParameters });
  expect(selectRoute(guide.toReversed(), method, path)).toEqual({ key, pathParameters });
});

test("a method's route is selected before ANY for the same path", () => {
  const keys = ["ANY /a/{x}", "GET /a/{x}", "ANY /a/b"];
  expect(selectRoute(keys, "GET", "/a/c")?.key).toBe("GET /a/{x}");
  expect(selectRoute(keys, "PUT", "/a/c")?.key).toBe("ANY /a/{x}");
  expect(selectRoute(keys, "GET", "/a/b")?.key).toBe("ANY /a/b");
});

test("a variable never matches an empty segment", () => {
  for (const path of ["/a/", "/a//c", "/a"])
    expect(selectRoute(["ANY /a/{x}", "ANY /a/{x}/c", "ANY /a/{p+}"], "GET", path)).toBeUndefined();
});

test("a request that matches no key selects no route", () => {
  expect(selectRoute(["GET /a"], "GET", "/b")).toBeUndefined();
  expect(selectRoute(["GET /a"], "HEAD", "/a")).toBeUndefined();
});
