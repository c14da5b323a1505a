/** The table of differences between runtimes: the cases that a platform answers differently, and the reason. */
import type { Expectation } from "./case.ts";
import type { RuntimeName } from "./runtime.ts";

/** One difference. */
export interface Difference {
  /** The cases' names. */
  readonly cases: readonly string[];
  readonly runtimes: readonly RuntimeName[];
  /** The difference and its reason, in full sentences for users. */
  readonly why: string;
  /**
   * Whether Cloudflare's asset server answers before any code of the app. Such rows are not counted in the limit of
   * ten.
   */
  readonly assetServer?: true;
  /** Replaces the expectation of a case's last step. */
  readonly expect: Expectation;
  /** Other expectations by case. */
  readonly but?: Readonly<Record<string, Expectation>>;
}

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** Cases that request precompressed files. */
const encodedFiles = [
  "brotli for clients that accept it",
  "gzip for clients that accept only gzip",
  "the encoding with the greater weight",
  "an encoding of weight 0 is refused",
  "an encoding in capitals",
  "any encoding at all",
  "any encoding but one",
  "identity with the greatest weight",
  "an encoding that there is not",
  "no Accept-Encoding at all",
  "gzip where there is no brotli",
  "an encoding has an ETag of its own",
  "304 for an encoding",
  "a range is never one of an encoding",
];

const compressesItself =
  "Cloudflare compresses static files itself, as it sees fit and under the plain file's ETag; files " +
  "compressed beforehand are not used for that.";

