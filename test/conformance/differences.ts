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
  /** In place of what a case's last step expects. */
  readonly expect: Expectation;
}

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** All of them. A row that is no longer needed fails, like a difference without a row. */
export const differences: readonly Difference[] = [
  {
    cases: ["an escaped slash stays in its param", "an escaped slash in lower case"],
    runtimes: ["lambda", "local-cloud", "lambda-ric"],
    why: "An HTTP API hands the path over decoded, so an escaped slash (`%2F`) cannot be told from a slash.",
    expect: { status: 404 },
  },
  {
    cases: ["a double dot cannot leave the root"],
    runtimes: ["lambda", "local-cloud", "lambda-ric"],
    why: "An HTTP API matches a path before its dot segments are resolved, so one that begins with `..` leads nowhere; browsers and most clients resolve them before they send.",
    expect: { status: 404 },
  },
  {
    cases: ["the first bytes", "bytes from the middle", "the last bytes", "a range beyond the end"],
    runtimes: ["workers"],
    why: "Cloudflare's asset server, as far as local workerd shows it, answers a range of a static file with the whole file, which RFC 9110 allows.",
    expect: { status: 200, headers: { "content-range": null }, body: everyByte },
  },
  {
    cases: ["one ETag of a list is 304"],
    runtimes: ["workers"],
    why: "Cloudflare's asset server compares If-None-Match with one ETag; for a list it sends the static file again.",
    expect: { status: 200, body: "a plain text file\n" },
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
      "a throw below middleware is a bare 500",
      "a throw inside Hono",
    ],
    runtimes: ["lambda", "workers-dev"],
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
    "One list of HTTP cases (`test/conformance/`) runs on every runtime: in process, on the Lambda emulation (`lambda`), on the Workers artifact as it",
    "is uploaded (`workers`), on the Workers dev path (`workers-dev`), on the Node server (`node`), on the local cloud after a deploy (`local-cloud`) and there",
    "again under AWS's own runtime client (`lambda-ric`).",
    "Every difference is a row here. This page is written by `node test/conformance/write-differences.ts`; a test holds it to the table that the cases use.",
    "",
    "| what is different, and why | where | cases |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
