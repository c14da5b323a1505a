/** The table of differences between runtimes: each row is a case that a platform cannot answer as the others do, and why. */
import type { Expectation } from "./case.ts";
import type { RuntimeName } from "./runtime.ts";

/** One difference. */
export interface Difference {
  /** The case's name. */
  readonly case: string;
  readonly runtimes: readonly RuntimeName[];
  /** For users: what is different, and since when or why it cannot be helped. */
  readonly why: string;
  /** In place of what the case's last step expects. */
  readonly expect: Expectation;
}

const decodedPath = "An HTTP API hands the path over decoded, so an escaped slash cannot be told from a slash.";

/** All of them. A row that is no longer needed fails, like a difference without a row. */
export const differences: readonly Difference[] = [
  { case: "an escaped slash stays in its param", runtimes: ["lambda", "local-cloud"], why: decodedPath, expect: { status: 404 } },
  { case: "an escaped slash in lower case", runtimes: ["lambda", "local-cloud"], why: decodedPath, expect: { status: 404 } },
];
