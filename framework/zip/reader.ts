/** Unpacks an untrusted zip: accepts only plain archives, up to a size limit. */
import { crc32, inflateRawSync } from "node:zlib";
import { type DirectoryEntry, readDirectory, signatures } from "./central-directory.ts";

/** A file of an archive. */
export interface ZipEntry {
  /** Relative, with "/", without "." or "..". */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

/** Why a zip was not unpacked. */
export class ZipError extends Error {
  readonly code: "ZIP_UNREADABLE" | "ZIP_EMPTY" | "ZIP_TOO_LARGE";

  constructor(code: ZipError["code"], options?: ErrorOptions) {
    super(`the zip was not unpacked: ${code}`, options);
    this.name = "ZipError";
    this.code = code;
  }
}

/** Lambda's limit for all files together in bytes (quotas page: 250 MB). */
export const maxUnzipped = 262_144_000;

const symlink = 0o120000;

/**
 * Every file of the zip. Throws ZipError for anything but a plain archive (APPNOTE 6.3: stored or deflated, one disk,
 * no encryption, no zip64), for a path outside of its folder, a duplicate path, a symlink, a wrong checksum, and more
 * than 250 MB unzipped.
 */
export function zipEntries(zip: Uint8Array): readonly ZipEntry[] {
  try {
    return readEntries(Buffer.from(zip.buffer, zip.byteOffset, zip.byteLength));
  } catch (error) {
    // RangeError: an offset beyond the end. Errors of zlib have a code that begins with Z_.
    if (error instanceof RangeError || (error as NodeJS.ErrnoException).code?.startsWith("Z_"))
      throw new ZipError("ZIP_UNREADABLE", { cause: error });
    throw error;
  }
}

function readEntries(zip: Buffer): readonly ZipEntry[] {
  const directory = readDirectory(zip);
  if (!directory) throw new ZipError("ZIP_UNREADABLE");
  const entries: ZipEntry[] = [];
  const paths = new Set<string>();
  let left = maxUnzipped;
  for (const found of directory) {
    const entry = readEntry(zip, found, left);
    if (!entry) continue;
    if (paths.has(entry.path)) throw new ZipError("ZIP_UNREADABLE");
    paths.add(entry.path);
    entries.push(entry);
    left -= entry.bytes.length;
  }
  if (entries.length === 0) throw new ZipError("ZIP_EMPTY");
  return entries;
}

function readEntry(zip: Buffer, entry: DirectoryEntry, left: number): ZipEntry | undefined {
  const { name, flags, mode, unpacked, crc } = entry;
  const isLink = (mode & 0o170000) === symlink;
  if (isLink || !isPlainPath(name)) throw new ZipError("ZIP_UNREADABLE");
  if (name.endsWith("/")) return undefined;
  const isEncrypted = (flags & 1) === 1;
  if (isEncrypted) throw new ZipError("ZIP_UNREADABLE");
  if (unpacked > left) throw new ZipError("ZIP_TOO_LARGE");
  const bytes = inflate(zip, entry);
  if (bytes.length !== unpacked || crc32(bytes) !== crc) throw new ZipError("ZIP_UNREADABLE");
  return { path: name, bytes, executable: (mode & 0o100) !== 0 };
}

function inflate(zip: Buffer, { method, offset, packed, unpacked }: DirectoryEntry): Uint8Array {
  if (zip.readUInt32LE(offset) !== signatures.local) throw new ZipError("ZIP_UNREADABLE");
  const start = offset + 30 + zip.readUInt16LE(offset + 26) + zip.readUInt16LE(offset + 28);
  const end = start + packed;
  if (end > zip.length) throw new ZipError("ZIP_UNREADABLE");
  const bytes = zip.subarray(start, end);
  if (method === 0) return bytes;
  // Unpacking stops at the declared size, so that a zip bomb is never unpacked completely.
  if (method === 8) return unpacked === 0 ? new Uint8Array(0) : inflateRawSync(bytes, { maxOutputLength: unpacked });
  throw new ZipError("ZIP_UNREADABLE");
}

function isPlainPath(name: string): boolean {
  const parts = (name.endsWith("/") ? name.slice(0, -1) : name).split("/");
  // oxlint-disable-next-line no-control-regex -- a NUL or control character in a file name is an attack
  return !/[\\:\u0000-\u001f]/.test(name) && parts.every((part) => part !== "" && part !== "." && part !== "..");
}
