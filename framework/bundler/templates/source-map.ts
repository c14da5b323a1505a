/** The source map of a compiled template, from the marks that the generators leave in its code. */

/** Marks that the code that follows comes from an offset; `withSourceMap` takes the mark out. */
export const mark = ({ at }: { readonly at: number }): string => `\u0001${at}\u0002`;

/** The line and the column of an offset; both count from 0. */
export type PlaceAt = (offset: number) => readonly [line: number, column: number];

/** Finds lines by halves, since each mark asks for one. */
export function placesIn(source: string): PlaceAt {
  const starts = [0, ...[...source.matchAll(/\r\n|\r|\n/g)].map(({ index, 0: end }) => index + end.length)];
  return (offset) => {
    let [line, end] = [0, starts.length];
    while (end - line > 1) {
      const middle = Math.floor((line + end) / 2);
      if (starts[middle]! <= offset) line = middle;
      else end = middle;
    }
    return [line, offset - starts[line]!];
  };
}

/** Takes the marks out of generated code, and adds the source map that they make. */
export function withSourceMap(marked: string, source: string, file: string, placeAt: PlaceAt): string {
  let [mappings, previous] = ["", [0, 0, 0] as readonly number[]];
  const lines = marked.split("\n").map((line) => {
    let [code, column] = ["", 0];
    const segments = line.split("\u0001").map((part, index) => {
      const [offset = "", ...rest] = index > 0 ? part.split("\u0002") : ["", part];
      const start = code.length;
      code += rest.join("\u0002");
      if (index === 0) return "";
      const place = [0, ...placeAt(Number(offset))];
      const values = [start - column, ...place.map((value, part) => value - previous[part]!)];
      [column, previous] = [start, place];
      return values.map(toVlq).join("");
    });
    mappings += `${segments.filter((segment) => segment !== "").join()};`;
    return code;
  });
  const map = { version: 3, sources: [file.slice(file.lastIndexOf("/") + 1)], sourcesContent: [source], mappings };
  const url = `data:application/json;base64,${Buffer.from(JSON.stringify({ ...map, names: [] })).toString("base64")}`;
  return `${lines.join("\n")}\n//# sourceMappingURL=${url}\n`;
}

const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** A number as source maps write it (ECMA-426, "Base64 VLQ"). */
function toVlq(value: number): string {
  let [rest, text] = [value < 0 ? -value * 2 + 1 : value * 2, ""];
  do {
    text += base64[(rest % 32) + (rest >= 32 ? 32 : 0)];
    rest = Math.floor(rest / 32);
  } while (rest > 0);
  return text;
}
