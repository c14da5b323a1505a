/** Did you mean. */
import { expect, test } from "vitest";
import { nearest } from "../../framework/config/nearest.ts";

const known = ["name", "target", "assets", "secrets", "stages", "env", "keep"];

test.each([
  ["nmae", "name"],
  ["asset", "assets"],
  ["Target", "target"],
  ["secerts", "secrets"],
  ["stage", "stages"],
  ["evn", "env"],
  ["database", undefined],
  ["x", undefined],
  ["", undefined],
])("%s → %s", (word, meant) => {
  expect(nearest(word, known)).toBe(meant);
});
