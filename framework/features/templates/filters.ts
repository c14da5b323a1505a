/** Jinja's filters of lists, objects and numbers; those of texts are in text-filters.ts. */
import { get, isPlain, isString, list, multiply, number, slice as cut, truth } from "./runtime.ts";
import { concat, fail, print, type Safe, safe as toSafe, text } from "./safe.ts";
import { compare, isEq } from "./tests.ts";
import { fixed, type Text } from "./text-filters.ts";

export * from "./text-filters.ts";

export function round(value: unknown, precision: unknown = 0, method: unknown = "common"): number {
  const [own, scale] = [number(value), 10 ** number(precision)];
  if (method === "ceil") return Math.ceil(own * scale) / scale;
  if (method === "floor") return Math.floor(own * scale) / scale;
  if (method !== "common") fail("round has the methods common, ceil and floor");
  return number(precision) < 0 ? Number(fixed(own * scale, 0)) / scale : Number(fixed(own, number(precision)));
}

export const abs = (value: unknown): number => Math.abs(number(value));

export function int(value: unknown, otherwise: unknown = 0, base: unknown = 10): unknown {
  if (value === undefined) fail("an undefined value is no number");
  if (typeof value === "number" || typeof value === "boolean") return Math.trunc(Number(value));
  const own = text(value)
    .trim()
    .replaceAll(/(?<=\w)_(?=\w)/g, "");
  const prefixes: Readonly<Record<number, string>> = { 2: "0b", 8: "0o", 16: "0x" };
  const digits = own.replace(new RegExp(`^([-+]?)${prefixes[number(base)] ?? "(?!)"}`, "i"), "$1");
  const allowed = "0123456789abcdefghijklmnopqrstuvwxyz".slice(0, number(base));
  if (value !== null && new RegExp(`^[-+]?[${allowed}]+$`, "i").test(digits))
    return Number.parseInt(digits, number(base));
  const parsed = value === null ? NaN : decimal(own);
  return Number.isFinite(parsed) ? Math.trunc(parsed) : otherwise;
}

const decimal = (own: string): number => (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(own) ? Number(own) : NaN);

export function float(value: unknown, otherwise: unknown = 0): unknown {
  if (value === undefined) fail("an undefined value is no number");
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
  const unit = truth(binary) ? `${units[at]!.toUpperCase()}iB` : `${units[at]}B`;
  return `${fixed(bytes / base ** (at + 1), 1)} ${unit}`;
}

export const length = (value: unknown): number => {
  if (value !== undefined && !isString(value) && !Array.isArray(value) && !(typeof value === "object" && value))
    fail(`${value === null ? "none" : typeof value} has no length`);
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
  if (typeof value !== "object" || !value || !isPlain(value)) fail("items are those of an object");
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
  const fold = (value: unknown): unknown =>
    isString(value) && !truth(isCaseSensitive) ? String(value).toLowerCase() : value;
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
    JSON.stringify(value ?? null, undefined, indentation == null ? undefined : number(indentation)).replace(
      /[<>&']/g,
      (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
    ),
  );

/** A text without its slashes, or the pairs of an object as a query. */
export function urlencode(value: unknown): string {
  const encode = (part: unknown, isQuery: boolean): string => {
    const own = encodeURIComponent(text(part)).replace(
      /[!'()*]/g,
      (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
    );
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
      if (/[\s/>=]/.test(key)) fail(`invalid character in the name of an attribute: ${key}`);
      return `${print(key)}="${print(own)}"`;
    });
  return toSafe((truth(hasSpace) && shown.length > 0 ? " " : "") + shown.join(" "));
}
