/** How large the files of a zip are: an archive of our own build in, bytes by name out, as they are packed and unpacked (PKWARE APPNOTE 4.3.12). */

const end = 0x06054b50;
const entry = 0x02014b50;

/** Bytes of a file. */
export interface ZipSize {
  readonly packed: number;
  readonly unpacked: number;
}

/** Throws Error for anything that our build does not write. */
export function zipSizes(zip: Uint8Array): ReadonlyMap<string, ZipSize> {
  const bytes = Buffer.from(zip.buffer, zip.byteOffset, zip.byteLength);
  const last = bytes.length - 22;
  if (last < 0 || bytes.readUInt32LE(last) !== end) throw new Error("not a zip that Portico's build wrote");
  const sizes = new Map<string, ZipSize>();
  let at = bytes.readUInt32LE(last + 16);
  for (let left = bytes.readUInt16LE(last + 10); left > 0; left--) {
    if (bytes.readUInt32LE(at) !== entry) throw new Error("the directory of the zip is broken");
    const name = at + 46;
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field)) as [
      number,
      number,
      number,
    ];
    sizes.set(bytes.toString("utf8", name, name + nameLength), {
      packed: bytes.readUInt32LE(at + 20),
      unpacked: bytes.readUInt32LE(at + 24),
    });
    at = name + nameLength + extraLength + commentLength;
  }
  return sizes;
}
