/** The table of differences between runtimes: each row is a case that a platform cannot answer as the others do, and why. */
import type { Expectation } from "./case.ts";
import type { RuntimeName } from "./runtime.ts";

/** One difference. */
export interface Difference {
  /** The case's name. */
  readonly case: string;
  readonly runtimes: readonly RuntimeName[];
  /** For users: what is different, and why it cannot be helped. */
  readonly why: string;
  /** In place of what the case's last step expects. */
  readonly expect: Expectation;
}

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const wholeFile = { status: 200, headers: { "content-range": null }, body: everyByte } as const;
const noRanges = "Cloudflare's asset server, as far as local workerd shows it, answers a range with the whole file, which RFC 9110 allows.";
const decodedPath = "An HTTP API hands the path over decoded, so an escaped slash cannot be told from a slash.";

/** All of them. A row that is no longer needed fails, like a difference without a row. */
export const differences: readonly Difference[] = [
  { case: "an escaped slash stays in its param", runtimes: ["lambda", "local-cloud"], why: decodedPath, expect: { status: 404 } },
  { case: "an escaped slash in lower case", runtimes: ["lambda", "local-cloud"], why: decodedPath, expect: { status: 404 } },
  { case: "the first bytes", runtimes: ["workers"], why: noRanges, expect: wholeFile },
  { case: "bytes from the middle", runtimes: ["workers"], why: noRanges, expect: wholeFile },
  { case: "the last bytes", runtimes: ["workers"], why: noRanges, expect: wholeFile },
  { case: "a range beyond the end", runtimes: ["workers"], why: noRanges, expect: wholeFile },
  {
    case: "one ETag of a list is 304",
    runtimes: ["workers"],
    why: "Cloudflare's asset server compares If-None-Match with one ETag; a list gets the file again.",
    expect: { status: 200, body: "a plain text file\n" },
  },
];
