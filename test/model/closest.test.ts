/** Did you mean. */
import { expect, test } from "vitest";
import { closest } from "../../framework/model/closest.ts";

const known = ["name", "target", "assets", "secrets", "stages", "env", "keep"];

test.each([
  ["nmae", "name"],
  ["asset", "assets"],
  ["Target", "target"],
  ["secerts", "secrets"],
  ["stage", "stages"],
  ["evn", undefined],
  ["en", "env"],
  ["database", undefined],
  ["x", undefined],
  ["", undefined],
])("%s → %s", (word, meant) => {
  expect(closest(word, known)).toBe(meant);
});
