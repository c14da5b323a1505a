/** Reads an uploaded zip: bytes in, its files out, or the refusal that Lambda gives for one it cannot unzip. */
import { crc32, inflateRawSync } from "node:zlib";
import { AwsError } from "./aws-error.ts";

/** A file of the archive. */
export interface ZipEntry {
  /** With "/", relative, without "." or "..". */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

/** Bytes of all files together (quotas page: 250 MB). */
export const maxUnzipped = 262_144_000;

const fileMark = 0x04034b50;
const entryMark = 0x02014b50;
const endMark = 0x06054b50;
const symlink = 0o120000;

/**
 * Every file of the zip. Throws AwsError for anything but a plain archive (APPNOTE 6.3: stored or deflated, one disk, no encryption,
 * no zip64), for a path that leaves its folder or comes twice, a symlink, a wrong checksum, and more than 250 MB unzipped.
 */
export function zipEntries(zip: Uint8Array): readonly ZipEntry[] {
  const bytes = Buffer.from(zip.buffer, zip.byteOffset, zip.byteLength);
  try {
    return readEntries(bytes);
  } catch (error) {
    // RangeError: an offset beyond the end; zlib's errors carry a code that starts with Z_ or ERR_.
    if (error instanceof RangeError || (error as NodeJS.ErrnoException).code?.startsWith("Z_")) throw unreadable();
    throw error;
  }
}

/** Lambda's words for it. */
export function unreadable(): AwsError {
  return new AwsError(
    "InvalidParameterValueException",
    400,
    "Could not unzip uploaded file. Please check your file, then try to upload again.",
  );
}

function readEntries(zip: Buffer): readonly ZipEntry[] {
  const end = endRecord(zip);
  const count = zip.readUInt16LE(end + 10);
  const entries: ZipEntry[] = [];
  const paths = new Set<string>();
  let at = zip.readUInt32LE(end + 16);
  let left = maxUnzipped;
  for (let index = 0; index < count; index += 1) {
    if (zip.readUInt32LE(at) !== entryMark) throw unreadable();
    const nameEnd = at + 46 + zip.readUInt16LE(at + 28);
    const name = zip.toString("utf8", at + 46, nameEnd);
    const entry = readEntry(zip, at, name, left);
    if (entry) {
      if (paths.has(entry.path)) throw unreadable();
      paths.add(entry.path);
      entries.push(entry);
      left -= entry.bytes.length;
    }
    at = nameEnd + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  if (entries.length === 0) throw new AwsError("InvalidParameterValueException", 400, "Uploaded file must be a non-empty zip");
  return entries;
}

/** The end record is last, but for a comment of up to 64 KB. */
function endRecord(zip: Buffer): number {
  for (let at = zip.length - 22; at >= Math.max(0, zip.length - 22 - 0xffff); at -= 1) {
    if (zip.readUInt32LE(at) === endMark && at + 22 + zip.readUInt16LE(at + 20) === zip.length) return at;
  }
  throw unreadable();
}

function readEntry(zip: Buffer, at: number, name: string, left: number): ZipEntry | undefined {
  const mode = zip.readUInt32LE(at + 38) >>> 16;
  if ((mode & 0o170000) === symlink) throw unreadable();
  if (!isPlainPath(name)) throw unreadable();
  if (name.endsWith("/")) return undefined;
  const encrypted = (zip.readUInt16LE(at + 8) & 1) === 1;
  const size = zip.readUInt32LE(at + 24);
  if (encrypted) throw unreadable();
  if (size > left) throw new AwsError("InvalidParameterValueException", 400, `Unzipped size must be smaller than ${maxUnzipped} bytes`);
  const bytes = inflate(zip, at, size);
  if (bytes.length !== size || crc32(bytes) !== zip.readUInt32LE(at + 16)) throw unreadable();
  return { path: name, bytes, executable: (mode & 0o100) !== 0 };
}

function inflate(zip: Buffer, at: number, size: number): Uint8Array {
  const method = zip.readUInt16LE(at + 10);
  const local = zip.readUInt32LE(at + 42);
  if (zip.readUInt32LE(local) !== fileMark) throw unreadable();
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const end = start + zip.readUInt32LE(at + 20);
  if (end > zip.length) throw unreadable();
  const packed = zip.subarray(start, end);
  if (method === 0) return packed;
  // The declared size is the sender's word: a bomb that holds more stops at the limit and is not unpacked first.
  if (method === 8) return size === 0 ? new Uint8Array(0) : inflateRawSync(packed, { maxOutputLength: size });
  throw unreadable();
}

function isPlainPath(name: string): boolean {
  const parts = (name.endsWith("/") ? name.slice(0, -1) : name).split("/");
  // oxlint-disable-next-line no-control-regex -- a NUL or control character in a file name is an attack
  return !/[\\:\u0000-\u001f]/.test(name) && parts.every((part) => part !== "" && part !== "." && part !== "..");
}
