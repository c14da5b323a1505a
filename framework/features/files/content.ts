/** The bytes that a caller gives, as parts whose size is known. */
import type { Content } from "./engine.ts";
import { FileError } from "./file-error.ts";

/** What can be stored; null, the body of a request without one, is an empty file. */
export type FileBody = string | ArrayBuffer | ArrayBufferView | Blob | ReadableStream<Uint8Array> | null;

/** Bytes of a stream without a size, which is read into memory first, as clouds have to know sizes beforehand. */
const maxCollected = 10_485_760;

/** Rejects with FileError FILE_SIZE for what is too large. @param size given by the caller @param most bytes */
export async function toContent(body: FileBody, size: number | undefined, most: number): Promise<Content> {
  const bytes = toBytes(body);
  if (bytes) return checkedSize({ size: bytes.byteLength, parts: [bytes] }, most);
  // Without the name of the class, which loads it in Node.
  if ("stream" in (body as Blob))
    return checkedSize({ size: (body as Blob).size, parts: (body as Blob).stream() }, most);
  const stream = body as ReadableStream<Uint8Array>;
  if (size !== undefined) return checkedSize({ size, parts: counted(stream, size) }, most);
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const part of stream) {
    parts.push(part);
    total += part.byteLength;
    if (total > maxCollected) throw new FileError("FILE_SIZE", `say the size of a stream beyond ${maxCollected} bytes`);
  }
  return { size: total, parts };
}

function toBytes(body: FileBody): Uint8Array | undefined {
  if (body === null || typeof body === "string") return new TextEncoder().encode(body ?? "");
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (!ArrayBuffer.isView(body)) return undefined;
  return new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength);
}

function checkedSize(content: Content & { readonly size: number }, most: number): Content {
  if (!(Number.isInteger(content.size) && content.size >= 0 && content.size <= most))
    throw new FileError("FILE_SIZE", `a file has at most ${most} bytes`);
  return content;
}

/** The parts, which throw FileError FILE_SIZE where they are more or fewer bytes than that. */
async function* counted(parts: AsyncIterable<Uint8Array>, size: number): AsyncIterable<Uint8Array> {
  let left = size;
  for await (const part of parts) {
    left -= part.byteLength;
    if (left < 0) break;
    yield part;
  }
  if (left !== 0) throw new FileError("FILE_SIZE", `the body does not have the ${size} bytes that were said`);
}
