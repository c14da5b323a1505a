/** Patterns parsed from route files' names. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  displayPattern,
  keyPath,
  parseRouteFile,
  regexpSource,
  routeId,
  urlRegexpSource,
} from "../../framework/model/pattern.ts";
import { UserError } from "../../framework/model/user-error.ts";

const cases: readonly (readonly [file: string, pattern: string, source: string, id: string])[] = [
  ["index.ts", "/", "^/$", "index"],
  ["users/index.tsx", "/users", "^/users$", "users"],
  ["users/[id].ts", "/users/:id", "^/users/(?<id>[^/]+)$", "users-id"],
  ["files/[...path].js", "/files/:path+", "^/files/(?<path>[^/].*)$", "files-path"],
  ["notes/[[...path]].mts", "/notes/:path*", "^/notes(?:/(?<path>[^/].*))?$", "notes-path"],
  ["[[...all]].mjs", "/:all*", "^/(?<all>[^/].*)?$", "all"],
  ["[...all]/index.jsx", "/:all+", "^/(?<all>[^/].*)$", "all"],
  ["(admin)/panel.ts", "/panel", "^/panel$", "panel"],
  ["(admin)/(x)/index.ts", "/", "^/$", "index"],
  ["index/a.ts", "/index/a", "^/index/a$", "index-a"],
  ["feed.xml.ts", "/feed.xml", "^/feed\\.xml$", "feed-xml"],
  ["a (b)+.ts", "/a (b)+", "^/a%20\\(b\\)\\+$", "a-b"],
  ["나.ts", "/나", "^/%EB%82%98$", "ub098"],
  ["나.ts".normalize("NFD"), "/나", "^/%EB%82%98$", "ub098"],
  ["100%.ts", "/100%", "^/100%25$", "100"],
  ["~.ts", "/~", "^/~$", "route"],
  ["assets.ts", "/assets", "^/assets$", "assets-route"],
];

test.each(cases)("functions/%s serves %s", (file, pattern, source, id) => {
  const segments = parseRouteFile(`functions/${file}`);
  expect([displayPattern(segments), regexpSource(segments), routeId(segments)]).toEqual([pattern, source, id]);
  expect(new RegExp(source)).toBeInstanceOf(RegExp);
});

const file = fc
  .array(fc.constantFrom("a", "b.c", "나", "[x]", "[y]"), { maxLength: 3 })
  .map((parts) => [...new Set(parts)]);
const last = fc.constantFrom("index", "d", "[...rest]", "[[...rest]]");
const url = fc.tuple(
  fc.constantFrom("http://h", "https://h.test:8080", "https://[::1]"),
  fc.array(fc.constantFrom("", "a", "b.c", "b-c", "%EB%82%98", "d", "e@f", "x:y"), { minLength: 1, maxLength: 5 }),
  fc.constantFrom("", "?", "?a", "?a/b", "?//a/b", "#c", "#/a", "?a#/b"),
);

test("a pattern over URLs finds what the pattern over their paths does", () => {
  fc.assert(
    fc.property(file, last, url, (parts, end, [origin, path, rest]) => {
      const segments = parseRouteFile(`functions/${[...parts, end].join("/")}.ts`);
      const request = new Request(`${origin}/${path.join("/")}${rest}`);
      const inPath = new RegExp(regexpSource(segments)).exec(new URL(request.url).pathname);
      const inUrl = new RegExp(urlRegexpSource(segments)).exec(request.url);
      expect({ found: inUrl !== null, ...inUrl?.groups }).toEqual({ found: inPath !== null, ...inPath?.groups });
    }),
    { numRuns: 3000 },
  );
});

test("an id is at most 40 characters of its alphabet", () => {
  expect(routeId(parseRouteFile(`functions/${"very/long/".repeat(9)}나/[id].ts`))).toMatch(/^[a-z0-9-]{1,40}$/);
});

test("a key has params in braces and static text as it is", () => {
  expect(keyPath(parseRouteFile("functions/안녕/[id]/[...rest].ts"))).toBe("/안녕/{id}/{rest+}");
});

describe("names that are no pattern", () => {
  test.each([
    ["a[b].ts", /whole segment/],
    ["[a][b].ts", /whole segment/],
    ["[a].b.ts", /whole segment/],
    ["[[id]].ts", /only a rest param/],
    ["[[...id].ts", /param/],
    ["[].ts", /no param name/],
    ["[...].ts", /no param name/],
    ["[my-id].ts", /no param name/],
    ["[1a].ts", /no param name/],
    ["[__proto__].ts", /no param name/],
    ["[...a]/b.ts", /not the last/],
    ["[[...a]]/[b].ts", /not the last/],
    ["[a]/[a].ts", /twice/],
    ["[a]/[...a].ts", /twice/],
    ["{a}.ts", /"\{"/],
    ["(home).ts", /folder/],
    ["*.ts", /"\*"/],
    ["(a*)/b.ts", /"\*"/],
  ])("%s", (name, message) => {
    const file = `functions/${name}`;
    const run = (): unknown => parseRouteFile(file);
    expect(run).toThrow(UserError);
    expect(run).toThrow(message);
    expect(run).toThrow(
      expect.objectContaining({
        code: "ROUTE_NAME",
        at: [{ file }],
        fix: expect.stringMatching(/^[A-Z].+\.$/) as string,
      }),
    );
  });
});
