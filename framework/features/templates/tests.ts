/** Jinja's tests, such as `is defined`, and its comparisons. */
import { apply, isPlain, isString, list, modulo } from "./runtime.ts";
import { isSafe, text } from "./safe.ts";

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Equal by value; lists and objects by what is in them. */
export function isEq(left: unknown, right: unknown): boolean {
  if (isString(left) && isString(right)) return String(left) === String(right);
  if (!isObject(left) || !isObject(right)) return left === right;
  if (Array.isArray(left) !== Array.isArray(right) || !(Array.isArray(left) || (isPlain(left) && isPlain(right))))
    return left === right;
  const entries = Object.entries(left);
  return (
    entries.length === Object.keys(right).length &&
    entries.every(([key, value]) => Object.hasOwn(right, key) && isEq(value, (right as Record<string, unknown>)[key]))
  );
}

export const isNe = (left: unknown, right: unknown): boolean => !isEq(left, right);

/** Below 0, 0 or above; numbers, texts, booleans, and lists of them. Throws for values of two types. */
export function compare(left: unknown, right: unknown): number {
  if (Array.isArray(left) && Array.isArray(right)) {
    const index = left.findIndex((item, at) => at >= right.length || !isEq(item, right[at]));
    return index < 0 ? left.length - right.length : index < right.length ? compare(left[index], right[index]) : 1;
  }
  const [a, b] = [left, right].map((value) => (value instanceof String ? String(value) : value));
  if (typeof a !== typeof b || !["number", "string", "boolean", "bigint"].includes(typeof a))
    throw new TypeError(`${typeof left} and ${typeof right} have no order`);
  return (a as number) < (b as number) ? -1 : a === b ? 0 : 1;
}

export const isLt = (left: unknown, right: unknown): boolean => compare(left, right) < 0;
export const isLe = (left: unknown, right: unknown): boolean => compare(left, right) <= 0;
export const isGt = (left: unknown, right: unknown): boolean => compare(left, right) > 0;
export const isGe = (left: unknown, right: unknown): boolean => compare(left, right) >= 0;

/** An item of a list, a part of a text, or a key of an object. */
export const isIn = (value: unknown, all: unknown): boolean => {
  if (isString(all) && !isString(value)) throw new TypeError("what is in a text is a text");
  return isString(all) ? text(all).includes(text(value)) : list(all).some((item) => isEq(item, value));
};

export const isDefined = (value: unknown): boolean => value !== undefined;
export const isUndefined = (value: unknown): boolean => value === undefined;
export const isNone = (value: unknown): boolean => value === null;
export const isBoolean = (value: unknown): boolean => typeof value === "boolean";
export const isTrue = (value: unknown): boolean => value === true;
export const isFalse = (value: unknown): boolean => value === false;
export const isNumber = (value: unknown): boolean => typeof value === "number";
export const isInteger = (value: unknown): boolean => Number.isInteger(value);
export const isFloat = (value: unknown): boolean => typeof value === "number" && !Number.isInteger(value);
export { isString } from "./runtime.ts";
export const isMapping = (value: unknown): boolean => isObject(value) && isPlain(value);
/** What has a length and items: undefined values too, as in Jinja. */
export const isSequence = (value: unknown): boolean =>
  value === undefined || isString(value) || Array.isArray(value) || isMapping(value);
export const isIterable = (value: unknown): boolean =>
  isSequence(value) || (isObject(value) && Symbol.iterator in value);
/** Undefined values too, as in Jinja. */
export const isCallable = (value: unknown): boolean =>
  value === undefined || typeof value === "function" || (isObject(value) && apply in value);
export const isEscaped = (value: unknown): boolean => isSafe(value);
export const isSameas = (value: unknown, other: unknown): boolean => Object.is(value, other);

export const isDivisibleby = (value: unknown, by: unknown): boolean => modulo(value, by) === 0;
export const isEven = (value: unknown): boolean => isDivisibleby(value, 2);
export const isOdd = (value: unknown): boolean => modulo(value, 2) === 1;
/** At least one letter with a case, and none of the other case. */
export const isLower = (value: unknown): boolean => /\p{Ll}/u.test(text(value)) && !/\p{Lu}/u.test(text(value));
export const isUpper = (value: unknown): boolean => /\p{Lu}/u.test(text(value)) && !/\p{Ll}/u.test(text(value));
