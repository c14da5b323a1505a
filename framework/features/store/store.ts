/** The store that functions use: checks, JSON and versions over a target's engine. */
import type { Call, Context } from "../../runtime/handler.ts";
import type { Engine, OpenEngine, Row } from "./engine.ts";
import { StoreError } from "./store-error.ts";

/** The handler's context; in a Hono app, and in middleware, `c.executionCtx`. */
export type StoreContext = Pick<Call, "waitUntil">;

/** A value with the version that its write gave it. */
export interface Entry<T> {
  readonly value: T;
  readonly version: string;
}

/** An entry of a list. */
export interface ListedEntry<T> extends Entry<T> {
  readonly key: string;
}

/** How long an entry lives: whole seconds, at least 1; without it the entry stays. */
export interface Lifetime {
  readonly ttl?: number | undefined;
}

/** Which entries to list. */
export interface ListOptions {
  /** Of the key; empty by default. */
  readonly prefix?: string | undefined;
  /** At most so many entries; all by default. */
  readonly limit?: number | undefined;
  /** Only keys after this one: the last of the page before. */
  readonly after?: string | undefined;
}

/**
 * The entries of one namespace. Keys have 1 to 512 bytes of UTF-8 and no NUL; a value is what JSON keeps of it, at most
 * 262,144 bytes. Each operation on a key is atomic and sees all that ended before it began. Errors are `StoreError`.
 */
export interface Store<T> {
  /** Undefined for an absent and for an expired entry. */
  get(key: string): Promise<Entry<T> | undefined>;
  /**
   * Writes where the entry has this version, or with null where there is none. Returns the new version; undefined where
   * the condition did not hold.
   */
  set(key: string, value: T, options: Lifetime & { readonly if: string | null }): Promise<string | undefined>;
  /** Writes whatever is there. Returns the new version. The `ttl` counts from this write. */
  set(key: string, value: T, options?: Lifetime): Promise<string>;
  /** Deletes, with `if` only the entry of this version. False where the condition did not hold. */
  delete(key: string, options?: { readonly if?: string | undefined }): Promise<boolean>;
  /**
   * Adds a whole number and returns the sum; an absent entry counts as 0. The `ttl` counts from the first `add` that
   * has one, so that a window of time is fixed. STORE_NOT_A_NUMBER for a value that is no whole number.
   */
  readonly add: number extends T ? (key: string, by?: number, options?: Lifetime) => Promise<number> : never;
  /** In the order of the keys' UTF-8 bytes, read in pages of at most 100. */
  list(options?: ListOptions): AsyncIterable<ListedEntry<T>>;
}

/** Opens a namespace: 1 to 128 letters, digits, `.`, `_`, `/` and `-`, of which the first is a letter or digit. */
export type OpenStore = <T = unknown>(context: StoreContext, namespace: string) => Store<T>;

/** Binds the store to a target's engine. */
export const createStore =
  (open: OpenEngine): OpenStore =>
  <T>(context: StoreContext, namespace: string): Store<T> => {
    if (!/^[a-z\d][\w./-]{0,127}$/i.test(namespace))
      throw new StoreError("STORE_NAMESPACE", "a namespace is 1-128 letters, digits, . _ / -");
    return toStore(open((context as Context).platform, namespace));
  };

const toStore = <T>(engine: Engine): Store<T> => ({
  get: async (key) => {
    const row = await engine.get(checked(key));
    return row && toEntry(row);
  },
  // Of the two signatures, this is the one that returns undefined only with a condition.
  set: (async (key: string, value: T, options: Lifetime & { readonly if?: string | null } = {}) => {
    const row = newRow(key, toValue(value), options);
    return (await engine.set(row, options.if)) ? row.version : undefined;
  }) as Store<T>["set"],
  delete: async (key, options) => engine.delete(checked(key), options?.if),
  add: (async (key: string, by = 1, options: Lifetime = {}) => {
    const row = Number.isSafeInteger(by) && (await engine.add(newRow(key, by, options)));
    if (!row) throw new StoreError("STORE_NOT_A_NUMBER", "add needs whole numbers up to 2^53");
    return row.value as number;
  }) as Store<T>["add"],
  async *list({ prefix = "", limit = Infinity, after = "" } = {}) {
    checked(`${prefix}.`);
    checked(`${after}.`);
    if (!(limit > 0)) return;
    let left = limit;
    for await (const row of engine.list(prefix, after, Math.min(limit, 100))) {
      yield { key: row.key, ...toEntry<T>(row) };
      left -= 1;
      if (left <= 0) return;
    }
  },
});

function checked(key: string): string {
  // Neither NUL nor half a pair of UTF-16.
  if (typeof key !== "string" || !/^[^\0\p{Cs}]+$/u.test(key) || Buffer.byteLength(key) > 512)
    throw new StoreError("STORE_KEY", "a key is 1-512 bytes of UTF-8 without NUL");
  return key;
}

/** The value as a row has it. Throws StoreError STORE_VALUE. */
export function toValue(value: unknown): string | number {
  if (Number.isSafeInteger(value)) return value as number;
  try {
    const json = JSON.stringify(value);
    const size = Buffer.byteLength(json);
    if (size > 262_144) throw new RangeError(`it has ${size}`);
    return json;
  } catch (cause) {
    throw new StoreError("STORE_VALUE", "a value is at most 262144 bytes of JSON", cause);
  }
}

/** A row with a new version. */
export function newRow<V extends string | number>(
  key: string,
  value: V,
  { ttl }: Lifetime,
): Row & { readonly value: V } {
  if (ttl !== undefined && !(Number.isInteger(ttl) && ttl > 0 && ttl < 1e10))
    throw new StoreError("STORE_TTL", "ttl is whole seconds, at least 1");
  const expires = ttl && Date.now() + ttl * 1000;
  return { key: checked(key), value, version: crypto.randomUUID(), expires };
}

const toEntry = <T>({ value, version }: Row): Entry<T> => ({
  value: (typeof value === "string" ? JSON.parse(value) : value) as T,
  version,
});
