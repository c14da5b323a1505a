/** A stage's releases for people: what is deployed in, a table out; what is live is marked. */
import type { Deployed, Release } from "../../deploy/platform.ts";

/** One row, also for machines. */
export interface ReleaseRow {
  readonly number: number;
  readonly live: boolean;
  /** Percent of the traffic, of a canary. */
  readonly canary?: number;
  readonly when: string;
  readonly changes: string;
  readonly commit: string;
  readonly message: string;
}

/** Newest first. */
export function releaseRows({ releases, live, canary }: Deployed): readonly ReleaseRow[] {
  return releases.toReversed().map((release) => {
    const row = toRow(release, release.number === live?.number);
    return release.number === canary?.release.number ? { ...row, canary: canary.percentage } : row;
  });
}

function toRow({ number, record }: Release, live: boolean): ReleaseRow {
  const neverLive = record?.state === "candidate" && !live ? " (never took traffic)" : "";
  const commit = record?.commit ?? "";
  return {
    number,
    live,
    when: record?.created ?? "",
    changes: record ? record.changes + neverLive : "its record is gone",
    commit: commit.slice(0, 10) + (commit.endsWith("+") ? "+" : ""),
    message: record?.message ?? "",
  };
}

/** A table has a row for each release; all of a message is in --json. */
function firstLine(message: string, most = 72): string {
  const [line = ""] = message.split(/[\r\n\u2028\u2029]/, 1);
  const text = line.replaceAll("\t", " ");
  return text.length > most || text.length < message.length ? `${text.slice(0, most - 1)}…` : text;
}

/** Columns padded to their widest value; `*` is the live one. */
export function releaseTable(rows: readonly ReleaseRow[]): string {
  const head = ["", "release", "when", "changes", "commit", "message"];
  const cells = rows.map(({ number, live, canary, when, changes, commit, message }) => [
    live ? "*" : canary === undefined ? "" : `${canary} %`,
    String(number),
    when.slice(0, 16).replace("T", " "),
    changes,
    commit,
    firstLine(message),
  ]);
  const widths = head.map((word, at) => Math.max(word.length, ...cells.map((row) => row[at]?.length ?? 0)));
  return [head, ...cells]
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
