/** A table of a stage's releases for the terminal, with the live one marked. */
import type { Deployed, Release } from "../../deploy/platform.ts";

/** One release, as `--json` prints it. */
export interface ReleaseRow {
  readonly number: number;
  readonly live: boolean;
  /** The canary's percentage of the traffic. */
  readonly canary?: number;
  readonly when: string;
  readonly changes: string;
  readonly commit: string;
  /** Who deployed it. */
  readonly by: string;
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
    by: record?.by ?? "",
    message: record?.message ?? "",
  };
}

/** The message in one line of the table; `--json` has all of it. */
function firstLine(message: string, maxLength = 48): string {
  const [line = ""] = message.split(/[\r\n\u2028\u2029]/, 1);
  const text = line.replaceAll("\t", " ");
  return text.length > maxLength || text.length < message.length ? `${text.slice(0, maxLength - 1)}…` : text;
}

/** The number of columns of a text in a terminal: East Asian characters and emoji have two. */
function columns(text: string): number {
  const eastAsian = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;
  const isWide = (segment: string): boolean => eastAsian.test(segment) || /\p{Emoji_Presentation}/u.test(segment);
  return [...new Intl.Segmenter().segment(text)].reduce((sum, { segment }) => sum + (isWide(segment) ? 2 : 1), 0);
}

/** Columns padded to their widest value. `*` marks the live release. */
export function releaseTable(rows: readonly ReleaseRow[]): string {
  // The longest text is last, so that it can wrap without moving the other columns.
  const head = ["", "release", "when", "by", "commit", "message", "changes"];
  const cells = rows.map(({ number, live, canary, when, changes, commit, by, message }) => [
    live ? "*" : canary === undefined ? "" : `${canary} %`,
    String(number),
    when.slice(0, 16).replace("T", " "),
    // Of an ARN its end: `assumed-role/Deploy/ann`.
    firstLine(by.replace(/^arn:.*:/, ""), 32),
    commit,
    firstLine(message),
    changes,
  ]);
  const widths = head.map((title, at) => Math.max(...[title, ...cells.map((row) => row[at] ?? "")].map(columns)));
  return [head, ...cells]
    .map((row) =>
      row
        .map((cell, at) => cell + " ".repeat((widths[at] ?? 0) - columns(cell)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
