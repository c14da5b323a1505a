/** Jinja's filters. Those that give text keep it safe exactly where Jinja does. */
import { get, isPlain, isString, list, multiply, number, slice as cut, truth } from "./runtime.ts";
import { concat, isSafe, print, type Safe, safe as toSafe, safeAs, text } from "./safe.ts";
import { compare, isEq } from "./tests.ts";

type Text = string | Safe;

export { print as escapeText } from "./safe.ts";

const upperOf = (value: string): string => value.toUpperCase();
const lowerOf = (value: string): string => value.toLowerCase();

/** Text that is changed by a function, and safe if it was. */
const changed = (value: unknown, change: (text: string) => string): Text => safeAs(value, change(text(value)));

export const upper = (value: unknown): Text => changed(value, upperOf);
export const lower = (value: unknown): Text => changed(value, lowerOf);
export const capitalize = (value: unknown): Text =>
  changed(value, (own) => upperOf(own.slice(0, 1)) + lowerOf(own.slice(1)));

const capitals = (own: string): string =>
  own
    .split(/([-\s({[<]+)/)
    .map((word) => upperOf(word.slice(0, 1)) + lowerOf(word.slice(1)))
    .join("");
/** Plain text, as in Jinja. */
export const title = (value: unknown): Text => capitals(text(value));

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

export const striptags = (value: unknown): string =>
  text(value)
    .replace(/<!--[^]*?-->/g, "")
    .replace(/<[^]*?>/g, "")
    .split(/\s+/)
    .filter(Boolean)
    .join(" ")
    .replace(/&(?:lt|gt|amp|quot|nbsp|#(?:x([\da-f]+)|(\d+)));/gi, (entity, hex?: string, decimal?: string) =>
      hex || decimal
        ? String.fromCodePoint(Number.parseInt(hex ?? decimal!, hex ? 16 : 10))
        : ({ "&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&nbsp;": "\xa0" }[entity.toLowerCase()] ?? entity),
    );

export function replace(value: unknown, old: unknown, next: unknown, count?: unknown): Text {
  const isMarkup = isSafe(value) || isSafe(old) || isSafe(next);
  const [own, from, to] = [value, old, next].map(isMarkup ? print : text) as [string, string, string];
  const limit = count == null || number(count) < 0 ? Infinity : number(count);
  let [result, rest, done] = ["", own, 0];
  for (; done < limit; done += 1) {
    const at = from === "" && rest !== own ? (rest === "" ? -1 : 1) : rest.indexOf(from);
    if (from === "") break;
    if (at < 0) break;
    result += rest.slice(0, at) + to;
    rest = rest.slice(at + from.length);
  }
  const all = from === "" ? between(own, to, limit) : result + rest;
  return isMarkup ? toSafe(all) : all;
}

/** A text before each character and at the end. */
const between = (own: string, to: string, limit: number): string =>
  [...own, ""].map((letter, index) => (index < limit ? to : "") + letter).join("");

/** Throws for everything else. */
function textOf(value: unknown): string {
  if (!isString(value)) throw new TypeError(`${value === null ? "none" : typeof value} is not a text`);
  return String(value);
}

export function truncate(value: unknown, length: unknown = 255, killwords?: unknown, end?: unknown, leeway?: unknown) {
  if (value !== undefined) textOf(value);
  const [letters, mark, most] = [[...text(value)], end ?? "...", number(length)];
  if (letters.length <= most + number(leeway ?? 5)) return value;
  const start = letters.slice(0, most - [...text(mark)].length).join("");
  const kept = truth(killwords) ? start : start.slice(0, start.includes(" ") ? start.lastIndexOf(" ") : undefined);
  return isSafe(value) ? concat(toSafe(kept), mark) : isSafe(mark) ? concat(kept, mark) : kept + text(mark);
}

export function indent(value: unknown, width: unknown = 4, first?: unknown, blank?: unknown): Text {
  const by = isString(width) ? text(width) : " ".repeat(number(width));
  const inner = isSafe(value) ? print(by) : by;
  const lines = textOf(value).split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/);
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
      if (name === undefined && used >= values.length) throw new TypeError("format has too few values");
      const given = name === undefined ? values[used++] : named[name];
      const own = /[sr]/.test(kind) ? shown(given).slice(0, precision === undefined ? undefined : Number(precision)) : numeral(given, kind, precision);
      const sign = /[+ ]/.exec(flags)?.[0];
      const signed = sign && !/[sr]/.test(kind) && !own.startsWith("-") ? (flags.includes("+") ? "+" : " ") + own : own;
      if (flags.includes("-")) return signed.padEnd(Number(width));
      if (!flags.includes("0") || /[sr]/.test(kind)) return signed.padStart(Number(width));
      const start = /^[-+ ]?/.exec(signed)![0];
      return start + signed.slice(start.length).padStart(Number(width) - start.length, "0");
    },
  );
  if (used < values.length) throw new TypeError("format has too many values");
  return safeAs(value, result);
}

function numeral(given: unknown, kind: string, precision: string | undefined): string {
  const own = number(given);
  const digits = Number(precision ?? 6);
  if (/[di]/.test(kind)) return String(Math.trunc(own));
  if (/[xXo]/.test(kind)) return own.toString(kind === "o" ? 8 : 16)[kind === "X" ? "toUpperCase" : "toLowerCase"]();
  if (kind === "f") return fixed(own, digits);
  const exponential = (places: number): string => own.toExponential(places).replace(/e([-+])(\d)$/, "e$10$2");
  if (/[eE]/.test(kind)) return kind === "E" ? upperOf(exponential(digits)) : exponential(digits);
  const exponent = own === 0 ? 0 : Math.floor(Math.log10(Math.abs(own)));
  const isLarge = exponent < -4 || exponent >= (digits || 1);
  const general = isLarge
    ? exponential((digits || 1) - 1).replace(/\.?0*e/, "e")
    : String(Number(own.toPrecision(digits || 1)));
  return kind === "G" ? upperOf(general) : general;
}

/** A number with so many digits after the point; a tie goes to the even digit, as in Python. */
function fixed(value: number, digits: number): string {
  const shown = value.toFixed(digits);
  const scaled = Math.abs(value) * 10 ** digits;
  const isTie = scaled % 1 === 0.5 && Math.floor(scaled) % 2 === 0 && Math.abs(value) < 1e15 && isExact(value, digits);
  return isTie ? (Math.sign(value) * (Math.floor(scaled) / 10 ** digits)).toFixed(digits) : shown;
}

const isExact = (value: number, digits: number): boolean => Number.isInteger(value * 2 ** (digits + 1));

export function round(value: unknown, precision: unknown = 0, method: unknown = "common"): number {
  const [own, scale] = [number(value), 10 ** number(precision)];
  if (method === "ceil") return Math.ceil(own * scale) / scale;
  if (method === "floor") return Math.floor(own * scale) / scale;
  if (method !== "common") throw new TypeError("round has the methods common, ceil and floor");
  return number(precision) < 0 ? Number(fixed(own * scale, 0)) / scale : Number(fixed(own, number(precision)));
}

export const abs = (value: unknown): number => Math.abs(number(value));

export function int(value: unknown, otherwise: unknown = 0, base: unknown = 10): unknown {
  if (value === undefined) throw new TypeError("an undefined value is no number");
  if (typeof value === "number" || typeof value === "boolean") return Math.trunc(Number(value));
  const own = text(value).trim().replaceAll(/(?<=\w)_(?=\w)/g, "");
  const prefixes: Readonly<Record<number, string>> = { 2: "0b", 8: "0o", 16: "0x" };
  const digits = own.replace(new RegExp(`^([-+]?)${prefixes[number(base)] ?? "(?!)"}`, "i"), "$1");
  const allowed = "0123456789abcdefghijklmnopqrstuvwxyz".slice(0, number(base));
  if (value !== null && new RegExp(`^[-+]?[${allowed}]+$`, "i").test(digits)) return Number.parseInt(digits, number(base));
  const parsed = value === null ? NaN : decimal(own);
  return Number.isFinite(parsed) ? Math.trunc(parsed) : otherwise;
}

const decimal = (own: string): number => (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(own) ? Number(own) : NaN);

export function float(value: unknown, otherwise: unknown = 0): unknown {
  if (value === undefined) throw new TypeError("an undefined value is no number");
  const parsed = typeof value === "number" || typeof value === "boolean" ? Number(value) : decimal(text(value).trim());
  return Number.isNaN(parsed) ? otherwise : parsed;
}

export function filesizeformat(value: unknown, binary?: unknown): string {
  const [bytes, base] = [Number(float(value)), truth(binary) ? 1024 : 1000];
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  const units = [..."kMGTPEZY"];
  const index = units.findIndex((_, at) => bytes < base ** (at + 2));
  const at = index < 0 ? units.length - 1 : index;
  const unit = truth(binary) ? `${upperOf(units[at]!)}iB` : `${units[at]}B`;
  return `${fixed(bytes / base ** (at + 1), 1)} ${unit}`;
}

export const length = (value: unknown): number => {
  if (value !== undefined && !isString(value) && !Array.isArray(value) && !(typeof value === "object" && value))
    throw new TypeError(`${value === null ? "none" : typeof value} has no length`);
  return list(value).length;
};

const copy = (value: unknown): unknown[] => [...list(value)];
export { copy as list };

export const first = (value: unknown): unknown => list(value)[0];
export const last = (value: unknown): unknown => list(value).at(-1);
export const reverse = (value: unknown): unknown =>
  isString(value) ? cut(value, undefined, undefined, -1) : copy(value).toReversed();

/** Nothing for an undefined value. */
export function items(value: unknown): readonly (readonly [string, unknown])[] {
  if (value === undefined) return [];
  if (typeof value !== "object" || !value || !isPlain(value)) throw new TypeError("items are those of an object");
  return Object.entries(value);
}

export const attr = (value: unknown, name: unknown): unknown => get(value, text(name));

/** The attribute at a path such as `address.city` or `0.name`. */
export const attribute = (value: unknown, path: unknown, otherwise?: unknown): unknown =>
  (typeof path === "number" ? [path] : text(path).split(".")).reduce<unknown>(
    (own, part) => get(own, /^\d+$/.test(String(part)) ? Number(part) : part) ?? otherwise,
    value,
  );

type Key = (item: unknown) => unknown;

/** What items are compared by: an attribute or themselves, texts in lower case if case does not count. */
const keyOf = (path: unknown, isCaseSensitive: unknown, otherwise?: unknown): Key => {
  const fold = (value: unknown): unknown => (isString(value) && !truth(isCaseSensitive) ? lowerOf(String(value)) : value);
  return (item) => fold(path == null ? item : attribute(item, path, otherwise));
};

const sorted = (values: readonly unknown[], key: Key, isReversed: unknown): unknown[] => {
  // Boxed, since JavaScript compares no undefined items.
  const boxes = values.map((item) => ({ item, key: key(item) }));
  const order = truth(isReversed) ? -1 : 1;
  return boxes.toSorted((a, b) => order * compare(a.key, b.key)).map(({ item }) => item);
};

export function sort(value: unknown, isReversed?: unknown, isCaseSensitive?: unknown, path?: unknown): unknown[] {
  const keys = (isString(path) ? String(path).split(",") : [path]).map((part) => keyOf(part, isCaseSensitive));
  return sorted(list(value), (item) => keys.map((key) => key(item)), isReversed);
}

export const dictsort = (value: unknown, isCaseSensitive?: unknown, by: unknown = "key", isReversed?: unknown) =>
  sorted(items(value), keyOf(by === "value" ? 1 : 0, isCaseSensitive), isReversed);

export function unique(value: unknown, isCaseSensitive?: unknown, path?: unknown): unknown[] {
  const key = keyOf(path, isCaseSensitive);
  const seen: unknown[] = [];
  return list(value).filter((item) => {
    const own = key(item);
    return !seen.some((one) => isEq(one, own)) && seen.push(own);
  });
}

const extreme = (value: unknown, key: Key, sign: number): unknown =>
  list(value).reduce((best, item) => (compare(key(item), key(best)) * sign > 0 ? item : best), first(value));

export const min = (value: unknown, isCaseSensitive?: unknown, path?: unknown): unknown =>
  extreme(value, keyOf(path, isCaseSensitive), -1);
export const max = (value: unknown, isCaseSensitive?: unknown, path?: unknown): unknown =>
  extreme(value, keyOf(path, isCaseSensitive), 1);

export function groupby(value: unknown, path: unknown, otherwise?: unknown, isCaseSensitive?: unknown) {
  const key = keyOf(path, isCaseSensitive, otherwise);
  const groups: { readonly key: unknown; readonly items: unknown[] }[] = [];
  for (const item of sorted(list(value), key, false)) {
    const own = key(item);
    const group = groups.at(-1);
    if (group && isEq(group.key, own)) group.items.push(item);
    else groups.push({ key: own, items: [item] });
  }
  return groups.map((group) => {
    const grouper = attribute(group.items[0], path, otherwise);
    return Object.assign([grouper, group.items], { grouper, list: group.items });
  });
}

export const sum = (value: unknown, path?: unknown, start: unknown = 0): unknown =>
  list(value).reduce<number>((all, item) => all + number(path == null ? item : attribute(item, path)), number(start));

export const join = (value: unknown, separator: unknown = "", path?: unknown): Text => {
  const all = list(value).map((item) => (path == null ? item : attribute(item, path)));
  return concat(...all.flatMap((item, index) => (index > 0 ? [separator, item] : [item])));
};

export function batch(value: unknown, size: unknown, fill?: unknown): unknown[][] {
  const all = list(value);
  const rows = Array.from({ length: Math.ceil(all.length / number(size)) }, (_, row) =>
    all.slice(row * number(size), (row + 1) * number(size)),
  );
  const missing = fill == null || rows.length === 0 ? 0 : number(size) - rows.at(-1)!.length;
  rows.at(-1)?.push(...(multiply([fill], missing) as unknown[]));
  return rows;
}

export function slice(value: unknown, slices: unknown, fill?: unknown): unknown[][] {
  const [all, count] = [list(value), number(slices)];
  const [size, extra] = [Math.floor(all.length / count), all.length % count];
  return Array.from({ length: count }, (_, index) => {
    const start = index * size + Math.min(index, extra);
    const part = all.slice(start, start + size + (index < extra ? 1 : 0));
    return fill != null && index >= extra ? [...part, fill] : part;
  });
}

export const map = (value: unknown, change: (item: unknown) => unknown): unknown[] => list(value).map(change);

export const select = (value: unknown, isKept: (item: unknown) => boolean): unknown[] =>
  truth(value) ? list(value).filter(isKept) : [];

/** @param rest another value than "", and whether all that counts as false is replaced too */
export const defaultTo = (value: unknown, ...rest: readonly unknown[]): unknown =>
  value === undefined || (truth(rest[1]) && !truth(value)) ? (rest.length > 0 ? rest[0] : "") : value;

/** JSON that is safe in HTML, inside scripts and single quotes too. */
export const tojson = (value: unknown, indentation?: unknown): Safe =>
  toSafe(
    (JSON.stringify(value ?? null, undefined, indentation == null ? undefined : number(indentation))).replace(
      /[<>&']/g,
      (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
    ),
  );

/** A text without its slashes, or the pairs of an object as a query. */
export function urlencode(value: unknown): string {
  const encode = (part: unknown, isQuery: boolean): string => {
    const own = encodeURIComponent(text(part)).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
    return isQuery ? own.replaceAll("%20", "+") : own.replaceAll("%2F", "/");
  };
  if (isString(value) || typeof value !== "object" || !value) return encode(value, false);
  const pairs = Array.isArray(value) ? value.map(list) : items(value);
  return pairs.map((pair) => pair.map((part) => encode(part, true)).join("=")).join("&");
}

/** Attributes with their values, without those that are none or undefined. Keys must not come from a user. */
export function xmlattr(value: unknown, hasSpace: unknown = true): Safe {
  const shown = items(value)
    .filter(([, own]) => own != null)
    .map(([key, own]) => {
      if (/[\s/>=]/.test(key)) throw new TypeError(`invalid character in the name of an attribute: ${key}`);
      return `${print(key)}="${print(own)}"`;
    });
  return toSafe((truth(hasSpace) && shown.length > 0 ? " " : "") + shown.join(" "));
}
