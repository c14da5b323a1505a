/**
 * Cases: what the answer of a static file says: conditions, ranges, types, caching, headers of hosting.json, encodings,
 * the 404 page.
 */
import { readFileSync } from "node:fs";
import { type Ask, type Case, caseOf, type Expectation, type Story, valuesOf } from "../case.ts";

const fixture = caseOf("fixture");
const own = (name: string): Uint8Array => readFileSync(new URL(`../app/functions/_public/${name}`, import.meta.url));
const everyByte = own("bytes.bin");
const packed = own("packed.txt");
const plain = "a plain text file\n";

/** GET of a file with headers. */
const get = (target: string, ...headers: [string, string][]): Ask => ({ target, headers });
const etagOf = ({ answers }: Story): string => (answers[0] ? valuesOf(answers[0], "etag").join() : "");

/** Asked once for its ETag, then again with headers made of it. */
const then = (name: string, first: Ask, again: (etag: string) => Ask, expect: Expectation): Case => ({
  name,
  app: "fixture",
  steps: [
    { ask: first, expect: { status: 200, headers: { etag: /^"[^"]+"$/ } } },
    { ask: (story) => again(etagOf(story)), expect },
  ],
});

const file = get("/file.txt");
const whole: Expectation = { status: 200, headers: { "content-range": null }, body: plain };
const unsatisfied = (size: number): Expectation => ({
  status: 416,
  headers: { "content-range": `bytes */${size}` },
  body: "",
});
const past = "Thu, 01 Jan 1970 00:00:00 GMT";
const future = "Fri, 01 Jan 2100 00:00:00 GMT";

const conditions: readonly Case[] = [
  fixture("a file has no Last-Modified", "/file.txt", { status: 200, headers: { "last-modified": null } }),
  fixture("If-None-Match of a star is 304", get("/file.txt", ["If-None-Match", "*"]), { status: 304, body: "" }),
  then(
    "an ETag without its quotes is another",
    file,
    (etag) => get("/file.txt", ["If-None-Match", etag.replaceAll('"', "")]),
    whole,
  ),
  then("304 says how long it may be kept", file, (etag) => get("/file.txt", ["If-None-Match", etag]), {
    status: 304,
    headers: { "cache-control": "public, max-age=0, must-revalidate" },
    body: "",
  }),
  then("HEAD can be 304", file, (etag) => ({ ...get("/file.txt", ["If-None-Match", etag]), method: "HEAD" }), {
    status: 304,
    body: "",
  }),
  then("304 for a folder's page", get("/site/"), (etag) => get("/site/", ["If-None-Match", etag]), {
    status: 304,
    body: "",
  }),
  then("If-Match with the file's ETag", file, (etag) => get("/file.txt", ["If-Match", etag]), whole),
  then("If-Match with the ETag in a list", file, (etag) => get("/file.txt", ["If-Match", `"other", ${etag}`]), whole),
  fixture("If-Match of a star", get("/file.txt", ["If-Match", "*"]), whole),
  fixture("If-Match with another ETag is 412", get("/file.txt", ["If-Match", '"other"']), { status: 412, body: "" }),
  then("If-Match with a weak ETag is 412", file, (etag) => get("/file.txt", ["If-Match", `W/${etag}`]), {
    status: 412,
    body: "",
  }),
  fixture("If-Modified-Since is ignored", get("/file.txt", ["If-Modified-Since", future]), whole),
  fixture("If-Modified-Since that is no date is ignored", get("/file.txt", ["If-Modified-Since", "yesterday"]), whole),
  fixture("If-Unmodified-Since is ignored", get("/file.txt", ["If-Unmodified-Since", past]), whole),
  then(
    "If-None-Match counts beside If-Modified-Since",
    file,
    (etag) => get("/file.txt", ["If-None-Match", etag], ["If-Modified-Since", past]),
    { status: 304, body: "" },
  ),
];

const range = (value: string, ...more: [string, string][]): Ask => get("/bytes.bin", ["Range", value], ...more);
const part = (first: number, last: number): Expectation => ({
  status: 206,
  headers: { "content-range": `bytes ${first}-${last}/256`, "content-length": String(last - first + 1) },
  body: everyByte.subarray(first, last + 1),
});
const all: Expectation = { status: 200, headers: { "content-range": null }, body: everyByte };

const ranges: readonly Case[] = [
  fixture("a range of one byte", range("bytes=5-5"), part(5, 5)),
  fixture("a range that goes on beyond the end", range("bytes=250-999"), part(250, 255)),
  fixture("more last bytes than there are", range("bytes=-999"), part(0, 255)),
  fixture("the last no bytes", range("bytes=-0"), unsatisfied(256)),
  fixture("a range of an empty file", get("/empty.txt", ["Range", "bytes=0-"]), unsatisfied(0)),
  fixture("a range within a character", get(`/${encodeURIComponent("안녕.txt")}`, ["Range", "bytes=0-2"]), {
    status: 206,
    headers: { "content-type": "text/plain; charset=utf-8", "content-range": "bytes 0-2/16" },
    body: "안",
  }),
  fixture("several ranges are the full file", range("bytes=0-1,4-5"), all),
  fixture("a range backwards is the full file", range("bytes=9-3"), all),
  fixture("a range of letters is the full file", range("bytes=a-b"), all),
  fixture("a range without an end or a beginning is the full file", range("bytes=-"), all),
  then(
    "If-Range with the file's ETag",
    get("/bytes.bin"),
    (etag) => range("bytes=1-2", ["If-Range", etag]),
    part(1, 2),
  ),
  fixture("If-Range with another ETag is the full file", range("bytes=1-2", ["If-Range", '"other"']), all),
  then(
    "If-Range with a weak ETag is the full file",
    get("/bytes.bin"),
    (etag) => range("bytes=1-2", ["If-Range", `W/${etag}`]),
    all,
  ),
  fixture("If-Range with a date is the full file", range("bytes=1-2", ["If-Range", future]), all),
  fixture(
    "a range is ignored for HEAD",
    { ...range("bytes=1-2"), method: "HEAD" },
    { status: 200, headers: { "content-range": null }, body: "" },
  ),
  then("304 comes before a range", get("/bytes.bin"), (etag) => range("bytes=1-2", ["If-None-Match", etag]), {
    status: 304,
    body: "",
  }),
];

const refused = (method: string): Case =>
  fixture(
    `${method} of a file`,
    { method, target: "/file.txt" },
    { status: 405, headers: { allow: "GET, HEAD" }, body: "" },
  );

const typed = (name: string, type: string): Case =>
  fixture(`the type of ${name}`, `/types/${name}`, { status: 200, headers: { "content-type": type } });

const forms: readonly Case[] = [
  ...["PUT", "PATCH", "DELETE", "OPTIONS"].map(refused),
  typed("a.csv", "text/csv; charset=utf-8"),
  typed("a.md", "text/markdown; charset=utf-8"),
  typed("a.wasm", "application/wasm"),
  typed("a.pdf", "application/pdf"),
  typed("a.woff2", "font/woff2"),
  typed("A.PNG", "image/png"),
  fixture("the type of a page", "/nested/page.html", {
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8" },
  }),
];

const kept = (name: string, path: string, value: string): Case =>
  fixture(name, path, { status: 200, headers: { "cache-control": value } });
const forGood = "public, max-age=31536000, immutable";
const asked = "public, max-age=0, must-revalidate";

const headers: readonly Case[] = [
  kept("a file with a hash in its name is kept for good", "/hashed/app.3f2a9c1b.txt", forGood),
  kept("a file with a hash in its name, further down", "/hashed/deep/more-0123abcd.js", forGood),
  kept("a file with a hash among others", "/mixed/app.3f2a9c1b.txt", forGood),
  kept("a file without a hash beside it", "/mixed/plain.txt", asked),
  kept("a date is no hash", "/mixed/20261120.txt", asked),
  kept("a rule goes before a hash in the name", "/headed/app.3f2a9c1b.txt", "public, max-age=60"),
  fixture("a rule for a folder", "/headed/plain.txt", {
    status: 200,
    headers: { "x-from": "the folder", "cache-control": "public, max-age=60" },
  }),
  fixture("the last rule wins for each header", "/headed/special.txt", {
    status: 200,
    headers: { "x-from": "the folder", "cache-control": "no-store" },
  }),
  fixture("a rule for the type and for other origins", "/headed/feed.txt", {
    status: 200,
    headers: { "content-type": "application/feed+json", "access-control-allow-origin": "*" },
  }),
  fixture("a rule for a name in unicode", `/${encodeURIComponent("안녕.txt")}`, {
    status: 200,
    headers: { "x-from": "a name in unicode: yes" },
  }),
  fixture("a rule is for files, not for routes", "/echo", { status: 200, headers: { "x-from": null } }),
  then(
    "304 has the headers of rules",
    get("/headed/plain.txt"),
    (etag) => get("/headed/plain.txt", ["If-None-Match", etag]),
    {
      status: 304,
      headers: { "x-from": "the folder", "cache-control": "public, max-age=60" },
    },
  ),
];

const takes = (value: string, target = "/packed.txt"): Ask => get(target, ["Accept-Encoding", value]);
const encoded = (encoding: "br" | "gzip", body: Uint8Array): Expectation => ({
  status: 200,
  headers: {
    "content-encoding": encoding,
    "content-type": "text/plain; charset=utf-8",
    "content-length": String(body.length),
    vary: /^accept-encoding$/i,
    etag: /^"[^"]+"$/,
  },
  body,
});
const unpacked: Expectation = {
  status: 200,
  headers: { "content-encoding": null, vary: /^accept-encoding$/i },
  body: packed,
};
const [br, gz] = [encoded("br", own("packed.txt.br")), encoded("gzip", own("packed.txt.gz"))];

const encodings: readonly Case[] = [
  fixture("brotli for clients that accept it", takes("gzip, deflate, br, zstd"), br),
  fixture("gzip for clients that accept only gzip", takes("gzip"), gz),
  fixture("the encoding with the greater weight", takes("br;q=0.5, gzip;q=0.9"), gz),
  fixture("an encoding of weight 0 is refused", takes("br;q=0, gzip;q=0"), unpacked),
  fixture("an encoding in capitals", takes("BR"), br),
  fixture("any encoding at all", takes("*"), br),
  fixture("any encoding but one", takes("br;q=0, *"), gz),
  fixture("identity with the greatest weight", takes("identity, br;q=0.5"), unpacked),
  fixture("an encoding that there is not", takes("zstd"), unpacked),
  fixture("no Accept-Encoding at all", "/packed.txt", unpacked),
  fixture("gzip where there is no brotli", takes("br, gzip", "/zipped.txt"), encoded("gzip", own("zipped.txt.gz"))),
  fixture("what was compressed of other bytes is not used", takes("gzip", "/stale.txt"), {
    status: 200,
    headers: { "content-encoding": null },
    body: packed,
  }),
  fixture("the compressed file by its own name", "/packed.txt.gz", {
    status: 200,
    headers: { "content-type": "application/gzip", "content-encoding": null },
    body: own("packed.txt.gz"),
  }),
  then(
    "an encoding has an ETag of its own",
    get("/packed.txt"),
    (etag) => ({ ...takes("br"), headers: [...(takes("br").headers ?? []), ["If-None-Match", etag]] }),
    br,
  ),
  then(
    "304 for an encoding",
    takes("br"),
    (etag) => get("/packed.txt", ["Accept-Encoding", "br"], ["If-None-Match", etag]),
    {
      status: 304,
      headers: { vary: /^accept-encoding$/i },
      body: "",
    },
  ),
  fixture(
    "a range is never one of an encoding",
    get("/packed.txt", ["Accept-Encoding", "br"], ["Range", "bytes=0-7"]),
    {
      status: 206,
      headers: { "content-encoding": null, "content-range": `bytes 0-7/${packed.length}` },
      body: "the same",
    },
  ),
  fixture(
    "HEAD of an encoding",
    { ...takes("br"), method: "HEAD" },
    {
      status: 200,
      headers: { "content-encoding": "br", "content-length": new RegExp(`^(${own("packed.txt.br").length})?$`) },
      body: "",
    },
  ),
];

const html: [string, string] = ["Accept", "text/html,application/xhtml+xml,*/*;q=0.8"];
const page: Expectation = {
  status: 404,
  headers: { "content-type": "text/html; charset=utf-8", vary: /^accept$/i, etag: null, "x-robots-tag": "noindex" },
  body: "<!doctype html><title>not here</title>\n",
};
const json: Expectation = { status: 404, json: { error: "Not Found" } };

const missing: readonly Case[] = [
  fixture("a browser gets the app's own 404 page", get("/nothing/here", html), page),
  fixture("a client of the API gets JSON", get("/nothing/here", ["Accept", "application/json"]), json),
  fixture("clients that accept anything get JSON", get("/nothing/here", ["Accept", "*/*"]), json),
  fixture("clients that refuse HTML get JSON", get("/nothing/here", ["Accept", "text/html;q=0, */*"]), json),
  fixture("HEAD of a missing path, by a browser", { ...get("/nothing", html), method: "HEAD" }, { ...page, body: "" }),
  fixture("POST to a missing path, by a browser", { ...get("/nothing", html), method: "POST", body: "x" }, json),
  fixture("the 404 page in a folder of files", get("/any/box/none.txt", html), page),
  fixture("the 404 page for a file in capitals", get("/FILE.TXT", html), page),
  fixture("the 404 page for a file that is no folder", get("/file.txt/", html), page),
  fixture("a route with a slash too many is no case for the 404 page", get("/users/me/", html), {
    status: 308,
    headers: { location: "/users/me" },
  }),
  fixture("the 404 page for a rest that is empty", get("/docs/", html), page),
  fixture("a navigation to a route is the route's", get("/users/me", html, ["Sec-Fetch-Mode", "navigate"]), {
    status: 200,
    body: "users/me",
  }),
  fixture(
    "a navigation to a missing path is the 404 page",
    get("/nothing", html, ["Sec-Fetch-Mode", "navigate"]),
    page,
  ),
  fixture("the 404 page has no ranges", get("/nothing", html, ["Range", "bytes=0-1"]), page),
  fixture("the 404 page knows no conditions", get("/nothing", html, ["If-None-Match", "*"]), page),
  fixture("the 404 page by its own name is a page", get("/404.html", html), {
    status: 200,
    body: "<!doctype html><title>not here</title>\n",
  }),
  fixture("a route's own 404 stays its own", get("/status/404", html), {
    status: 404,
    headers: { "x-robots-tag": null },
  }),
];

/** What static files answer. */
export const assetAnswers: readonly Case[] = [...conditions, ...ranges, ...forms, ...headers, ...encodings, ...missing];
