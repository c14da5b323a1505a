/** Cases: which route a path leads to, and what becomes of its params. */
import { type Case, caseOf } from "../case.ts";

const fixture = caseOf("fixture");
const notFound = {
  status: 404,
  headers: { "content-type": "application/json" },
  json: { error: "Not Found" },
} as const;
/** "trailingSlash" in the app's hosting.json. */
const movedTo = (location: string) => ({ status: 308, headers: { location }, body: "" });
const route = (name: string, params: Readonly<Record<string, string>>) => ({
  status: 200,
  json: { route: name, params },
});

/** Routing. */
export const routing: readonly Case[] = [
  fixture("the root", "/", { status: 200, body: "home" }),
  fixture("an index file serves its folder", "/users", { status: 200, body: "users" }),
  fixture("static before param", "/users/me", { status: 200, body: "users/me" }),
  fixture("a param", "/users/42", route("users/[id]", { id: "42" })),
  fixture("a static name is not a prefix", "/users/me2", route("users/[id]", { id: "me2" })),
  fixture("paths are case sensitive", "/Users", notFound),
  fixture("static text of a param's neighbour is case sensitive", "/users/ME", route("users/[id]", { id: "ME" })),
  fixture("two params", "/users/7/posts/9", route("users/[id]/posts/[post]", { id: "7", post: "9" })),
  fixture(
    "a later static segment before a param",
    "/users/7/posts/latest",
    route("users/[id]/posts/latest", { id: "7" }),
  ),
  fixture(
    "the leftmost static segment wins",
    "/users/me/posts/latest",
    route("users/me/posts/[post]", { post: "latest" }),
  ),
  fixture("no backtracking after a param", "/users/7/posts", notFound),
  fixture("a rest param of one segment", "/docs/a", route("docs/[...path]", { path: "a" })),
  fixture("a rest param of many segments", "/docs/a/b/c.html", route("docs/[...path]", { path: "a/b/c.html" })),
  fixture("a rest param needs one segment", "/docs", notFound),
  fixture("fixed length before rest", "/docs/intro", { status: 200, body: "docs/intro" }),
  fixture(
    "a rest param matches a longer path than a fixed route",
    "/docs/intro/more",
    route("docs/[...path]", { path: "intro/more" }),
  ),
  fixture("the longer greedy prefix wins", "/docs/api/v1/x", route("docs/api/[...path]", { path: "v1/x" })),
  fixture("the longer greedy prefix needs a segment too", "/docs/api", route("docs/[...path]", { path: "api" })),
  fixture("an optional rest without segments", "/wiki", route("wiki/[[...path]]", {})),
  fixture("an optional rest with segments", "/wiki/a/b", route("wiki/[[...path]]", { path: "a/b" })),
  fixture("fixed length before optional rest", "/wiki/new", { status: 200, body: "wiki/new" }),
  fixture("a group folder is not in the path", "/inside", { status: 200, body: "inside a group" }),
  fixture("a group folder's name is not in the path", "/(grouped)/inside", notFound),
  fixture("a slash after a folder's index", "/users/", movedTo("/users")),
  fixture("a slash after a static route", "/inside/", movedTo("/inside")),
  fixture("a slash after a param", "/users/42/", movedTo("/users/42")),
  fixture("a slash after an optional rest", "/wiki/", movedTo("/wiki")),
  fixture("a slash after a param, with a query", "/users/42/?a=1&b=%2F&c=/x/", movedTo("/users/42?a=1&b=%2F&c=/x/")),
  fixture("a slash after a param in unicode", "/users/%EC%95%88/", movedTo("/users/%EC%95%88")),
  fixture("a slash after a param that is a backslash", "/users/%5Cevil.example/", movedTo("/users/%5Cevil.example")),
  fixture("a slash behind, by POST", { method: "POST", target: "/inside/", body: "x" }, movedTo("/inside")),
  fixture("a slash behind, by HEAD", { method: "HEAD", target: "/inside/" }, movedTo("/inside")),
  fixture("two slashes behind", "/users/42//", notFound),
  fixture("two slashes in front and one behind are no host", "//evil.example/", notFound),
  fixture("two slashes in front of a route and one behind", "//inside/", notFound),
  fixture("an escaped backslash in front and a slash behind", "/%5Cevil.example/", notFound),
  fixture("a slash after what is no route", "/nothing/", notFound),
  fixture("a slash after a rest's prefix", "/docs/", notFound),
  fixture("a slash at the end of a rest belongs to it", "/docs/a/", route("docs/[...path]", { path: "a/" })),
  fixture("an empty segment is no param", "/users//posts/9", notFound),
  fixture("an empty segment inside a rest stays", "/docs/a//b", route("docs/[...path]", { path: "a//b" })),
  fixture("a rest does not begin with an empty segment", "/docs//a", notFound),
  fixture("two slashes in front are no host", "//users/42", notFound),
  fixture("two slashes and a name are no host", "//evil.example/users", notFound),
  fixture("private files are no routes", "/_lib/answer", notFound),
  fixture("middleware files are no routes", "/mw/_middleware", notFound),
  fixture("file extensions are not in the path", "/inside.ts", notFound),
  fixture("dots in a route's name are literal", "/dotted.file", { status: 200, body: "dotted" }),
  fixture("a dot matches only a dot", "/dottedxfile", notFound),
  fixture("a plus in a path is a plus", "/a+b", { status: 200, body: "plus" }),
  fixture("an escaped plus in a path too", "/a%2Bb", { status: 200, body: "plus" }),
  fixture("a missing path", "/nothing/here", notFound),
  fixture("a missing path, for any method", { method: "DELETE", target: "/nothing" }, notFound),
  fixture("a name that objects inherit is no route", "/constructor", notFound),
  fixture("a name that objects inherit is a param", "/users/__proto__", route("users/[id]", { id: "__proto__" })),
];
