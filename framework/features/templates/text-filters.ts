/** Jinja's filters of texts, which keep them safe exactly where Jinja does. */
import { isString, number, truth } from "./runtime.ts";
import { concat, fail, isSafe, print, type Safe, safe as toSafe, safeAs, text } from "./safe.ts";

/** Text that may be safe. */
export type Text = string | Safe;

/** Text that is changed by a function, and safe if it was. */
const changed = (value: unknown, change: (text: string) => string): Text => safeAs(value, change(text(value)));

export const upper = (value: unknown): Text => changed(value, (own) => own.toUpperCase());
export const lower = (value: unknown): Text => changed(value, (own) => own.toLowerCase());
const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase();
export const capitalize = (value: unknown): Text => changed(value, capital);
/** Plain text, as in Jinja. */
export const title = (value: unknown): Text =>
  text(value)
    .split(/([-\s({[<]+)/)
    .map(capital)
    .join("");

/** @param chars those to take away; white space by default */
export const trim = (value: unknown, chars?: unknown): Text =>
  changed(value, (own) => {
    if (chars == null) return own.trim();
    const [letters, ends] = [[...own], [...text(chars)]];
    const isKept = (letter: string): boolean => !ends.includes(letter);
    const first = letters.findIndex(isKept);
    return first < 0 ? "" : letters.slice(first, letters.findLastIndex(isKept) + 1).join("");
  });

/** Texts between which Python's centring puts one more space before, where the margin and the width are odd. */
export const center = (value: unknown, width: unknown = 80): Text =>
  changed(value, (own) => {
    const margin = Math.max(0, number(width) - [...own].length);
    const left = Math.floor(margin / 2) + (margin & number(width) & 1);
    return " ".repeat(left) + own + " ".repeat(margin - left);
  });

export const string = (value: unknown): Text => (isSafe(value) ? value : text(value));
export const safe = (value: unknown): Safe => toSafe(value);
export const escape = (value: unknown): Safe => toSafe(print(value));
export const forceescape = (value: unknown): Safe => toSafe(print(text(value)));

/** A text without what is between two marks. A mark that does not end ends the search: the rest is looked at once. */
function without(own: string, start: string, end: string): string {
  let [kept, from] = ["", 0];
  for (;;) {
    const at = own.indexOf(start, from);
    const last = at < 0 ? -1 : own.indexOf(end, at + start.length);
    if (last < 0) return kept + own.slice(from);
    kept += own.slice(from, at);
    from = last + end.length;
  }
}

/** The character of a number; U+FFFD for numbers that have none. */
const character = (code: number): string => (code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code).toWellFormed());

export const striptags = (value: unknown): string =>
  without(without(text(value), "<!--", "-->"), "<", ">")
    .split(/\s+/)
    .filter(Boolean)
    .join(" ")
    .replace(/&(?:lt|gt|amp|quot|nbsp|#(?:x([\da-f]+)|(\d+)));/gi, (entity, hex?: string, decimal?: string) =>
      hex || decimal
        ? character(Number.parseInt(hex ?? decimal!, hex ? 16 : 10))
        : ({ "&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&nbsp;": "\xa0" }[entity.toLowerCase()] ?? entity),
    );

export function replace(value: unknown, old: unknown, next: unknown, count?: unknown): Text {
  const isMarkup = isSafe(value) || isSafe(old) || isSafe(next);
  const [own, from, to] = [value, old, next].map(isMarkup ? print : text) as [string, string, string];
  const limit = count == null || number(count) < 0 ? Infinity : number(count);
  // An empty text is before each character and at the end.
  const [first, ...parts] = from === "" ? ["", ...own, ""] : own.split(from);
  const all = first + parts.map((part, index) => (index < limit ? to : from) + part).join("");
  return isMarkup ? toSafe(all) : all;
}

/** Throws for everything else. */
function textOf(value: unknown): string {
  if (!isString(value)) fail(`${value === null ? "none" : typeof value} is not a text`);
  return String(value);
}

export function truncate(value: unknown, length: unknown = 255, killwords?: unknown, end?: unknown, leeway?: unknown) {
  if (value !== undefined) textOf(value);
  const [letters, mark, most] = [[...text(value)], end ?? "...", number(length)];
  const room = most - [...text(mark)].length;
  if (room < 0 || number(leeway ?? 5) < 0) fail("truncate has a length below that of its mark, or a leeway below 0");
  if (letters.length <= most + number(leeway ?? 5)) return value;
  const start = letters.slice(0, room).join("");
  const kept = truth(killwords) ? start : start.slice(0, start.includes(" ") ? start.lastIndexOf(" ") : undefined);
  return isSafe(value) ? concat(toSafe(kept), mark) : isSafe(mark) ? concat(kept, mark) : kept + text(mark);
}

export function indent(value: unknown, width: unknown = 4, first?: unknown, blank?: unknown): Text {
  const by = isString(width) ? text(width) : " ".repeat(number(width));
  const inner = isSafe(value) ? print(by) : by;
  const lines = textOf(value).split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/);
  const indented = lines.map((line, index) => (index > 0 && (line || truth(blank)) ? inner + line : line));
  return safeAs(value, (truth(first) ? inner : "") + indented.join("\n"));
}

export const wordcount = (value: unknown): number => text(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0;

/** `%s`, `%d`, `%.2f` and their like, with arguments in order or `%(name)s` with names. */
export function format(value: unknown, values: readonly unknown[], named: Readonly<Record<string, unknown>>): Text {
  let used = 0;
  const shown = isSafe(value) ? print : text;
  const result = text(value).replace(
    /%(?:\((\w+)\))?([-+ 0#]*)(\d+)?(?:\.(\d+))?([sdifxXoeEgGr%])/g,
    (_, name: string | undefined, flags: string, width = "0", precision: string | undefined, kind: string) => {
      if (kind === "%") return "%";
      if (name === undefined && used >= values.length) fail("format has too few values");
      const given = name === undefined ? values[used++] : named[name];
      const own = /[sr]/.test(kind)
        ? shown(given).slice(0, precision === undefined ? undefined : Number(precision))
        : numeral(given, kind, precision);
      const sign = /[+ ]/.exec(flags)?.[0];
      const signed = sign && !/[sr]/.test(kind) && !own.startsWith("-") ? (flags.includes("+") ? "+" : " ") + own : own;
      if (flags.includes("-")) return signed.padEnd(Number(width));
      if (!flags.includes("0") || /[sr]/.test(kind)) return signed.padStart(Number(width));
      const start = /^[-+ ]?/.exec(signed)![0];
      return start + signed.slice(start.length).padStart(Number(width) - start.length, "0");
    },
  );
  if (used < values.length) fail("format has too many values");
  return safeAs(value, result);
}

function numeral(given: unknown, kind: string, precision: string | undefined): string {
  const own = number(given);
  const digits = Number(precision ?? 6);
  if (/[di]/.test(kind)) return String(Math.trunc(own));
  if (/[xXo]/.test(kind)) return own.toString(kind === "o" ? 8 : 16)[kind === "X" ? "toUpperCase" : "toLowerCase"]();
  if (kind === "f") return fixed(own, digits);
  const exponential = (places: number): string => own.toExponential(places).replace(/e([-+])(\d)$/, "e$10$2");
  if (/[eE]/.test(kind)) return kind === "E" ? exponential(digits).toUpperCase() : exponential(digits);
  const exponent = own === 0 ? 0 : Math.floor(Math.log10(Math.abs(own)));
  const isLarge = exponent < -4 || exponent >= (digits || 1);
  const general = isLarge
    ? exponential((digits || 1) - 1).replace(/\.?0*e/, "e")
    : String(Number(own.toPrecision(digits || 1)));
  return kind === "G" ? general.toUpperCase() : general;
}

/** A number with so many digits after the point; a tie goes to the even digit, as in Python. */
export function fixed(value: number, digits: number): string {
  const shown = value.toFixed(digits);
  const scaled = Math.abs(value) * 10 ** digits;
  const isTie = scaled % 1 === 0.5 && Math.floor(scaled) % 2 === 0 && Math.abs(value) < 1e15 && isExact(value, digits);
  return isTie ? (Math.sign(value) * (Math.floor(scaled) / 10 ** digits)).toFixed(digits) : shown;
}

const isExact = (value: number, digits: number): boolean => Number.isInteger(value * 2 ** (digits + 1));
