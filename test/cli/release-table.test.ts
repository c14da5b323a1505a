/** `portico releases` as a table: each column begins where its heading does, whatever the texts are made of. */
import { expect, test } from "vitest";
import { releaseTable } from "../../framework/cli/release-table.ts";

test("columns are aligned by the width that a terminal shows", () => {
  const row = { when: "2026-11-29T20:15:00.000Z", live: false, by: "", commit: "", message: "", changes: "1 function" };
  const table = releaseTable([
    { ...row, number: 3, canary: 10, message: "한글 🚀", commit: "0123456789+", by: "ann@example.com" },
    { ...row, number: 2, live: true, message: "a longer one", by: "arn:aws:sts::1:assumed-role/Deploy/ann" },
    { ...row, number: 1, changes: "its record is gone", when: "" },
  ]);
  expect(table.split("\n")).toEqual([
    "      release  when              by                       commit       message       changes",
    "10 %  3        2026-11-29 20:15  ann@example.com          0123456789+  한글 🚀       1 function",
    "*     2        2026-11-29 20:15  assumed-role/Deploy/ann               a longer one  1 function",
    "      1                                                                              its record is gone",
  ]);
});
