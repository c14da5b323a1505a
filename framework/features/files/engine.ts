/** What files need of a target's storage: the operations on one namespace, with checked arguments. */
import type { Platform } from "../../runtime/handler.ts";

/** What a list says of a file. */
export interface ListedFile {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** In quotes, as the header ETag has it. */
  readonly etag: string;
  readonly modified: Date;
}

/** A file as it is stored. */
export interface StoredFile extends ListedFile {
  /** Content-Type. */
  readonly type: string;
}

/** A file that was found. */
export interface FoundFile extends Omit<StoredFile, "key"> {
  /** The bytes of the range that was asked for; null where there are none. */
  readonly body: ReadableStream<Uint8Array> | null;
}

/** The bytes to store, part after part. */
export interface Content {
  /** Of all parts; undefined where it is not known. What fails to reach it throws as it is read. */
  readonly size: number | undefined;
  readonly parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** What an upload form allows. */
export interface FormLimits {
  readonly maxBytes: number;
  readonly type: string;
  /** Seconds since 1970. */
  readonly expires: number;
  /** Absolute URL of the page that follows. */
  readonly redirect?: string | undefined;
}

/** Where a form goes, and the fields that it needs before the field `file`. */
export interface FormTarget {
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Promises reject with FileError. */
export interface Engine {
  /** Replaces whatever is there, once all bytes have come; otherwise nothing changes. */
  put(key: string, content: Content, type: string): Promise<Omit<StoredFile, "key" | "type">>;
  /** @param range a Range header, which is read as `parseRange` of framework/runtime/preconditions.ts does */
  get(key: string, range: string | undefined): Promise<FoundFile | undefined>;
  delete(key: string): Promise<void>;
  /**
   * In the order of the keys' UTF-8 bytes; fewer than `limit` only at the end.
   * @param after the last key that is left out; empty for none
   */
  list(prefix: string, after: string, limit: number): Promise<readonly ListedFile[]>;
  form(key: string, limits: FormLimits): Promise<FormTarget>;
}

/** Opens a namespace for one call of a function. */
export type OpenEngine = (platform: Platform | undefined, namespace: string) => Engine;

/** What a form that Portico itself receives needs: where it is stored, and the key of its signature. */
export interface FormReceiver extends Pick<Engine, "put"> {
  readonly secret: string;
}
