/** Headers (Fetch standard, section 5.1) over one small map: an init in, a mutable list out. */
import { byteString, isObject, need, present, refuse, uncloneable } from "./convert.ts";

const token = /^[\w!#$%&'*+\-.^`|~]+$/;
// oxlint-disable-next-line no-control-regex -- the three that no header may hold
const forbidden = /[\0\n\r]/;
// Looking back keeps it from starting again within a run of spaces, which would take quadratic time.
const around = /^[\t\n\r ]+|(?<![\t\n\r ])[\t\n\r ]+$/g;

/** Header names are tokens (RFC 9110 section 5.6.2), and so are methods. */
export const isToken = (text: string): boolean => token.test(text);

/** Of names that were good before: an application has few, and a client that sends many gains nothing. */
const keys = new Map<unknown, string>();

/** The name as its key. Throws TypeError for no token. */
function keyOf(name: unknown): string {
  const known = keys.get(name);
  if (known) return known;
  const text = byteString(name);
  if (!isToken(text)) refuse(`${text} is no header name`);
  const key = text.toLowerCase();
  if (keys.size < 256) keys.set(text, key);
  return key;
}

/** Without the white space around it. Throws TypeError for what no header can hold. */
function valueOf(value: unknown): string {
  const text = byteString(value).replace(around, "");
  if (forbidden.test(text)) refuse(`${text} is no header value`);
  return text;
}

type Pair = readonly [name: unknown, value: unknown];

/** The conversion that Web IDL makes of a HeadersInit, before any header is looked at. Throws TypeError. */
export function toPairs(init: unknown): readonly Pair[] {
  if (!isObject(init)) refuse("no HeadersInit");
  if (typeof (init as { [Symbol.iterator]?: unknown })[Symbol.iterator] !== "function") {
    // `Reflect.ownKeys` would take ten times as long. Texts are looked at byte by byte as headers, next.
    const pairs = Object.getOwnPropertyNames(init).map((name): Pair => [name, `${(init as Record<string, string>)[name]}`]);
    Object.getOwnPropertySymbols(init).forEach(byteString);
    return pairs;
  }
  return Array.from(init as Iterable<unknown>, (pair) => {
    const two = isObject(pair) ? Array.from(pair as Iterable<unknown>, byteString) : [];
    if (two.length !== 2) refuse("no pair");
    return two as unknown as Pair;
  });
}

/** A header's name. */
export const contentType = "content-type";

/** The content type of a body, where there is none yet; the headers are not asked for without need. */
export function addType(to: { readonly headers: LightHeaders }, type: string | undefined): void {
  if (type !== undefined && !to.headers.has(contentType)) to.headers.append(contentType, type);
}

/** Forbids any further change. */
export let seal: (headers: LightHeaders) => LightHeaders;
/** A copy, as sealed as the original. */
export let copyHeaders: (from: LightHeaders) => LightHeaders;
/** Names, as they were written, and values as `fetch` sends them, cookies apart. */
export let written: (headers: LightHeaders) => [name: string, value: string][];
/** All but the cookies. */
export let recordOf: (headers: LightHeaders) => Record<string, string>;

let shownOf: (headers: LightHeaders) => object;

/** A name as it was written, and its values in their order; never changed. */
type Entry = readonly [name: string, ...values: string[]];

const combine = (key: string, [, ...values]: Entry): string => values.join(key === "cookie" ? "; " : ", ");

const cookies = "set-cookie";

/** What `Headers` is to who uses it. */
export class LightHeaders {
  /** By names in lower case. */
  #entries = new Map<string, Entry>();
  #sorted: (readonly [key: string, value: string, name: string])[] | undefined;
  #immutable = false;

  constructor(init: unknown = undefined) {
    uncloneable(this);
    if (init === undefined) return;
    const isOurs = isObject(init) && #entries in init && init[Symbol.iterator] === LightHeaders.prototype.entries;
    // The platform's way with headers too: appending takes the space at the end of a value whose last part is empty.
    for (const [name, value] of isOurs ? written(init) : toPairs(init)) this.#write(name, value, true);
  }

  static {
    shownOf = (headers) => Object.fromEntries([...headers.#entries].map(([key, entry]) => [entry[0], combine(key, entry)]));
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
    written = (headers) => headers.#list().map(([, value, name]) => [name, value]);
    recordOf = (headers) => Object.fromEntries(headers.#sort().filter(([key]) => key !== cookies) as unknown as [string, string][]);
  }

  #write(name: unknown, value: unknown, add: boolean): void {
    const written = byteString(name);
    const text = valueOf(value);
    const key = this.#change(written);
    const before = add && this.#entries.get(key);
    this.#entries.set(key, before ? [...before, text] : [written, text]);
  }

  /** What a name is the key of that is about to change. */
  #change(name: unknown): string {
    const key = keyOf(name);
    if (this.#immutable) refuse("immutable");
    this.#sorted = undefined;
    return key;
  }

  append(name: unknown, value: unknown): void {
    need(arguments, 2);
    this.#write(name, value, true);
  }

  set(name: unknown, value: unknown): void {
    need(arguments, 2);
    this.#write(name, value, false);
  }

  delete(name: unknown): void {
    need(arguments, 1);
    this.#entries.delete(this.#change(name));
  }

  get(name: unknown): string | null {
    need(arguments, 1);
    const key = keyOf(name);
    const entry = this.#entries.get(key);
    return entry ? combine(key, entry) : null;
  }

  has(name: unknown): boolean {
    need(arguments, 1);
    return this.#entries.has(keyOf(name));
  }

  getSetCookie(): string[] {
    return (this.#entries.get(cookies) ?? []).slice(1);
  }

  /** Cookies are never combined. */
  #list(): (readonly [key: string, value: string, name: string])[] {
    return [...this.#entries].flatMap(([key, entry]) =>
      (key === cookies ? entry.slice(1) : [combine(key, entry)]).map((value) => [key, value, entry[0]] as const),
    );
  }

  /** "Sort and combine". */
  #sort() {
    return (this.#sorted ??= this.#list().sort(([one], [other]) => (one < other ? -1 : +(one > other))));
  }

  /** Reads the list anew at every step, since it may change between two. @param view of the keys, the values, or both */
  #iterate(view?: 0 | 1): IterableIterator<unknown> {
    let at = 0;
    const iterator = Object.create(iteratorPrototype) as IterableIterator<unknown>;
    steps.set(iterator, () => {
      const pair = this.#sort()[at++];
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
    if (typeof callback !== "function") refuse("no function");
    let at = 0;
    for (let pair; (pair = this.#sort()[at++]);) callback.call(self, pair[1], pair[0], this);
  }

  declare [Symbol.iterator]: () => IterableIterator<readonly [name: string, value: string]>;
}

/** What makes the next step of an iterator. */
const steps = new WeakMap<object, () => IteratorResult<unknown>>();

/** The language's, which TypeScript's ES2024 does not have yet. */
declare const Iterator: { readonly prototype: object };

/** `%HeadersIterator%` (Web IDL, section 3.7.10.2). */
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

present("Headers", LightHeaders, shownOf, { [Symbol.iterator]: LightHeaders.prototype.entries });
