/** The files that functions use: checks, ranges and preconditions over a target's engine. */
import type { Call, Context } from "../../runtime/handler.ts";
import { includesTag, parseRange, type PreconditionResult } from "../../runtime/preconditions.ts";
import { type FileBody, toContent } from "./content.ts";
import type { Engine, FormTarget, FoundFile, ListedFile, OpenEngine, StoredFile } from "./engine.ts";
import { FileError } from "./file-error.ts";

/** The handler's context; in a Hono app, and in middleware, `c.executionCtx`. */
export type FilesContext = Pick<Call, "waitUntil">;

/** How a file is stored. */
export interface PutOptions {
  /** Content-Type, at most 255 characters; application/octet-stream by default. A Blob's own is not taken. */
  readonly type?: string | undefined;
  /** Bytes of a stream. A stream without it is read into memory first, at most 10 MB. */
  readonly size?: number | undefined;
}

/** Which part to read, as the request's headers say. */
export interface GetOptions {
  /** The header Range; one range of bytes, and anything else is the whole file (RFC 9110 section 14.2). */
  readonly range?: string | null | undefined;
  /** The header If-None-Match. */
  readonly ifNoneMatch?: string | null | undefined;
  /** The header If-Range: the range is of this content alone, and the whole file is read where it has changed. */
  readonly ifRange?: string | null | undefined;
}

/** A file's content, of which `new Response(file.body, file)` is the answer to a request. */
export interface FileContent extends Omit<StoredFile, "key"> {
  /** 206 for a range, 304 where `ifNoneMatch` has the tag, 416 for a range outside of the file. */
  readonly status: 200 | 206 | 304 | 416;
  /** Content-Type, Content-Length, Content-Range, ETag and so on. */
  readonly headers: Readonly<Record<string, string>>;
  /** Null with 304 and 416. */
  readonly body: ReadableStream<Uint8Array> | null;
}

/** What a visitor may upload. */
export interface FormOptions {
  readonly maxBytes: number;
  /** Content-Type that the file gets. */
  readonly type: string;
  /** Seconds that the form is good for; 600 by default. On Lambda it ends with the role's session, too. */
  readonly expires?: number | undefined;
  /**
   * Where the browser goes once the file is stored, by 303 in place of 204: for pages that work without JavaScript. An
   * absolute URL; S3 adds `bucket`, `key` and `etag` to its query.
   */
  readonly redirect?: string | undefined;
}

/** A form as a page sends it, in multipart/form-data: all fields, and then the file in a field named `file`. */
export interface UploadForm extends FormTarget {
  readonly method: "POST";
}

/** Which files to list. */
export interface ListOptions {
  /** Of the key; empty by default. */
  readonly prefix?: string | undefined;
  /** At most so many files, a whole number; all by default. */
  readonly limit?: number | undefined;
  /** Only keys after this one: the last of the page before. */
  readonly after?: string | undefined;
}

/**
 * The files of one namespace. A key has no NUL and no segment `.` or `..`; with the namespace and a slash it has at
 * most 1,024 bytes of UTF-8. Each operation on a key is atomic. Errors are `FileError`.
 */
export interface Files {
  /** Replaces whatever is there, once all bytes have come. */
  put(key: string, body: FileBody, options?: PutOptions): Promise<StoredFile>;
  /** Undefined where there is no file. Read the body or cancel it. */
  get(key: string, options?: GetOptions): Promise<FileContent | undefined>;
  /** Succeeds also where there is no file. */
  delete(key: string): Promise<void>;
  /** In the order of the keys' UTF-8 bytes, read in pages of at most 1,000. */
  list(options?: ListOptions): AsyncIterable<ListedFile>;
  /**
   * Lets a visitor upload a file under this key, as often as they like until it expires. Rejects with TypeError where
   * `redirect` is no absolute URL.
   */
  uploadForm(key: string, options: FormOptions): Promise<UploadForm>;
}

/** Opens a namespace: 1 to 128 letters, digits, `.`, `_` and `-`, of which the first is a letter or digit. */
export type OpenFiles = (context: FilesContext, namespace: string) => Files;

/** Most bytes of a file: of one upload to S3 or R2. */
const maxSize = 5 * 1024 ** 3;
const pageSize = 1000;
const week = 604_800;

