/** Suggestions for misspelt words. */
import { expect, test } from "vitest";
import { nearestWord } from "../../framework/model/did-you-mean.ts";

const known = ["name", "traces", "target", "assets", "secrets", "stages", "env", "keep"];

test.each([
  ["nmae", "name"],
  ["asset", "assets"],
  ["Target", "target"],
  ["secerts", "secrets"],
  ["stage", "stages"],
  ["evn", "env"],
  ["tragets", "target"],
  ["en", "env"],
  ["database", undefined],
  ["x", undefined],
  ["", undefined],
])("%s → %s", (word, meant) => {
  expect(nearestWord(word, known)).toBe(meant);
});
