/** Reads one folder of the app: a path in, its files and folders in one order on every machine out. */
import { readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";

/** A file or folder below the app's root; links are resolved. */
export interface FolderEntry {
  /** As it is on disk. */
  readonly name: string;
  readonly kind: "file" | "folder";
  /** Relative to the root, "/" on every system. */
  readonly path: string;
}

/**
 * The entries of a folder, sorted by name. Left out: links that lead nowhere, out of the root, or back to a folder above them, and
 * what is neither file nor folder. A folder that does not exist has no entries.
 * @param root absolute
 * @param folder relative to it, "/" on every system
 */
export async function readFolder(root: string, folder: string): Promise<readonly FolderEntry[]> {
  const found = await orMissing(readdir(join(root, folder), { withFileTypes: true }));
  const entries: FolderEntry[] = [];
  for (const entry of (found ?? []).toSorted((a, b) => compareNames(a.name, b.name))) {
    const path = folder === "." || folder === "" ? entry.name : `${folder}/${entry.name}`;
    const kind = entry.isSymbolicLink() ? await linkedKind(root, path) : kindOf(entry);
    if (kind) entries.push({ name: entry.name, kind, path });
  }
  return entries;
}

async function linkedKind(root: string, path: string): Promise<FolderEntry["kind"] | undefined> {
  const target = await orMissing(realpath(join(root, path)));
  if (target === undefined || !isInside(await realpath(root), target)) return undefined;
  const kind = kindOf(await stat(target));
  const parent = await realpath(join(root, path, ".."));
  return kind === "folder" && isInside(target, parent) ? undefined : kind;
}

const kindOf = (entry: { isFile(): boolean; isDirectory(): boolean }): FolderEntry["kind"] | undefined =>
  entry.isDirectory() ? "folder" : entry.isFile() ? "file" : undefined;

const isInside = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** By code unit of the composed name, which no locale and no file system changes. */
const compareNames = (a: string, b: string): number => {
  const [left, right] = [a.normalize("NFC"), b.normalize("NFC")];
  return left < right ? -1 : left > right ? 1 : 0;
};

/** ENOENT and ENOTDIR are answers here; ELOOP is a link that leads nowhere. */
async function orMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ELOOP"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
