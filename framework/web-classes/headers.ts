/** The class Headers (Fetch standard, section 5.1), implemented with one map. */
import { byteString, isObject, checkArguments, defineClass, throwTypeError, uncloneable } from "./webidl.ts";

const token = /^[\w!#$%&'*+\-.^`|~]+$/;
// oxlint-disable-next-line no-control-regex -- the characters that no header may have
const forbidden = /[\0\n\r]/;
// The lookbehind avoids quadratic time in long runs of spaces.
const outerSpace = /^[\t\n\r ]+|(?<![\t\n\r ])[\t\n\r ]+$/g;

/** Header names are tokens (RFC 9110 section 5.6.2), and so are methods. */
export const isToken = (text: string): boolean => token.test(text);

/** A cache of lower-case names; an application has few, and the size is limited. */
const keys = new Map<unknown, string>();

/** The name in lower case. Throws TypeError for a name that is no token. */
function keyOf(name: unknown): string {
  const cached = keys.get(name);
  if (cached) return cached;
  const text = byteString(name);
  if (!isToken(text)) throwTypeError(`${text} is no header name`);
  const key = text.toLowerCase();
  if (keys.size < 256) keys.set(text, key);
  return key;
}

/** The value without the white space around it. Throws TypeError for a character that no header may have. */
function valueOf(value: unknown): string {
  const text = byteString(value).replace(outerSpace, "");
  if (forbidden.test(text)) throwTypeError(`${text} is no header value`);
  return text;
}

type Pair = readonly [name: unknown, value: unknown];

/** Web IDL's conversion of a HeadersInit, before headers are validated. Throws TypeError. */
export function toPairs(init: unknown): readonly Pair[] {
  if (!isObject(init)) throwTypeError("no HeadersInit");
  if (typeof (init as { [Symbol.iterator]?: unknown })[Symbol.iterator] !== "function") {
    // `Reflect.ownKeys` would take ten times as long. The characters are checked later.
    const pairs = Object.getOwnPropertyNames(init).map((name): Pair => [
      name,
      `${(init as Record<string, string>)[name]}`,
    ]);
    Object.getOwnPropertySymbols(init).forEach(byteString);
    return pairs;
  }
  return Array.from(init as Iterable<unknown>, (pair) => {
    const two = isObject(pair) ? Array.from(pair as Iterable<unknown>, byteString) : [];
    if (two.length !== 2) throwTypeError("no pair");
    return two as unknown as Pair;
  });
}

/** The name of the header. */
export const contentType = "content-type";

/** Adds the content type of a body if there is none; reads the headers only if needed. */
export function addType(to: { readonly headers: LightHeaders }, type: string | undefined): void {
  if (type !== undefined && !to.headers.has(contentType)) to.headers.append(contentType, type);
}

/** Makes headers immutable. */
export let seal: (headers: LightHeaders) => LightHeaders;
/** Copies headers; the copy of immutable ones is immutable. */
export let copyHeaders: (from: LightHeaders) => LightHeaders;
/** Names in their original case, and values as `fetch` sends them, each cookie apart. */
export let toFlatPairs: (headers: LightHeaders) => [name: string, value: string][];
/** All headers but cookies, by name. */
export let toRecord: (headers: LightHeaders) => Record<string, string>;

let toPrintable: (headers: LightHeaders) => object;

/** A name in its original case, and its values in order. */
type HeaderEntry = readonly [name: string, ...values: string[]];

const combine = (key: string, [, ...values]: HeaderEntry): string => values.join(key === "cookie" ? "; " : ", ");

const cookies = "set-cookie";

/** The lightweight class that replaces Headers. */
export class LightHeaders {
  /** Entries by lower-case names. */
  #entries = new Map<string, HeaderEntry>();
  #sorted: (readonly [key: string, value: string, name: string])[] | undefined;
  #immutable = false;

  constructor(init: unknown = undefined) {
    uncloneable(this);
    if (init === undefined) return;
    const isOurs = isObject(init) && #entries in init && init[Symbol.iterator] === LightHeaders.prototype.entries;
    // Appending, as the platform does, also trims a value that ends with an empty part.
    for (const [name, value] of isOurs ? toFlatPairs(init) : toPairs(init)) this.#write(name, value, true);
  }

  static {
    toPrintable = (headers) =>
      Object.fromEntries([...headers.#entries].map(([key, entry]) => [entry[0], combine(key, entry)]));
    seal = (headers) => {
      headers.#immutable = true;
      return headers;
    };
    copyHeaders = (from) => {
      const copy = new LightHeaders();
      copy.#entries = new Map(from.#entries);
      copy.#immutable = from.#immutable;
      return copy;
    };
    toFlatPairs = (headers) => headers.#list().map(([, value, name]) => [name, value]);
    toRecord = (headers) =>
      Object.fromEntries(headers.#sort().filter(([key]) => key !== cookies) as unknown as [string, string][]);
  }

  #write(name: unknown, value: unknown, add: boolean): void {
    const written = byteString(name);
    const text = valueOf(value);
    const key = this.#change(written);
    const before = add && this.#entries.get(key);
    this.#entries.set(key, before ? [...before, text] : [written, text]);
  }

  /** Checks that the header may change. Gives the name's key. */
  #change(name: unknown): string {
    const key = keyOf(name);
    if (this.#immutable) throwTypeError("immutable");
    this.#sorted = undefined;
    return key;
  }

  append(name: unknown, value: unknown): void {
    checkArguments(arguments, 2);
    this.#write(name, value, true);
  }

  set(name: unknown, value: unknown): void {
    checkArguments(arguments, 2);
    this.#write(name, value, false);
  }

  delete(name: unknown): void {
    checkArguments(arguments, 1);
    this.#entries.delete(this.#change(name));
  }

  get(name: unknown): string | null {
    checkArguments(arguments, 1);
    const key = keyOf(name);
    const entry = this.#entries.get(key);
    return entry ? combine(key, entry) : null;
  }

  has(name: unknown): boolean {
    checkArguments(arguments, 1);
    return this.#entries.has(keyOf(name));
  }

  getSetCookie(): string[] {
    return (this.#entries.get(cookies) ?? []).slice(1);
  }

  /** The headers with combined values, except cookies, which are never combined. */
  #list(): (readonly [key: string, value: string, name: string])[] {
    return [...this.#entries].flatMap(([key, entry]) =>
      (key === cookies ? entry.slice(1) : [combine(key, entry)]).map((value) => [key, value, entry[0]] as const),
    );
  }

  /** The standard's "sort and combine". */
  #sort() {
    return (this.#sorted ??= this.#list().sort(([one], [other]) => (one < other ? -1 : +(one > other))));
  }

  /**
   * Iterates and reads the list anew at every step, since it may change in between.
   * @param view 0 for keys, 1 for values, undefined for both
   */
  #iterate(view?: 0 | 1): IterableIterator<unknown> {
    let index = 0;
    const iterator = Object.create(iteratorPrototype) as IterableIterator<unknown>;
    steps.set(iterator, () => {
      const pair = this.#sort()[index++];
      return { value: pair && (view === undefined ? pair.slice(0, 2) : pair[view]), done: !pair };
    });
    return iterator;
  }

  keys(): IterableIterator<unknown> {
    return this.#iterate(0);
  }

  values(): IterableIterator<unknown> {
    return this.#iterate(1);
  }

  entries(): IterableIterator<unknown> {
    return this.#iterate();
  }

  forEach(callback: (value: string, key: string, headers: unknown) => void, self: unknown = undefined): void {
    if (typeof callback !== "function") throwTypeError("no function");
    let index = 0;
    for (let pair; (pair = this.#sort()[index++]);) callback.call(self, pair[1], pair[0], this);
  }

  declare [Symbol.iterator]: () => IterableIterator<readonly [name: string, value: string]>;
}

/** The step functions of iterators. */
const steps = new WeakMap<object, () => IteratorResult<unknown>>();

/** A global that TypeScript's ES2024 library lacks. */
declare const Iterator: { readonly prototype: object };

/** The prototype of iterators over headers (Web IDL, section 3.7.10.2). */
const iteratorPrototype = Object.defineProperty(
  {
    __proto__: Iterator.prototype,
    next() {
      return steps.get(this)!();
    },
  },
  Symbol.toStringTag,
  { value: "Headers Iterator", configurable: true },
);

defineClass("Headers", LightHeaders, toPrintable, { [Symbol.iterator]: LightHeaders.prototype.entries });
