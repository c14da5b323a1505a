/** Headers (Fetch standard, section 5.1) over one small map: an init in, a mutable list out. */
import { byteString, need, present, uncloneable } from "./convert.ts";

const token = /^[\w!#$%&'*+\-.^`|~]+$/;
// oxlint-disable-next-line no-control-regex -- the three that no header may hold
const forbidden = /[\0\n\r]/;
/** Neither forbidden nor wide, and without space to take away. */
const clean = /^[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?$/;

/** Header names are tokens (RFC 9110 section 5.6.2), and so are methods. */
export const isToken = (text: string): boolean => token.test(text);

/** Of names that were good before: an application has few, and a client that sends many gains nothing. */
const keys = new Map<string, string>();

/** The name as its key. Throws TypeError for no token. */
function keyOf(name: unknown): string {
  const known = keys.get(name as string);
  if (known !== undefined) return known;
  const text = byteString(name);
  if (!token.test(text)) throw new TypeError(`${text} is an invalid header name.`);
  const key = text.toLowerCase();
  if (keys.size < 256) keys.set(text, key);
  return key;
}

/** Without the white space around it. Throws TypeError for what no header can hold. */
function valueOf(value: unknown): string {
  if (typeof value === "string" && clean.test(value)) return value;
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

const isObject = (value: unknown): value is object => (typeof value === "object" && value !== null) || typeof value === "function";

/** Names and values, each in a list of its own. */
export type Lists = readonly [names: string[], values: string[]];

/** A record: each name is there once. */
const isRecord = (init: object): boolean => typeof (init as { [Symbol.iterator]?: unknown })[Symbol.iterator] !== "function";

/** The conversion that Web IDL makes of a HeadersInit, before any header is looked at. Throws TypeError. */
export function toLists(init: unknown): Lists {
  if (!isObject(init)) throw new TypeError("Headers are a record or a list of pairs");
  if (isRecord(init)) {
    // `Reflect.ownKeys` would take ten times as long. Texts are looked at byte by byte as headers, next.
    const names = Object.getOwnPropertyNames(init);
    const values = names.map((name) => {
      const value = (init as Record<string, unknown>)[name];
      return typeof value === "string" ? value : byteString(value);
    });
    Object.getOwnPropertySymbols(init).forEach(byteString);
    return [names, values];
  }
  const pairs = Array.from(init as Iterable<unknown>, (pair) => {
    const two = isObject(pair) && Array.from(pair as Iterable<unknown>, byteString);
    if (!two || two.length !== 2) throw new TypeError("A header is a pair");
    return two;
  });
  return [pairs.map(([name]) => name!), pairs.map(([, value]) => value!)];
}

/** Forbids any further change. */
export let seal: (headers: LightHeaders) => void;
/** A copy, as sealed as the original. */
export let copyHeaders: (from: LightHeaders) => LightHeaders;
/** Names and values as `fetch` sends them, cookies apart. */
export let written: (headers: LightHeaders) => [name: string, value: string][];
/** All but the cookies. */
export let recordOf: (headers: LightHeaders) => Record<string, string>;

let shownOf: (headers: LightHeaders) => object;

const nothing: readonly string[] = [];

/** What `Headers` is to who uses it. */
export class LightHeaders {
  /** In lower case, each once; with their values all there is until something asks for the map. */
  #keys = nothing;
  #values = nothing;
  #map: Map<string, string> | undefined;
  #cookies = nothing;
  /** As they were written, where that is not lower case: `fetch` sends them so. */
  #names: Map<string, string> | undefined;
  #sorted: readonly Readonly<Pair>[] | undefined;
  #immutable = false;

  constructor(init: unknown = undefined) {
    uncloneable(this);
    if (init === undefined) return;
    // The platform's way with headers too: appending takes the space at the end of a value whose last part is empty.
    if (isOurs(init)) for (const [name, value] of written(init)) this.append(name, value);
    else this.#fill(...toLists(init), isRecord(init as object));
  }

  /** @param areApart whether the names differ, but for case */
  #fill(names: string[], values: string[], areApart: boolean): void {
    let plain = areApart;
    for (let at = 0; at < names.length; at++) {
      const key = keyOf(names[at]);
      values[at] = valueOf(values[at]);
      if (key !== names[at] || key === "set-cookie") plain = false;
    }
    if (plain) {
      this.#keys = names;
      this.#values = values;
    } else for (const [at, name] of names.entries()) this.#put(name, values[at]!, true);
  }

  static {
    isOurs = (init): init is LightHeaders => isObject(init) && #map in init && init[Symbol.iterator] === LightHeaders.prototype.entries;
    shownOf = (headers) => Object.fromEntries([...headers.#all()].map(([key, value]) => [headers.#names?.get(key) ?? key, value]));
    seal = (headers) => {
      headers.#immutable = true;
    };
    copyHeaders = (from) => {
      const copy = new LightHeaders();
      copy.#keys = from.#keys;
      copy.#values = from.#values;
      copy.#map = from.#map && new Map(from.#map);
      copy.#cookies = from.#cookies;
      copy.#names = from.#names && new Map(from.#names);
      copy.#immutable = from.#immutable;
      return copy;
    };
    written = (headers) =>
      [...headers.#all()].flatMap(([key, value]) => {
        const name = headers.#names?.get(key) ?? key;
        return key === "set-cookie" ? headers.#cookies.map((cookie): Pair => [name, cookie]) : [[name, value]];
      });
    recordOf = (headers) => Object.fromEntries(headers.#sort().filter(([key]) => key !== "set-cookie"));
  }

  #all(): Map<string, string> {
    if (!this.#map) {
      this.#map = new Map();
      for (const [at, key] of this.#keys.entries()) this.#map.set(key, this.#values[at]!);
    }
    return this.#map;
  }

  #write(name: unknown, value: unknown, count: number, add: boolean): void {
    need(count, 2);
    const written = byteString(name);
    const text = valueOf(value);
    keyOf(written);
    if (this.#immutable) throw new TypeError("immutable");
    this.#put(written, text, add);
  }

  #put(written: string, text: string, add: boolean): void {
    const key = keyOf(written);
    const map = this.#all();
    this.#sorted = undefined;
    const before = add ? map.get(key) : undefined;
    if (key === "set-cookie") this.#cookies = add ? [...this.#cookies, text] : [text];
    if (before !== undefined) {
      map.set(key, before + (key === "cookie" ? "; " : ", ") + text);
      return;
    }
    if (written !== key) (this.#names ??= new Map()).set(key, written);
    else this.#names?.delete(key);
    map.set(key, text);
  }

  append(name: unknown, value: unknown): void {
    this.#write(name, value, arguments.length, true);
  }

  set(name: unknown, value: unknown): void {
    this.#write(name, value, arguments.length, false);
  }

  delete(name: unknown): void {
    need(arguments.length, 1);
    const key = keyOf(name);
    if (this.#immutable) throw new TypeError("immutable");
    this.#sorted = undefined;
    if (key === "set-cookie") this.#cookies = nothing;
    this.#names?.delete(key);
    this.#all().delete(key);
  }

  get(name: unknown): string | null {
    need(arguments.length, 1);
    return this.#all().get(keyOf(name)) ?? null;
  }

  has(name: unknown): boolean {
    need(arguments.length, 1);
    return this.#all().has(keyOf(name));
  }

  getSetCookie(): string[] {
    return [...this.#cookies];
  }

  /** "Sort and combine": cookies are never combined. */
  #sort(): readonly Readonly<Pair>[] {
    return (this.#sorted ??= [...this.#all()]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap((pair) => (pair[0] === "set-cookie" ? this.#cookies.map((cookie): Pair => [pair[0], cookie]) : [pair])));
  }

  /** Reads the list anew at every step, since it may change between two. */
  #iterate(view: View): IterableIterator<unknown> {
    let at = 0;
    const iterator = Object.create(iteratorPrototype) as { [steps]: () => IteratorResult<unknown> };
    Object.defineProperty(iterator, steps, {
      value: (): IteratorResult<unknown> => {
        const pair = this.#sort()[at++];
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
    need(arguments.length, 1);
    if (typeof callback !== "function") throw new TypeError("no function");
    for (let at = 0; at < this.#sort().length; at++) {
      const [key, value] = this.#sort()[at]!;
      callback.call(self, value, key, this);
    }
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
present("Headers", LightHeaders, shownOf);
