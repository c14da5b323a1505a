/** Cases: escapes, unicode and odd forms in paths. */
import { type Case, caseOf } from "../case.ts";

const fixture = caseOf("fixture");
const reference = caseOf("reference");
const user = (id: string) => ({ status: 200, json: { route: "users/[id]", params: { id } } });

/** Paths. */
export const paths: readonly Case[] = [
  reference("unicode and spaces in a param", `/hello/${encodeURIComponent("나의 비밀 방")}`, {
    status: 200,
    body: /^.+, 나의 비밀 방!\n$/,
  }),
  reference("lower-case hex in a param", "/hello/%eb%82%98", { status: 200, body: /, 나!\n$/ }),
  fixture("an escape is decoded", "/users/a%20b", user("a b")),
  fixture("a plus in a param is a plus", "/users/a+b", user("a+b")),
  fixture("a percent sign is decoded once", "/users/100%25", user("100%")),
  fixture("an escaped escape is decoded once", "/users/%2541", user("%41")),
  fixture("an escaped slash stays in its param", "/users/a%2Fb", user("a/b")),
  fixture("an escaped slash in lower case", "/users/a%2fb", user("a/b")),
  fixture("an escaped question mark", "/users/what%3F", user("what?")),
  fixture("an escaped question mark and a query", "/users/what%3F?x=%3F", user("what?")),
  fixture("an escaped number sign", "/users/%23one", user("#one")),
  fixture("an escaped letter is that letter", "/users/%6De", { status: 200, body: "users/me" }),
  fixture("an escaped bracket", "/users/%5Bid%5D", user("[id]")),
  fixture("a semicolon and a comma stay", "/users/a;b,c=d", user("a;b,c=d")),
  fixture("an at sign and a colon stay", "/users/a@b:c", user("a@b:c")),
  fixture("quotes and angles are decoded", "/users/%22%3Cb%3E%27", user("\"<b>'")),
  fixture("a backslash is no slash", "/users/a%5Cb", user("a\\b")),
  fixture("a raw backslash is no part of a path", "/users/a\\b", { status: 400, body: '{"error":"Bad Request"}' }),
  fixture("an emoji outside the first plane", "/users/%F0%9F%98%80", user("😀")),
  fixture("a route named in unicode", `/${encodeURIComponent("카페")}`, { status: 200, body: "어서 오세요" }),
  fixture("a route named in unicode with a space", `/${encodeURIComponent("카페")}/${encodeURIComponent("메뉴 판")}`, {
    status: 200,
    body: "커피",
  }),
  fixture("an escape in a rest param", "/docs/a%20b/c%25d", {
    status: 200,
    json: { route: "docs/[...path]", params: { path: "a b/c%d" } },
  }),
  fixture("a malformed escape", "/users/%zz", { status: 400 }),
  fixture("an escape cut short", "/users/100%", { status: 400 }),
  fixture("an escape that is no UTF-8", "/users/%ff", { status: 400 }),
  fixture("half a surrogate in UTF-8", "/users/%ED%A0%80", { status: 400 }),
  fixture("a malformed escape in a missing path", "/nothing/%zz", { status: 400 }),
  fixture("a dot segment is resolved", "/docs/./a", {
    status: 200,
    json: { route: "docs/[...path]", params: { path: "a" } },
  }),
  fixture("a double dot segment is resolved", "/docs/x/../a", {
    status: 200,
    json: { route: "docs/[...path]", params: { path: "a" } },
  }),
  fixture("a double dot cannot leave the root", "/../../../users/42", user("42")),
  fixture("an escaped double dot is resolved too", "/docs/x/%2e%2e/a", {
    status: 200,
    json: { route: "docs/[...path]", params: { path: "a" } },
  }),
  fixture("the URL is the client's", "/url/a/b?x=1", ({ origin }) => ({
    status: 200,
    json: { url: `${origin}/url/a/b?x=1`, path: "a/b" },
  })),
  fixture("the URL has one canonical form", "/url/%61%20%EA%B0%80~!$&'()*+,;=:@", ({ origin }) => ({
    status: 200,
    json: { url: `${origin}/url/a%20%EA%B0%80~!$&'()*+,;=:@`, path: "a 가~!$&'()*+,;=:@" },
  })),
  fixture(
    "the URL keeps the host's name",
    { target: "/url/x", headers: [["Host", "localhost:8123"]] },
    { status: 200, json: { url: "http://localhost:8123/url/x", path: "x" } },
  ),
  fixture(
    "an absolute target is what counts",
    { target: "http://localhost:8123/url/x?y", headers: [["Host", "127.0.0.1:81"]] },
    { status: 200, json: { url: "http://localhost:8123/url/x?y", path: "x" } },
  ),
  reference("the rest of a path", "/files/any/depth/you%20like.txt", {
    status: 200,
    json: { path: "any/depth/you like.txt", segments: ["any", "depth", "you like.txt"] },
  }),
];
