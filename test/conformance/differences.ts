/** The table of differences between runtimes: each row is what a platform cannot answer as the others do, and why. */
import type { Expectation } from "./case.ts";
import type { RuntimeName } from "./runtime.ts";

/** One difference. */
export interface Difference {
  /** The cases' names. */
  readonly cases: readonly string[];
  readonly runtimes: readonly RuntimeName[];
  /** For users, in full sentences: what is different, and why it cannot be helped. */
  readonly why: string;
  /** True: Cloudflare's own asset server answers, before any code of ours. Such rows are not among the ten that we allow ourselves. */
  readonly assetServer?: true;
  /** In place of what a case's last step expects. */
  readonly expect: Expectation;
  /** For cases where it is not that. */
  readonly but?: Readonly<Record<string, Expectation>>;
}

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** Cases that ask for files that were compressed beforehand. */
const encodedFiles = [
  "brotli for who takes it",
  "gzip for who takes that alone",
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
  "Cloudflare compresses static files itself, as it sees fit and under the plain file's ETag; files compressed beforehand are not used for that.";

/** All of them. A row that is no longer needed fails, like a difference without a row. */
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
    ],
    runtimes: ["lambda", "local-cloud", "lambda-ric"],
    why: "An HTTP API decodes the path, cuts it at a question mark, and decodes it again: an escaped slash (`%2F`) is a slash, what follows `%3F` is lost, and a percent sign is sent as `%2525`, since `%25` begins an escape or is 400.",
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
    cases: ["a handler that changes the request's headers"],
    runtimes: ["workers", "workers-dev", "workers-cloud"],
    why: "The headers of the request that a Worker gets cannot be changed; those of a copy, `new Request(request)`, can, on every target.",
    expect: { status: 500 },
  },
  {
    cases: ["a double dot cannot leave the root"],
    runtimes: ["lambda", "local-cloud", "lambda-ric"],
    why: "An HTTP API matches a path before its dot segments are resolved, so one that begins with `..` leads nowhere; browsers and most clients resolve them before they send.",
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
      "brotli for who takes it",
      "gzip for who takes that alone",
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
    why: "Cloudflare's asset server, as far as local workerd shows it, answers a range of a static file with the whole file, which RFC 9110 allows.",
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
    why: "Cloudflare's asset server compares If-None-Match with one ETag and does not read If-Match; it sends the static file.",
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
    why: "Cloudflare's asset server knows one spelling of each path, that of encodeURIComponent with single slashes, and redirects the others to it.",
    expect: { status: 307, headers: { location: "/file.txt" }, body: "" },
    but: {
      "a file named with plus and semicolon, as they are": { status: 307, headers: { location: "/a%2Bb%3Bc.txt" } },
      "a file named in unicode, hex in lower case": { status: 307, headers: { location: `/${encodeURIComponent("안녕.txt")}` } },
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
      "answering a network error",
      "answering a body that was read",
      "throwing an answer of its own that is none",
      "throwing an answer of its own that fails",
      "giving one text twice",
      "giving one json twice",
      "a throw below middleware is a bare 500",
      "a throw inside Hono",
    ],
    runtimes: ["lambda", "lambda-url", "workers-dev"],
    why: "In development the answer to a throw is the error with its place in the source; a build for production never shows it.",
    expect: { status: 500, body: /^\{"error":"Internal Server Error","requestId":"[^"]+","failure":\{"name":/ },
  },
];

/** The table as Markdown: docs/differences.md. */
export function differencesPage(): string {
  const rows = differences.map(
    ({ cases, runtimes, why }) => `| ${why} | ${runtimes.join(", ")} | ${cases.map((name) => `"${name}"`).join(", ")} |`,
  );
  return [
    "# Where the targets differ",
    "",
    "One list of HTTP cases (`test/conformance/`) runs on every runtime: in process, on the Lambda emulation behind an HTTP API (`lambda`) and behind a",
    "function URL (`lambda-url`), on the Workers artifact as it is uploaded (`workers`), on the Workers dev path (`workers-dev`), on the Node server (`node`),",
    "on the local cloud after a deploy to AWS behind an HTTP API (`local-cloud`) and behind a function URL (`local-cloud-url`) and to Cloudflare",
    "(`workers-cloud`), and there again under AWS's own runtime client (`lambda-ric`).",
    "Every difference is a row here; beside those of Cloudflare's own asset server there are ten at most. This page is written by",
    "`node test/conformance/write-differences.ts`; a test holds it to the table that the cases use.",
    "",
    "| what is different, and why | where | cases |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
