/** Reads one folder of the app: a path in, its files and folders in one order on every machine out. */
import { type Dirent, readdirSync } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";

/** A file or folder below the app's root; links are resolved. */
export interface FolderEntry {
  /** As it is on disk. */
  readonly name: string;
  readonly kind: "file" | "folder";
  /** Relative to the root, "/" on every system. */
  readonly path: string;
  /** Of a link: where it leads, relative to the real root. */
  readonly target?: string;
}

/**
 * The entries of a folder, sorted by name. Left out: links that lead nowhere, out of the root, or back to a folder above them, and
 * what is neither file nor folder. A folder that does not exist has no entries.
 * @param root absolute
 * @param folder relative to it, "/" on every system
 */
export async function readFolder(root: string, folder: string): Promise<readonly FolderEntry[]> {
  const listed = list(join(root, folder));
  const entries: FolderEntry[] = [];
  for (const entry of (listed ?? []).toSorted((a, b) => compareNames(a.name, b.name))) {
    const path = folder === "." || folder === "" ? entry.name : `${folder}/${entry.name}`;
    const found = entry.isSymbolicLink() ? await linked(root, path) : { kind: kindOf(entry) };
    const { kind } = found ?? {};
    if (kind) entries.push({ ...found, name: entry.name, kind, path });
  }
  return entries;
}

/** Without waiting for a thread: where two cores start several processes, a hundred such waits took 10 ms, and reading takes 1. */
function list(path: string): readonly Dirent[] | undefined {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function linked(root: string, path: string): Promise<{ readonly kind: Kind | undefined; readonly target: string } | undefined> {
  const [home, target] = [await realpath(root), await orMissing(realpath(join(root, path)))];
  if (target === undefined || !isInside(home, target)) return undefined;
  const kind = kindOf(await stat(target));
  const parent = await realpath(join(root, path, ".."));
  return kind === "folder" && isInside(target, parent) ? undefined : { kind, target: relative(home, target).replaceAll(sep, "/") };
}

type Kind = FolderEntry["kind"];

const kindOf = (entry: { isFile(): boolean; isDirectory(): boolean }): Kind | undefined =>
  entry.isDirectory() ? "folder" : entry.isFile() ? "file" : undefined;

const isInside = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** By code unit of the composed name, which no locale and no file system changes. */
const compareNames = (a: string, b: string): number => {
  const [left, right] = [a.normalize("NFC"), b.normalize("NFC")];
  return left < right ? -1 : left > right ? 1 : 0;
};

/** ENOENT and ENOTDIR are answers here; ELOOP is a link that leads nowhere. */
const isMissing = (error: unknown): boolean => ["ENOENT", "ENOTDIR", "ELOOP"].includes((error as NodeJS.ErrnoException).code ?? "");

async function orMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
