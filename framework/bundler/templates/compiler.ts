/** The compiler of templates: from Jinja's source to an ES module with a source map. It reads and runs nothing. */
import type { GeneratorOptions } from "./expression-generator.ts";
import { Generator } from "./generator.ts";
import { TemplateSyntaxError } from "./lexer.ts";
import { parseTemplate } from "./parser.ts";

/** What a module is made with. */
export interface CompileOptions extends Omit<GeneratorOptions, "placeOf"> {
  /** The path of the template, for messages and the source map. */
  readonly file: string;
}

/** A compiled template. */
export interface CompiledTemplate {
  /** JavaScript, with its source map in a comment. */
  readonly code: string;
  /** Names of the data that the template reads, those of its parents and parts aside. */
  readonly names: readonly string[];
}

/** Throws TemplateSyntaxError. */
export function compileTemplate(source: string, { file, ...options }: CompileOptions): CompiledTemplate {
  const placeAt = placesIn(source);
  const placeOf = (offset: number): string => [file, ...placeAt(offset).map((from0) => from0 + 1)].join(":");
  try {
    const generator = new Generator({ ...options, placeOf });
    const code = withSourceMap(generator.module(parseTemplate(source)), source, file, placeAt);
    return { code, names: [...generator.names] };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TemplateSyntaxError("the template is nested too deeply", 0, 1, "Split it into macros or templates.");
  }
}

/** The line and the column of an offset; both count from 0. */
type PlaceAt = (offset: number) => readonly [line: number, column: number];

/** Finds lines by halves, since each mark asks for one. */
function placesIn(source: string): PlaceAt {
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
function withSourceMap(marked: string, source: string, file: string, placeAt: PlaceAt): string {
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
