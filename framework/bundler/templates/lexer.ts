/** The lexer of templates: Jinja's delimiters, whitespace control, raw blocks and comments, as in Jinja 3.1. */
import { TemplateSyntaxError } from "./syntax-error.ts";

/** Text between tags, the two ends of tags, and what is inside of them. */
export interface Token {
  readonly type: "data" | "{{" | "}}" | "{%" | "%}" | "name" | "string" | "integer" | "float" | "operator" | "end";
  /** The text that it means; of strings without quotes. */
  readonly value: string;
  /** Of its first character in the source, and its length there. */
  readonly at: number;
  readonly length: number;
}

const opening = /\{(?:%(?<raw>[-+]?)\s*raw\s*(?:-%\}\s*|%\})|(?<kind>[%{#])(?<sign>[-+]?))/g;
const endRaw = /\{%(?<sign>[-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\})/g;
const endComment = /\+#\}|-#\}\s*|#\}/g;
const endOf = { "{{": /-\}\}\s*|\}\}/y, "{%": /\+%\}|-%\}\s*|%\}/y } as const;

/** In this order, as Jinja's: a float before an integer, and `//` before `/`. */
const rules: readonly (readonly [type: Token["type"] | "space", rule: RegExp])[] = [
  ["space", /\s+/y],
  ["float", /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy],
  ["integer", /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy],
  ["name", /[\p{ID_Continue}]+/uy],
  ["string", /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/sy],
  ["operator", /\/\/|\*\*|[=!<>]=|[-+/*%~[\](){}<>=.:|,;]/y],
];

const closing: Readonly<Record<string, string>> = { "{": "}", "(": ")", "[": "]" };

/** Ends with a token of type `end`. Throws TemplateSyntaxError. */
export function tokenize(whole: string): readonly Token[] {
  // One newline at the end of a file is not part of the template.
  const source = whole.replace(/(?:\r\n|\r|\n)$/, "");
  const tokens: Token[] = [];
  let at = 0;
  const addData = (end: number, sign: string | undefined): void => {
    const text = source.slice(at, end);
    const value = newlines(sign === "-" ? text.trimEnd() : text);
    if (value) tokens.push({ type: "data", value, at, length: text.length });
  };
  while (at < source.length) {
    const found = next(opening, source, at);
    addData(found?.index ?? source.length, found?.groups?.["raw"] ?? found?.groups?.["sign"]);
    if (!found) break;
    at = found.index + found[0].length;
    const kind = found.groups?.["kind"];
    if (kind === "%" || kind === "{") {
      const type = kind === "%" ? "{%" : "{{";
      tokens.push({ type, value: type, at: found.index, length: found[0].length });
      const end = readTag(source, at, type, tokens);
      if (end === undefined)
        throw new TemplateSyntaxError(`this ${type} has no ${endText[type]}`, found.index, found[0].length);
      at = end;
      continue;
    }
    const end = next(kind === "#" ? endComment : endRaw, source, at);
    const what = kind === "#" ? "comment" : "raw block";
    if (!end) throw new TemplateSyntaxError(`the end of this ${what} is missing`, found.index, found[0].length);
    if (kind !== "#") addData(end.index, end.groups?.["sign"]);
    at = end.index + end[0].length;
  }
  tokens.push({ type: "end", value: "the end of the template", at: source.length, length: 1 });
  return tokens;
}

const endText = { "{{": "}}", "{%": "%}" } as const;

/** Adds the tokens up to the end of a tag, and returns the position after it; undefined where it has none. */
function readTag(source: string, start: number, type: "{{" | "{%", tokens: Token[]): number | undefined {
  const open: string[] = [];
  for (let at = start; at < source.length;) {
    const end = open.length === 0 ? match(endOf[type], source, at) : undefined;
    if (end !== undefined) {
      tokens.push({ type: endText[type], value: endText[type], at, length: 2 });
      return at + end.length;
    }
    const [found, text = ""] = firstRule(source, at);
    if (!found) throw new TemplateSyntaxError(`unexpected character ${JSON.stringify(source.charAt(at))}`, at);
    if (found === "operator") checkBraces(open, text, at, endText[type]);
    if (found === "name" && !/^[\p{ID_Start}_]/u.test(text))
      throw new TemplateSyntaxError("invalid character in a name", at, text.length);
    const value = found === "string" ? unescape(text, at) : text;
    if (found !== "space") tokens.push({ type: found, value, at, length: text.length });
    at += text.length;
  }
  return undefined;
}

function checkBraces(open: string[], text: string, at: number, end: string): void {
  if (closing[text]) open.push(closing[text]);
  if (!/^[)}\]]$/.test(text)) return;
  const expected = open.pop();
  if (expected === undefined)
    throw new TemplateSyntaxError(`unexpected ${text}${end.startsWith(text) ? `, expected ${end}` : ""}`, at);
  if (expected !== text) throw new TemplateSyntaxError(`unexpected ${text}, expected ${expected}`, at);
}

function firstRule(source: string, at: number): readonly [type?: (typeof rules)[number][0], text?: string] {
  for (const [type, rule] of rules) {
    const text = match(rule, source, at);
    if (text !== undefined) return [type, text];
  }
  return [];
}

/** The match of a sticky expression at a position. */
function match(rule: RegExp, source: string, at: number): string | undefined {
  rule.lastIndex = at;
  return rule.exec(source)?.[0];
}

/** The first match of a global expression after a position. */
function next(rule: RegExp, source: string, at: number): RegExpExecArray | null {
  rule.lastIndex = at;
  return rule.exec(source);
}

const newlines = (text: string): string => text.replace(/\r\n|\r/g, "\n");

const escapes: Readonly<Record<string, string>> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Python's escapes; unknown ones stay as they are. */
const unescape = (text: string, at: number): string =>
  newlines(text.slice(1, -1)).replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([^]))/g,
    (all: string, x?: string, u?: string, long?: string, octal?: string, one: string = "") => {
      const hex = x ?? u ?? long;
      const code = hex ? Number.parseInt(hex, 16) : octal ? Number.parseInt(octal, 8) : undefined;
      if ((one && "xuUN".includes(one)) || (code ?? 0) > 0x10ffff)
        throw new TemplateSyntaxError("invalid escape in a string", at, text.length);
      return code === undefined ? (escapes[one] ?? all) : String.fromCodePoint(code);
    },
  );
