/** Code frames: the line, the column and the surrounding lines of a position in a text, with a caret. */

/** A position; line and column count from 1, columns in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly frame: string;
}

/**
 * @param offset in UTF-16 units
 * @param length UTF-16 units to underline, at most to the end of the line
 */
export function codeFrame(text: string, offset: number, length = 1): Place {
  const before = text.slice(0, offset).split("\n");
  const line = before.length;
  const column = (before.at(-1)?.length ?? 0) + 1;
  const lines = text.split("\n").map((one) => one.replace(/\r$/, "").replaceAll("\t", " "));
  const width = String(Math.min(line + 1, lines.length)).length;
  const numbered = (number: number): string =>
    `${String(number).padStart(width)} | ${lines[number - 1] ?? ""}`.trimEnd();
  const carets = "^".repeat(Math.max(1, Math.min(length, (lines[line - 1]?.length ?? 0) - column + 1)));
  const frame = [
    ...(line > 1 ? [numbered(line - 1)] : []),
    numbered(line),
    `${" ".repeat(width)} | ${" ".repeat(column - 1)}${carets}`,
    ...(line < lines.length ? [numbered(line + 1)] : []),
  ];
  return { line, column, frame: frame.join("\n") };
}
