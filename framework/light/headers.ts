/** Headers (Fetch standard, section 5.1) over one small map: an init in, a mutable list out. */
import { byteString, inspected, need, present, show, uncloneable } from "./convert.ts";

const token = /^[\w!#$%&'*+\-.^`|~]+$/;
// oxlint-disable-next-line no-control-regex -- the three that no header may hold
const forbidden = /[\0\n\r]/;

/** Header names are tokens (RFC 9110 section 5.6.2), and so are methods. */
export const isToken = (text: string): boolean => token.test(text);

/** The name as its key. Throws TypeError for no token. */
function keyOf(name: unknown): string {
  const text = typeof name === "string" ? name : byteString(name);
  if (!token.test(text)) throw new TypeError(`${text} is an invalid header name.`);
  return text.toLowerCase();
}

/** Without the white space around it. Throws TypeError for what no header can hold. */
function valueOf(value: unknown): string {
  const text = trim(byteString(value));
  if (forbidden.test(text)) throw new TypeError(`${text} is an invalid header value.`);
  return text;
}

const isSpace = (code: number): boolean => code === 32 || code === 9 || code === 10 || code === 13;

/** In a loop, since a pattern for both ends takes quadratic time. */
function trim(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

type Pair = [name: string, value: string];

/** Keys, values, or both. */
type View = 0 | 1 | undefined;

/** Headers whose pairs nobody hides. */
let isOurs: (init: unknown) => init is LightHeaders;

/** The conversion that Web IDL makes of a HeadersInit, before any header is looked at. Throws TypeError. */
export function toPairs(init: unknown): readonly Readonly<Pair>[] {
  if ((typeof init !== "object" && typeof init !== "function") || init === null)
    throw new TypeError("Headers are a record or a list of pairs");
  const { iterator } = Symbol;
  if (typeof (init as { [iterator]?: unknown })[iterator] !== "function") {
    return Reflect.ownKeys(init).map((key) => [byteString(key), byteString((init as Record<PropertyKey, unknown>)[key])]);
  }
  return Array.from(init as Iterable<unknown>, (pair) => {
    if ((typeof pair !== "object" && typeof pair !== "function") || pair === null) throw new TypeError("A header is a pair");
    const [name, value, ...more] = Array.from(pair as Iterable<unknown>, byteString);
    if (name === undefined || value === undefined || more.length) throw new TypeError("A header is a pair");
    return [name, value];
  });
}

/** Forbids any further change. */
export let seal: (headers: LightHeaders) => void;
/** A copy, as sealed as the original. */
export let copyHeaders: (from: LightHeaders) => LightHeaders;
/** Names and values as `fetch` sends them, cookies apart. */
export let written: (headers: LightHeaders) => Pair[];

/** What `Headers` is to who uses it. */
export class LightHeaders {
  #map = new Map<string, string>();
  #cookies: string[] = [];
  /** As they were written, where that is not lower case: `fetch` sends them so. */
  #names: Map<string, string> | undefined;
  #sorted: readonly Readonly<Pair>[] | undefined;
  #immutable = false;

  constructor(init: unknown = undefined) {
    uncloneable(this);
    if (init !== undefined) this.#fill(init);
  }

  static {
    isOurs = (init): init is LightHeaders =>
      typeof init === "object" && init !== null && #map in init && init[Symbol.iterator] === LightHeaders.prototype.entries;
    seal = (headers) => {
      headers.#immutable = true;
    };
    copyHeaders = (from) => {
      const copy = new LightHeaders();
      copy.#copy(from);
      copy.#immutable = from.#immutable;
      return copy;
    };
    written = (headers) =>
      [...headers.#map].flatMap(([key, value]) => {
        const name = headers.#names?.get(key) ?? key;
        return key === "set-cookie" ? headers.#cookies.map((cookie): Pair => [name, cookie]) : [[name, value]];
      });
  }

  #copy(from: LightHeaders): void {
    this.#map = new Map(from.#map);
    this.#cookies = [...from.#cookies];
    this.#names = from.#names && new Map(from.#names);
  }

  #fill(init: unknown): void {
    // Appended one by one, as the platform does: that takes the space at the end of a value whose last part is empty.
    for (const [name, value] of isOurs(init) ? written(init) : toPairs(init)) this.append(name, value);
  }

  #write(name: unknown, value: unknown, given: ArrayLike<unknown>, add: boolean): void {
    need(given, 2);
    const written = byteString(name);
    const text = valueOf(value);
    const key = keyOf(written);
    if (this.#immutable) throw new TypeError("immutable");
    this.#sorted = undefined;
    const before = add ? this.#map.get(key) : undefined;
    if (key === "set-cookie") {
      if (!add) this.#cookies = [];
      this.#cookies.push(text);
    }
    if (before !== undefined) {
      this.#map.set(key, before + (key === "cookie" ? "; " : ", ") + text);
      return;
    }
    if (written !== key) (this.#names ??= new Map()).set(key, written);
    else this.#names?.delete(key);
    this.#map.set(key, text);
  }

  append(name: unknown, value: unknown): void {
    this.#write(name, value, arguments, true);
  }

  set(name: unknown, value: unknown): void {
    this.#write(name, value, arguments, false);
  }

  delete(name: unknown): void {
    need(arguments, 1);
    const key = keyOf(name);
    if (this.#immutable) throw new TypeError("immutable");
    this.#sorted = undefined;
    if (key === "set-cookie") this.#cookies = [];
    this.#names?.delete(key);
    this.#map.delete(key);
  }

  get(name: unknown): string | null {
    need(arguments, 1);
    return this.#map.get(keyOf(name)) ?? null;
  }

  has(name: unknown): boolean {
    need(arguments, 1);
    return this.#map.has(keyOf(name));
  }

  getSetCookie(): string[] {
    return [...this.#cookies];
  }

  /** "Sort and combine": cookies are never combined. */
  #list(): readonly Readonly<Pair>[] {
    return (this.#sorted ??= [...this.#map]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap((pair) => (pair[0] === "set-cookie" ? this.#cookies.map((cookie): Pair => [pair[0], cookie]) : [pair])));
  }

  /** Reads the list anew at every step, since it may change between two. */
  #iterate(view: View): IterableIterator<unknown> {
    let at = 0;
    const iterator = Object.create(iteratorPrototype) as { [steps]: () => IteratorResult<unknown> };
    Object.defineProperty(iterator, steps, {
      value: (): IteratorResult<unknown> => {
        const pair = this.#list()[at++];
        if (!pair) return { value: undefined, done: true };
        return { value: view === undefined ? [...pair] : pair[view], done: false };
      },
    });
    return iterator as unknown as IterableIterator<unknown>;
  }

  keys(): IterableIterator<unknown> {
    return this.#iterate(0);
  }

  values(): IterableIterator<unknown> {
    return this.#iterate(1);
  }

  entries(): IterableIterator<unknown> {
    return this.#iterate(undefined);
  }

  forEach(callback: (value: string, key: string, headers: unknown) => void, self?: unknown): void {
    need(arguments, 1);
    if (typeof callback !== "function") throw new TypeError("no function");
    for (let at = 0; at < this.#list().length; at++) {
      const [key, value] = this.#list()[at]!;
      callback.call(self, value, key, this);
    }
  }

  [inspected](depth: number | null, options: object, inspect: (value: unknown, options: object) => string): string {
    const shown = [...this.#map].map(([key, value]) => [this.#names?.get(key) ?? key, value] as const);
    return show("Headers", Object.fromEntries(shown), depth, options, inspect);
  }

  declare [Symbol.iterator]: () => IterableIterator<Pair>;
}

const steps = Symbol("steps");

/** `%HeadersIterator%` (Web IDL, section 3.7.10.2). */
const iteratorPrototype = Object.create(Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())) as object, {
  next: {
    value(this: { [steps]: () => IteratorResult<unknown> }) {
      return this[steps]();
    },
    enumerable: true,
    configurable: true,
    writable: true,
  },
  [Symbol.toStringTag]: { value: "Headers Iterator", configurable: true },
}) as object;

Object.defineProperty(LightHeaders.prototype, Symbol.iterator, {
  value: LightHeaders.prototype.entries,
  configurable: true,
  writable: true,
});
present("Headers", LightHeaders);
