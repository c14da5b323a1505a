/** What the store needs of a target's database: the operations on one namespace, with checked arguments. */
import type { Platform } from "../../runtime/handler.ts";

/** An entry that has not expired. */
export interface Row {
  readonly key: string;
  /** JSON, or a whole number, which `add` can continue. */
  readonly value: string | number;
  /** Random, and another for each write. */
  readonly version: string;
  /** Milliseconds since 1970; null or undefined for an entry that stays. */
  readonly expires: number | null | undefined;
}

/** Entries that have expired are absent in every operation. Promises reject with StoreError. */
export interface Engine {
  get(key: string): Promise<Row | undefined>;
  /**
   * False where the condition did not hold.
   * @param condition the version to replace, null for an absent entry; undefined replaces whatever is there
   */
  set(row: Row, condition: string | null | undefined): Promise<boolean>;
  /** False where the entry does not have this version. @param condition undefined deletes whatever is there */
  delete(key: string, condition: string | undefined): Promise<boolean>;
  /**
   * Adds the row's value to the entry's, or makes the row the entry where there is none. An entry that expires keeps
   * its expiry. Undefined where the value is no whole number, or the sum would not be a safe one.
   */
  add(row: Row & { readonly value: number }): Promise<Row | undefined>;
  /**
   * In the order of the keys' UTF-8 bytes, as they are read.
   * @param after the last key that is left out; empty for none @param size rows to read at once
   */
  list(prefix: string, after: string, size: number): AsyncIterable<Row>;
}

/** Opens a namespace for one call of a function. */
export type OpenEngine = (platform: Platform | undefined, namespace: string) => Engine;
