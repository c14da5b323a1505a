/** Code frames around a position. */
import { expect, test } from "vitest";
import { codeFrame } from "../../framework/model/code-frame.ts";

test("the line, its neighbours and a caret", () => {
  const text = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`).join("\r\n");
  expect(codeFrame(text, text.indexOf("9") - 5, 4)).toEqual({
    line: 9,
    column: 1,
    frame: " 8 | line 8\n 9 | line 9\n   | ^^^^\n10 | line 10",
  });
});

test("the ends of a text", () => {
  expect(codeFrame("", 0)).toEqual({ line: 1, column: 1, frame: "1 |\n  | ^" });
  expect(codeFrame("ab\n", 3)).toEqual({ line: 2, column: 1, frame: "1 | ab\n2 |\n  | ^" });
  expect(codeFrame("\tab\ncd", 1, 99).frame).toBe("1 |  ab\n  |  ^^\n2 | cd");
});
