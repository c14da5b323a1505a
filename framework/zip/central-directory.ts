/** Reads the central directory of a zip, which lists its files (PKWARE APPNOTE 6.3.10 sections 4.3.12 and 4.3.16). */

/** The first four bytes of a local file header, of a directory entry, and of the end record. */
export const signatures = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50 };

/** A file's entry in the directory, unchecked. */
export interface DirectoryEntry {
  readonly name: string;
  readonly flags: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly crc: number;
  /** Sizes in the zip and unpacked, in bytes. */
  readonly packed: number;
  readonly unpacked: number;
  /** Unix mode with the file type in its upper bits. */
  readonly mode: number;
  /** The offset of the file's local header. */
  readonly offset: number;
}

/** The entries in the directory's order; undefined for a broken directory, or bytes that are no zip. */
export function readDirectory(zip: Buffer): readonly DirectoryEntry[] | undefined {
  const end = findEnd(zip);
  if (end === undefined) return undefined;
  const entries: DirectoryEntry[] = [];
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    if (at + 46 > zip.length || zip.readUInt32LE(at) !== signatures.central) return undefined;
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => zip.readUInt16LE(at + field)) as [
      number,
      number,
      number,
    ];
    entries.push({
      name: zip.toString("utf8", at + 46, at + 46 + nameLength),
      flags: zip.readUInt16LE(at + 8),
      method: zip.readUInt16LE(at + 10),
      crc: zip.readUInt32LE(at + 16),
      packed: zip.readUInt32LE(at + 20),
      unpacked: zip.readUInt32LE(at + 24),
      mode: zip.readUInt32LE(at + 38) >>> 16,
      offset: zip.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

/** The end record, which only a comment of up to 64 KB may follow. */
function findEnd(zip: Buffer): number | undefined {
  for (let at = zip.length - 22; at >= Math.max(0, zip.length - 22 - 0xffff); at -= 1)
    if (zip.readUInt32LE(at) === signatures.end && at + 22 + zip.readUInt16LE(at + 20) === zip.length) return at;
  return undefined;
}
