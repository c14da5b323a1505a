/** Route keys, and the folders that only assets serve. */
import { expect, test } from "vitest";
import { assetFolders, isInFolder } from "../../framework/model/asset-folders.ts";
import { httpApiKeys } from "../../framework/model/http-api-keys.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { assetsOf, routesOf } from "./routes.ts";

const keys = (routes: readonly string[], assets: readonly string[]): readonly string[] =>
  httpApiKeys(routesOf(...routes), assetsOf(...assets)).map(({ key, function: id }) => `${key} → ${id}`);

test("one ANY key per pattern and $default", () => {
  expect(keys(["index", "users/[id]", "notes/[[...path]]", "안녕"], ["/style.css"])).toEqual([
    "ANY / → index",
    "ANY /notes → notes/[[...path]]",
    "ANY /안녕 → 안녕",
    "ANY /users/{id} → users/[id]",
    "ANY /notes/{path+} → notes/[[...path]]",
    "$default → assets",
  ]);
});

test("an asset that a route matches too gets a key of its own, decoded", () => {
  expect(keys(["[page]"], ["/style.css", "/%EC%95%88%20a.txt", "/img/a.png"]).slice(1)).toEqual([
    "ANY /style.css → assets",
    "ANY /안 a.txt → assets",
    "$default → assets",
  ]);
});

test("a folder that only a shorter greedy route reaches is one key, outermost first", () => {
  expect(keys(["[[...all]]"], ["/img/a.png", "/img/b/c.png", "/x.txt"]).slice(2)).toEqual([
    "ANY /img/{proxy+} → assets",
    "ANY /x.txt → assets",
    "$default → assets",
  ]);
});

test.each([
  [["[...all]", "img/[id]"], ["/img/a.png"], []],
  [["[...all]", "[x]/[y]"], ["/img/a.png", "/img/b/c.png"], ["/img/b"]],
  [["[...all]", "img/b/[id]"], ["/img/a.png", "/img/c/d.png"], ["/img/c"]],
  [["[...all]", "img/[...r]"], ["/img/a.png"], []],
  [["[...all]", "img/index", "[x]"], ["/img/a.png"], ["/img"]],
  [["[...all]", "img/big/[...r]"], ["/img/a.png"], []],
  [["img"], ["/img/a.png"], []],
  [["[x]/[y]/[...all]"], ["/a/b/c/d.png"], ["/a/b/c"]],
])("routes %j and assets %j: folders %j", (routes, assets, folders) => {
  expect(assetFolders(routesOf(...routes), assetsOf(...assets))).toEqual(folders);
});

test("a folder includes the paths below it, not itself or similar names", () => {
  expect(["/img/a", "/img/a/b", "/img/a/"].every((path) => isInFolder(["/img"], path))).toBe(true);
  expect(["/img", "/img/", "/img//a", "/images/a", "/"].some((path) => isInFolder(["/img"], path))).toBe(false);
});

test("a route and an asset at one path are a conflict that names both", () => {
  const at = [{ file: "functions/style.css.ts" }, { file: "functions/_public/style.css" }];
  expect(() => keys(["style.css"], ["/style.css"])).toThrow(UserError);
  expect(() => keys(["style.css"], ["/style.css"])).toThrow(expect.objectContaining({ code: "ROUTE_CONFLICT", at }));
});

test("a file name that no key can have is an error if a route matches it", () => {
  expect(() => keys(["[page]"], ["/%7Ba%7D.css"])).toThrow(expect.objectContaining({ code: "ASSET_NAME" }));
  expect(keys(["index"], ["/%7Ba%7D.css"])).toEqual(["ANY / → index", "$default → assets"]);
});