/** Binds the files to a target's engine. */
export const createFiles =
  (open: OpenEngine): OpenFiles =>
  (context, namespace) => {
    if (!isNamespace(namespace)) throw new FileError("FILE_NAMESPACE", "a namespace is 1-128 letters, digits, . _ -");
    return toFiles(open((context as Context).platform, namespace), 1023 - namespace.length);
  };

const isNamespace = (name: string): boolean => /^[a-z\d][\w.-]{0,127}$/i.test(name);

/** @param most bytes of a key */
function toFiles(engine: Engine, most: number): Files {
  const isText = (text: string): boolean =>
    typeof text === "string" && !text.includes("\0") && text.isWellFormed() && byteLength(text) <= most;
  const checked = (key: string, isKey = isText(key) && key !== ""): string => {
    if (!isKey || key.split("/").some((segment) => /^\.\.?$/.test(segment)))
      throw new FileError("FILE_KEY", `a key is 1-${most} bytes of UTF-8 without NUL and segments . and ..`);
    return key;
  };
  return {
    async put(key, body, { type = "application/octet-stream", size } = {}) {
      const stored = await engine.put(checked(key), await toContent(body, size, maxSize), checkedType(type));
      return { key, type, ...stored };
    },
    async get(key, { range, ifNoneMatch, ifRange } = {}) {
      const found = await engine.get(checked(key), range ?? undefined);
      // S3 and R2 know no If-Range, which compares strongly (RFC 9110 section 13.1.5).
      if (!found || range == null || ifRange == null || ifRange.trim() === found.etag)
        return found && toFileContent(found, range, ifNoneMatch);
      await found.body?.cancel();
      const whole = await engine.get(key, undefined);
      return whole && toFileContent(whole, undefined, ifNoneMatch);
    },
    delete: async (key) => engine.delete(checked(key)),
    async *list({ prefix = "", limit = Infinity, after = "" } = {}) {
      if (!isText(prefix) || !isText(after)) checked("");
      if (!(limit === Infinity || (Number.isInteger(limit) && limit >= 0)))
        throw new FileError("FILE_LIMIT", "limit is a whole number");
      let [last, left] = [after, limit];
      while (left > 0) {
        const size = Math.min(left, pageSize);
        const page = await engine.list(prefix, last, size);
        yield* page;
        if (page.length < size) return;
        last = page.at(-1)!.key;
        left -= size;
      }
    },
    async uploadForm(key, { maxBytes, type, expires = 600, redirect }) {
      if (!(Number.isInteger(maxBytes) && maxBytes > 0 && maxBytes <= maxSize))
        throw new FileError("FILE_FORM", `maxBytes is a whole number from 1 to ${maxSize}`);
      if (!(Number.isInteger(expires) && expires > 0 && expires <= week))
        throw new FileError("FILE_FORM", `expires is whole seconds from 1 to ${week}`);
      const limits = {
        maxBytes,
        type: checkedType(type),
        expires: Math.ceil(Date.now() / 1000) + expires,
        redirect: redirect && new URL(redirect).href,
      };
      return { method: "POST", ...(await engine.form(checked(key), limits)) };
    },
  };
}

const byteLength = (text: string): number => new TextEncoder().encode(text).length;

function checkedType(type: string): string {
  if (typeof type !== "string" || !/^[\x21-\x7e][\x20-\x7e]{0,254}$/.test(type))
    throw new FileError("FILE_TYPE", "a type is 1-255 characters of ASCII, such as image/png");
  return type;
}

async function toFileContent(
  { body, ...file }: FoundFile,
  range: string | null | undefined,
  ifNoneMatch: string | null | undefined,
): Promise<FileContent> {
  const { size, type, etag } = file;
  const isSame = ifNoneMatch != null && includesTag(ifNoneMatch, etag, true);
  // In the order of RFC 9110 section 13.2.2.
  const found: PreconditionResult = isSame
    ? { status: 304 }
    : range == null
      ? { status: 200 }
      : parseRange(range, size);
  if (isSame) await body?.cancel();
  const [first, end] = found.range ?? [0, size];
  const length = { "content-type": type, "content-length": `${end - first}`, "x-content-type-options": "nosniff" };
  const headers = {
    etag,
    "accept-ranges": "bytes",
    ...(found.status < 300 && length),
    ...(found.status === 206 && { "content-range": `bytes ${first}-${end - 1}/${size}` }),
    ...(found.status === 416 && { "content-range": `bytes */${size}` }),
  };
  const status = found.status as FileContent["status"];
  return { ...file, status, headers, body: status < 300 ? body : null };
}
