/** The files of an app in an R2 bucket, whose objects are called `NAMESPACE/KEY`. */
import type { Platform } from "../../runtime/handler.ts";
import { parseRange } from "../../runtime/preconditions.ts";
import type { Content, Engine, FormReceiver, FoundFile, ListedFile } from "./engine.ts";
import { FileError } from "./file-error.ts";
import { signForm } from "./signed-form.ts";

/** The parts of an R2 binding that are used (developers.cloudflare.com/r2/api/workers/workers-api-reference). */
interface Bucket {
  put(key: string, value: Uint8Array, options: PutOptions): Promise<R2Object>;
  createMultipartUpload(key: string, options: PutOptions): Promise<MultipartUpload>;
  get(
    key: string,
    options?: { readonly range: R2Range },
  ): Promise<(R2Object & { readonly body: ReadableStream<Uint8Array> }) | null>;
  head(key: string): Promise<R2Object | null>;
  delete(key: string): Promise<void>;
  list(options: {
    readonly prefix: string;
    readonly limit: number;
    readonly startAfter?: string | undefined;
    readonly cursor?: string | undefined;
  }): Promise<{ readonly objects: readonly R2Object[]; readonly truncated: boolean; readonly cursor?: string }>;
}

type R2Range = { readonly suffix: number } | { readonly offset: number; readonly length?: number };

interface R2Object {
  readonly key: string;
  readonly size: number;
  readonly httpEtag: string;
  readonly uploaded: Date;
  readonly httpMetadata?: { readonly contentType?: string };
}

interface PutOptions {
  readonly httpMetadata: { readonly contentType: string };
}

interface MultipartUpload {
  uploadPart(number: number, value: Uint8Array): Promise<unknown>;
  complete(parts: readonly unknown[]): Promise<R2Object>;
  abort(): Promise<void>;
}

/** Opens a namespace. Throws FileError FILE_MISSING for a Worker without a bucket. */
export function openFiles(platform: Platform | undefined, namespace: string): Engine & FormReceiver {
  const { PORTICO_FILES: bucket, PORTICO_FILES_KEY: secret } = ((platform as { readonly env?: unknown })?.env ??
    {}) as {
    readonly PORTICO_FILES?: Bucket;
    readonly PORTICO_FILES_KEY?: string;
  };
  if (!bucket || !secret)
    throw new FileError("FILE_MISSING", "the Worker has no bucket PORTICO_FILES: release it with portico deploy");
  const nameOf = (key: string): string => `${namespace}/${key}`;
  const toListed = (object: R2Object): ListedFile => ({
    key: object.key.slice(namespace.length + 1),
    size: object.size,
    ...describe(object),
  });
  return {
    secret,
    async put(key, content, type) {
      const object = await store(bucket, nameOf(key), content, type);
      return { size: object.size, ...describe(object) };
    },
    get: (key, range) => read(bucket, nameOf(key), range),
    delete: (key) => bucket.delete(nameOf(key)).catch(unknown),
    async list(prefix, after, limit) {
      const found: ListedFile[] = [];
      const startAfter = after ? nameOf(after) : undefined;
      // A page of R2's may have fewer than its limit.
      for (let cursor: string | undefined; ;) {
        const page: Awaited<ReturnType<Bucket["list"]>> = await bucket
          .list({ prefix: nameOf(prefix), limit: limit - found.length, ...(cursor ? { cursor } : { startAfter }) })
          .catch(unanswered);
        found.push(...page.objects.map(toListed));
        if (!page.truncated || found.length >= limit) return found;
        ({ cursor } = page);
      }
    },
    form: (key, limits) => signForm(secret, { namespace, key, ...limits }),
  };
}

const describe = ({ httpEtag, uploaded }: R2Object) => ({ etag: httpEtag, modified: uploaded });

// R2's errors have no codes.
const unanswered = (cause: unknown): never => {
  throw new FileError("FILE_BUSY", "R2 does not answer; try later", cause);
};
const unknown = (cause: unknown): never => {
  throw new FileError("FILE_OUTCOME_UNKNOWN", "R2 gave no answer; the write may have happened", cause);
};

/** R2 takes parts of one size and of at least 5 MB, the last one excepted. */
const partSize = 8 * 1024 ** 2;

/** A stream goes up in parts: R2 has to know the size of an upload, and a form does not tell that of its file. */
async function store(bucket: Bucket, name: string, { parts }: Content, type: string): Promise<R2Object> {
  const options = { httpMetadata: { contentType: type } };
  const pieces = inPieces(parts);
  try {
    const { value: first = new Uint8Array() } = await pieces.next();
    if (first.byteLength < partSize) return await bucket.put(name, first, options).catch(unknown);
    return await storeParts(await bucket.createMultipartUpload(name, options).catch(unanswered), first, pieces);
  } finally {
    // So that nobody waits for a reader of what was not read.
    await pieces.return(undefined);
  }
}

async function storeParts(
  upload: MultipartUpload,
  first: Uint8Array,
  others: AsyncIterable<Uint8Array>,
): Promise<R2Object> {
  try {
    const uploaded = [await upload.uploadPart(1, first).catch(unanswered)];
    for await (const piece of others)
      if (piece.byteLength > 0) uploaded.push(await upload.uploadPart(uploaded.length + 1, piece).catch(unanswered));
    return await upload.complete(uploaded).catch(unknown);
  } catch (error) {
    // Else R2 does it after a week.
    await upload.abort().catch(() => undefined);
    throw error;
  }
}

/** The same bytes in parts of one size, the last of which may be smaller or empty; each byte is copied once at most. */
async function* inPieces(parts: Content["parts"]): AsyncGenerator<Uint8Array, undefined, undefined> {
  let held: Uint8Array[] = [];
  let left = partSize;
  const piece = (): Uint8Array => (held.length === 1 ? held[0]! : Buffer.concat(held));
  for await (const part of parts) {
    let rest = part;
    for (; rest.byteLength >= left; left = partSize) {
      held.push(rest.subarray(0, left));
      yield piece();
      held = [];
      rest = rest.subarray(left);
    }
    if (rest.byteLength > 0) held.push(rest);
    left -= rest.byteLength;
  }
  yield piece();
}

async function read(bucket: Bucket, name: string, range: string | undefined): Promise<FoundFile | undefined> {
  const asked = range === undefined ? undefined : toR2Range(range);
  try {
    const object = await bucket.get(name, asked && { range: asked });
    return object ? { ...toFound(object), body: object.body } : undefined;
  } catch (cause) {
    // R2 refuses a range outside of the file, which only its size tells.
    const object = asked && (await bucket.head(name).catch(unanswered));
    if (object && parseRange(range!, object.size).status !== 206) return { ...toFound(object), body: null };
    return unanswered(cause);
  }
}

const toFound = (object: R2Object): Omit<FoundFile, "body"> => ({
  size: object.size,
  type: object.httpMetadata?.contentType ?? "application/octet-stream",
  ...describe(object),
});

/** Undefined for a header that is to be ignored. */
function toR2Range(header: string): R2Range | undefined {
  if (parseRange(header, Number.MAX_SAFE_INTEGER).status === 200) return undefined;
  const [, from, to] = /(\d*)-(\d*)/.exec(header)!;
  if (from === "") return { suffix: Number(to) };
  return { offset: Number(from), ...(to !== "" && { length: Number(to) - Number(from) + 1 }) };
}
