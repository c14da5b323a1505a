/** A file's identity from `stat`, as text that differs when the file was replaced or written. */
import { statSync } from "node:fs";

/** Device, inode, size, and mtime and ctime in nanoseconds; empty for anything but a file. */
export function fileState(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found?.isFile() ? [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join() : "";
}
