/** The routing of `portico dev` on each target: the HTTP API's keys for Lambda, the order of precedence elsewhere. */
import { expect, test } from "vitest";
import { createDevRouting, type DevRoute } from "../../framework/dev/dev-routing.ts";
import type { BuiltAsset } from "../../framework/model/manifest.ts";
import { displayPattern, parseRouteFile, routeId } from "../../framework/model/pattern.ts";
import { targets } from "../../framework/model/target.ts";

const route = (file: string): DevRoute => {
  const segments = parseRouteFile(file);
  return {
    id: routeId(segments),
    function: `fn-${routeId(segments)}`,
    pattern: displayPattern(segments),
    segments,
    file,
    middleware: [],
  };
};
const asset = (path: string): BuiltAsset => ({
  path,
  file: `public${path}`,
  hash: "0".repeat(64),
  bytes: 1,
  type: "text/plain",
});

const routes = [
  "index.ts",
  "users/me.ts",
  "users/[id].ts",
  "files/[...path].ts",
  "notes/[[...path]].ts",
  "café.ts",
].map((name) => route(`functions/${name}`));
const assets = [
  "/index.html",
  "/style.css",
  "/files/fixed.txt",
  "/files/img/a.png",
  "/docs/index.html",
  "/%EC%95%88.txt",
].map(asset);

/** The decision as text. */
const decide = (target: (typeof targets)[number], path: string): string => {
  const decision = createDevRouting(target, routes, assets).decide("GET", path);
  if (decision.kind === "route") return `${decision.route.file.slice(10)} ${JSON.stringify(decision.pathParameters)}`;
  return decision.kind === "none"
    ? "none"
    : "location" in decision.asset
      ? `→ ${decision.asset.location}`
      : `asset ${decision.asset.path}`;
};

test.each([
  ["/", "index.ts {}"],
  ["/index.html", "asset /index.html"],
  ["/style.css", "asset /style.css"],
  ["/%ec%95%88.txt", "asset /%EC%95%88.txt"],
  ["/users/me", "users/me.ts {}"],
  ["/users/%6De", "users/me.ts {}"],
  ["/users/7", `users/[id].ts {"id":"7"}`],
  ["/users/", "none"],
  ["/users", "none"],
  ["/caf%C3%A9", "café.ts {}"],
  ["/files/a/b", `files/[...path].ts {"path":"a/b"}`],
  ["/files/fixed.txt", "asset /files/fixed.txt"],
  ["/files/img/a.png", "asset /files/img/a.png"],
  ["/files/img/missing", "none"],
  ["/notes", "notes/[[...path]].ts {}"],
  ["/notes/1", `notes/[[...path]].ts {"path":"1"}`],
  ["/docs", "→ /docs/"],
  ["/docs/", "asset /docs/index.html"],
  ["/docs/x", "none"],
  ["//style.css", "none"],
])("%s is %s on every target", (path, expected) => {
  expect(targets.map((target) => decide(target, path))).toEqual(targets.map(() => expected));
});

test("%2F is a slash to an HTTP API and part of its segment to the other targets", () => {
  expect(targets.map((target) => decide(target, "/users/a%2Fb"))).toEqual([
    "none",
    `users/[id].ts {"id":"a/b"}`,
    `users/[id].ts {"id":"a/b"}`,
  ]);
});

test("an HTTP API decodes percent escapes twice, and refuses a path that is malformed the second time", () => {
  expect(targets.map((target) => decide(target, "/users/a%252541"))).toEqual([
    `users/[id].ts {"id":"a%41"}`,
    `users/[id].ts {"id":"a%2541"}`,
    `users/[id].ts {"id":"a%2541"}`,
  ]);
  expect(() => decide("lambda", "/users/a%25b")).toThrow(URIError);
  expect(decide("node", "/users/a%25b")).toBe(`users/[id].ts {"id":"a%b"}`);
});

test.each(targets)("a malformed escape is a URIError on %s", (target) => {
  expect(() => decide(target, "/users/%zz")).toThrow(URIError);
});

test("the decision on Lambda has the route key of its event", () => {
  const routing = createDevRouting("lambda", routes, assets);
  expect(routing.decide("POST", "/files/a")).toMatchObject({
    routeKey: "ANY /files/{path+}",
    route: { function: "fn-files-path" },
  });
});
