/** Writes small uncompressed zips, valid and invalid ones (APPNOTE 6.3 sections 4.3.7, 4.3.12 and 4.3.16). */
import { crc32 } from "node:zlib";

/** An entry; fields besides name and data are written unchanged, even wrong ones. */
export interface SmallEntry {
  readonly name: string;
  readonly data?: Buffer;
  readonly method?: number;
  readonly mode?: number;
  readonly size?: number;
  readonly crc?: number;
  readonly flags?: number;
}

export function smallZip(...entries: readonly SmallEntry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  for (const {
    name,
    data = Buffer.from("x"),
    method = 0,
    mode = 0o100644,
    size = data.length,
    crc = crc32(data),
    flags = 0,
  } of entries) {
    const file = Buffer.from(name);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(flags, 8);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(crc, 16);
    entry.writeUInt32LE(data.length, 20);
    entry.writeUInt32LE(size, 24);
    entry.writeUInt16LE(file.length, 28);
    entry.writeUInt32LE((mode << 16) >>> 0, 38);
    entry.writeUInt32LE(Buffer.concat(files).length, 42);
    directory.push(entry, file);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(file.length, 26);
    files.push(local, file, data);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(Buffer.concat(files).length, 16);
  return Buffer.concat([...files, ...directory, end]);
}
