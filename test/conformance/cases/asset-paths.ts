/** Cases: which paths lead to a static file, and that none leads anywhere else. */
import { type Case, caseOf, type Expectation } from "../case.ts";

const fixture = caseOf("fixture");
const text = (body: string): Expectation => ({
  status: 200,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body,
});
const nowhere: Expectation = { status: 404, headers: { location: null, etag: null }, json: { error: "Not Found" } };

const outside = (path: string): Case => fixture(`nothing outside the folder: ${path}`, path, nowhere);
const hidden = (path: string): Case => fixture(`nothing hidden: ${path}`, path, nowhere);
const other = (path: string): Case => fixture(`another name is another file: ${path}`, path, nowhere);

/** Paths of static files. */
export const assetPaths: readonly Case[] = [
  fixture("a file named with a percent sign", "/100%25.txt", text("one hundred percent\n")),
  fixture("a file named with a number sign", "/a%23b.txt", text("number sign\n")),
  fixture("a file named with plus and semicolon, escaped", "/a%2Bb%3Bc.txt", text("plus and semicolon\n")),
  fixture("a file named with plus and semicolon, as they are", "/a+b;c.txt", text("plus and semicolon\n")),
  fixture("a file named with marks that need no escape", "/it's%20(1)~.txt", text("marks\n")),
  fixture("a file named with brackets and braces", "/%5Ba%5D%7Bb%7D.txt", text("brackets\n")),
  fixture("a file named in unicode", `/${encodeURIComponent("안녕.txt")}`, text("안녕하세요\n")),
  fixture(
    "a file named in unicode, hex in lower case",
    `/${encodeURIComponent("안녕.txt").toLowerCase()}`,
    text("안녕하세요\n"),
  ),
  fixture("a letter that was escaped without need", "/f%69le.txt", text("a plain text file\n")),
  fixture("a dot segment in the path of a file", "/nested/./deep/module.js", {
    status: [200, 404],
    hides: ["export const GET"],
  }),
  fixture("a file below .well-known", "/.well-known/security.txt", text("Contact: mailto:security@example.com\n")),
  hidden("/.hidden"),
  hidden("/%2ehidden"),
  hidden("/%2Ehidden"),
  hidden("/.private/inside.txt"),
  hidden("/%2eprivate/inside.txt"),
  hidden("/.well-known/../.hidden"),
  hidden("/.git/config"),
  hidden("/.env"),
  other("/100%2525.txt"),
  other("/file.txt%20"),
  other("/file.txt."),
  other("/file.txt::$DATA"),
  other("/file.txt;v=1"),
  other("/File.txt"),
  other("/FILE~1.TXT"),
  other("/file.txt%2F"),
  other("/nested%5Cdeep%5Cmodule.js"),
  other("/nested/page"),
  other("/packed"),
  other("/file.txt%00.html"),
  outside("/%2e%2e/index.ts"),
  outside("/nested/%2e%2e/%2e%2e/index.ts"),
  outside("/%252e%252e/index.ts"),
  outside("/..%2findex.ts"),
  outside("/..%252findex.ts"),
  outside("/nested/..%2f..%2findex.ts"),
  outside("/..%5cindex.ts"),
  outside("/..%5C..%5Chosting.json"),
  outside("/%2e%2e%5c%2e%2e%5chosting.json"),
  outside("/functions/_public/file.txt"),
  outside("/_public-secret/file.txt"),
  outside("/hosting.json"),
  outside("/etc/passwd"),
  outside("/%2fetc%2fpasswd"),
  fixture("two slashes before a file", "//file.txt", nowhere),
  fixture("two slashes before a folder redirect nowhere", "//site", nowhere),
  fixture("two slashes behind a folder", "/site//", nowhere),
  fixture("an overlong escape of a dot", "/%c0%ae%c0%ae/index.ts", { status: 400 }),
  fixture("an escape cut short behind a file", "/file.txt%2", { status: 400 }),
  fixture("a folder's redirect keeps the query", "/site?a=1&b=%2F&c=/", {
    status: 308,
    headers: { location: "/site/?a=1&b=%2F&c=/" },
    body: "",
  }),
  fixture("a folder's redirect has the canonical path", "/%73ite", { status: 308, headers: { location: "/site/" } }),
  fixture("a redirect for HEAD", { method: "HEAD", target: "/site" }, { status: 308, headers: { location: "/site/" } }),
  fixture("a folder named in unicode without its slash", `/${encodeURIComponent("폴더")}`, {
    status: 308,
    headers: { location: `/${encodeURIComponent("폴더")}/` },
  }),
  fixture("a folder named in unicode", `/${encodeURIComponent("폴더")}/`, {
    status: 200,
    body: "<!doctype html><title>폴더</title>\n",
  }),
  fixture("a folder's page by its own name", "/site/index.html", {
    status: 200,
    body: "<!doctype html><title>site</title>\n",
  }),
  fixture("a folder's page and a query", "/site/?x=1", { status: 200, body: "<!doctype html><title>site</title>\n" }),
  fixture(
    "a folder's page for HEAD",
    { method: "HEAD", target: "/site/" },
    { status: 200, headers: { "content-type": "text/html; charset=utf-8" }, body: "" },
  ),
  fixture(
    "a folder's page takes no POST",
    { method: "POST", target: "/site/", body: "x" },
    { status: 405, headers: { allow: "GET, HEAD" } },
  ),
  fixture("a folder without its slash takes no POST", { method: "POST", target: "/site", body: "x" }, { status: 405 }),
];