/** All differences; a row that is no longer needed fails, like a difference without a row. */
export const differences: readonly Difference[] = [
  {
    cases: [
      "an escaped slash stays in its param",
      "an escaped slash in lower case",
      "a percent sign is decoded once",
      "an escape in a rest param",
      "a file named with a percent sign",
      "an escaped escape is decoded once",
      "params below middleware are decoded once",
      "an escaped question mark",
      "an escaped question mark and a query",
      "another name is another file: /100%2525.txt",
      "no photo: ..%2Fx",
    ],
    runtimes: ["lambda", "local-cloud", "lambda-ric"],
    why:
      "An HTTP API decodes the path, cuts it at a question mark, and decodes it again: an escaped slash " +
      "(`%2F`) is a slash, what follows `%3F` is lost, and a percent sign is sent as `%2525`, since `%25` " +
      "begins an escape or is 400.",
    expect: { status: 404 },
    but: {
      "a percent sign is decoded once": { status: 400 },
      "an escape in a rest param": { status: 400 },
      "a file named with a percent sign": { status: 400 },
      "an escaped escape is decoded once": { status: 200, json: { route: "users/[id]", params: { id: "A" } } },
      "params below middleware are decoded once": { status: 200, body: /"name":"A b"/ },
      "an escaped question mark": { status: 200, json: { route: "users/[id]", params: { id: "what" } } },
      "an escaped question mark and a query": { status: 200, json: { route: "users/[id]", params: { id: "what" } } },
      "another name is another file: /100%2525.txt": { status: 200, body: "one hundred percent\n" },
    },
  },
  {
    cases: ["400 has the same bytes everywhere"],
    runtimes: ["lambda", "local-cloud", "lambda-ric"],
    why: "An HTTP API answers 400 to a malformed escape by itself, in its own words.",
    expect: { status: 400, body: '{"message":"Bad Request"}' },
  },
  {
    cases: ["an empty query", "an empty query with a path that is not canonical"],
    runtimes: ["lambda", "lambda-url", "local-cloud", "local-cloud-url", "lambda-ric"],
    why: "Lambda's events have the query without its question mark, so a question mark that nothing follows is lost.",
    expect: { status: 200, body: /\/url\/x","path":"x"\}$/ },
  },
  {
    cases: ["a client that disconnects in the middle of a stream"],
    runtimes: ["lambda", "lambda-url", "local-cloud", "local-cloud-url", "lambda-ric"],
    why: "Lambda does not report that a client disconnects: the function runs to its end.",
    expect: { status: 200, json: [] },
  },
  {
    cases: [
      "bytes beyond ASCII in a request header are Latin-1",
      "characters beyond ASCII in an answer's header are Latin-1",
    ],
    runtimes: ["workers", "workers-dev", "workers-cloud"],
    why:
      "The Workers runtime takes the bytes of headers for UTF-8, both ways: those that are none are lost " +
      "before the Worker runs, so escape such values.",
    expect: { status: 200, headers: { "x-bytes": "caf\xc3\xa9" } },
    but: { "bytes beyond ASCII in a request header are Latin-1": { status: 200, body: /"x-bytes":"caf\ufffd 안"/ } },
  },
  {
    cases: ["a raw backslash is no part of a path", "an absolute target is what counts"],
    runtimes: ["workers"],
    why:
      "A Worker gets a URL that was parsed before it, as far as local workerd shows it: a raw backslash is a " +
      "slash there, and a request with an absolute target is refused.",
    expect: { status: 404 },
    but: { "an absolute target is what counts": { status: 500 } },
  },
  {
    cases: ["a handler that changes the request's headers"],
    runtimes: ["workers", "workers-dev", "workers-cloud"],
    why:
      "The headers of the request that a Worker gets cannot be changed; those of a copy, `new " +
      "Request(request)`, can, on every target.",
    expect: { status: 500 },
  },
  {
    cases: ["a double dot cannot leave the root"],
    runtimes: ["lambda", "local-cloud", "lambda-ric"],
    why:
      "An HTTP API matches a path before its dot segments are resolved, so one that begins with `..` leads " +
      "nowhere; browsers and most clients resolve them before they send.",
    expect: { status: 404 },
  },
  {
    cases: [
      "every byte of a file",
      "the first bytes",
      "bytes from the middle",
      "the last bytes",
      "a range of one byte",
      "a range that goes on beyond the end",
      "more last bytes than there are",
      "If-Range with the file's ETag",
      "brotli for clients that accept it",
      "gzip for clients that accept only gzip",
      "the encoding with the greater weight",
      "an encoding in capitals",
      "any encoding at all",
      "any encoding but one",
      "gzip where there is no brotli",
      "an encoding has an ETag of its own",
    ],
    runtimes: ["local-cloud-url"],
    why: "A function URL streams every answer in chunks, so a static file comes without its Content-Length.",
    expect: {
      status: [200, 206],
      headers: { "content-length": null, "transfer-encoding": "chunked", "x-amzn-remapped-content-length": /^\d+$/ },
    },
  },
  {
    cases: [
      "the first bytes",
      "bytes from the middle",
      "the last bytes",
      "a range beyond the end",
      "a range of one byte",
      "a range that goes on beyond the end",
      "more last bytes than there are",
      "the last no bytes",
      "a range of an empty file",
      "a range within a character",
      "If-Range with the file's ETag",
    ],
    runtimes: ["workers", "workers-cloud"],
    assetServer: true,
    why:
      "Cloudflare's asset server, as far as local workerd shows it, answers a range of a static file with the " +
      "whole file, which RFC 9110 allows.",
    expect: { status: 200, headers: { "content-range": null }, body: everyByte },
    but: {
      "a range of an empty file": { status: 200, headers: { "content-range": null }, body: "" },
      "a range within a character": { status: 200, headers: { "content-range": null }, body: "안녕하세요\n" },
    },
  },
  {
    cases: [
      "one ETag of a list is 304",
      "If-None-Match of a star is 304",
      "If-Match with another ETag is 412",
      "If-Match with a weak ETag is 412",
    ],
    runtimes: ["workers", "workers-cloud"],
    assetServer: true,
    why:
      "Cloudflare's asset server compares If-None-Match with one ETag and does not read If-Match; it sends the " +
      "static file.",
    expect: { status: 200, body: "a plain text file\n" },
  },
  {
    cases: [
      "a file named with plus and semicolon, as they are",
      "a file named in unicode, hex in lower case",
      "a letter that was escaped without need",
      "two slashes before a file",
    ],
    runtimes: ["workers", "workers-cloud"],
    assetServer: true,
    why:
      "Cloudflare's asset server knows one spelling of each path, that of encodeURIComponent with single " +
      "slashes, and redirects the others to it.",
    expect: { status: 307, headers: { location: "/file.txt" }, body: "" },
    but: {
      "a file named with plus and semicolon, as they are": { status: 307, headers: { location: "/a%2Bb%3Bc.txt" } },
      "a file named in unicode, hex in lower case": {
        status: 307,
        headers: { location: `/${encodeURIComponent("안녕.txt")}` },
      },
    },
  },
  {
    cases: ["PUT of a file", "PATCH of a file", "DELETE of a file", "OPTIONS of a file"],
    runtimes: ["workers", "workers-cloud"],
    assetServer: true,
    why: "Cloudflare's asset server refuses other methods for a static file without saying which are allowed.",
    expect: { status: 405, headers: { allow: null }, body: "" },
  },
  {
    cases: [...encodedFiles, "what was compressed of other bytes is not used"],
    runtimes: ["workers"],
    assetServer: true,
    why: compressesItself,
    expect: { status: [200, 304], headers: { vary: null, "content-range": null } },
  },
  {
    cases: [...encodedFiles, "HEAD of an encoding"],
    runtimes: ["workers-cloud"],
    assetServer: true,
    why: compressesItself,
    expect: { status: [200, 304], headers: { vary: null, "content-range": null } },
  },
  {
    cases: [
      "a route that throws",
      "throwing error",
      "throwing string",
      "throwing undefined",
      "throwing null",
      "throwing object",
      "throwing later",
      "answering nothing",
      "answering a number",
      "answering an object",
      "answering an object with a status",
      "answering undefined as JSON",
      "answering a function as JSON",
      "answering a network error",
      "answering a body that was read",
      "throwing an answer of its own that is none",
      "throwing an answer of its own that fails",
      "giving one text twice",
      "giving one json twice",
      "a throw below middleware is a bare 500",
      "a throw inside Hono",
    ],
    runtimes: ["lambda", "lambda-url", "workers-dev", "node-dev"],
    why:
      "In development the answer to a throw is the error with its place in the source; a build for production " +
      "never shows it.",
    expect: { status: 500, body: /^\{"error":"Internal Server Error","requestId":"[^"]+","failure":\{"name":/ },
  },
];

/** The table as Markdown: docs/differences.md. */
export function differencesPage(): string {
  const rows = differences.map(
    ({ cases, runtimes, why }) =>
      `| ${why} | ${runtimes.join(", ")} | ${cases.map((name) => `"${name}"`).join(", ")} |`,
  );
  return [
    "# Where the targets differ",
    "",

    "One list of HTTP cases (`test/conformance/`) runs on every runtime. A request has the same answer " +
      "everywhere, but for",
    "the rows below. To run the list on one runtime:",
    "",
    "```sh",
    "npx vitest run test/conformance/lambda.test.ts",
    "```",
    "",

    "The runtimes: the Lambda emulation behind an HTTP API (`lambda`) and behind a function URL " +
      "(`lambda-url`); the Workers",

    "artifact as it is uploaded (`workers`), and in dev (`workers-dev`); the Node server (`node`), and in " +
      "dev (`node-dev`);",
    "the local cloud after a deploy to AWS behind an HTTP API (`local-cloud`) and behind a function URL",
    "(`local-cloud-url`), and to Cloudflare (`workers-cloud`); and AWS's own runtime client (`lambda-ric`).",
    "",

    "Each difference is one row; beside those of Cloudflare's own asset server there are ten at most. This " +
      "page is written",
    "by `node test/conformance/write-differences.ts`, and a test compares it with the table that the cases use.",
    "",
    "| what is different, and why | where | cases |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
