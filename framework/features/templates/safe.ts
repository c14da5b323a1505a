/** Safe text: HTML that is printed as it is, in the form of Hono's, and the escaping of all other values. */

/** HTML that is not escaped again: from `|safe`, a macro, a block, JSX or `hono/html`. */
export interface Safe {
  readonly isEscaped: true;
  toString(): string;
}

/** What Hono prints an element of its JSX with: it adds to the first text. */
export interface Element extends Safe {
  toStringToBuffer(buffer: [string]): void;
}

/** An error of the template, which source maps give its line. */
export function fail(message: string): never {
  throw new TypeError(message);
}

/** Text that is known to be HTML. */
export const safe = (value: unknown): Safe => Object.assign(new String(text(value)), { isEscaped: true as const });

/**
 * Text of Hono's `raw` and `html`, elements of its JSX, and modules. Nothing that a JSON text or a form gives is safe,
 * whatever its keys or its prototype, which the key `__proto__` sets: neither makes a String object or a method.
 */
export const isSafe = (value: unknown): value is Safe =>
  (value as Safe | undefined)?.isEscaped === true &&
  (value instanceof String || typeof (value as Element).toStringToBuffer === "function");

/** A value as text, not escaped: nothing for none and undefined, JSON for lists and objects. */
export function text(value: unknown): string {
  if (value == null) return "";
  if (typeof value === "function") fail("a function is printed: call it");
  // oxlint-disable-next-line typescript/no-base-to-string -- safe values have a text of their own
  if (typeof value !== "object" || isSafe(value)) return String(value);
  if (value instanceof Promise) fail("a promise is printed: await it before");
  return value instanceof Date ? value.toJSON() : JSON.stringify(value);
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

/** A value as HTML. */
export const print = (value: unknown): string =>
  isSafe(value) ? String(value) : text(value).replace(/[&<>"']/g, (character) => entities[character]!);

/** Safe if one of the values is, which escapes the others. */
export const concat = (...values: readonly unknown[]): string | Safe =>
  values.some(isSafe) ? safe(values.map(print).join("")) : values.map(text).join("");

/** Safe where another value is. */
export const safeAs = (origin: unknown, result: string): string | Safe => (isSafe(origin) ? safe(result) : result);
