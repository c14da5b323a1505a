/** A tree of watched folders that is compared with the disk when one of its folders reports an event. */
import { type FSWatcher, readdirSync, watch as watchFolder } from "node:fs";
import { join } from "node:path";
import { UserError } from "../model/user-error.ts";

/** Changed files by absolute path, each in one list only. */
export interface FileChanges {
  readonly changed: readonly string[];
  /** New and removed files: the set of routes or assets may have changed. */
  readonly appeared: readonly string[];
  readonly vanished: readonly string[];
}

/**
 * Names of folders without routes, assets or sources, which are not watched. Any other folder may have some, even
 * `dist`, where a bundler writes static files.
 */
const ignoredFolders = new Set(["node_modules", ".git", ".portico"]);

interface Folder {
  readonly watcher: FSWatcher;
  files: ReadonlySet<string>;
  readonly folders: Set<string>;
  /** True where its subfolders are not watched. */
  readonly shallow: boolean;
}

interface Callbacks {
  /** @param name of the file in the folder, where the system gives it */
  readonly onEvent: (folder: string, name: string | null) => void;
  /** A watch broke. */
  readonly onError: (error: unknown) => void;
}

/** A class, since it holds one system watch per folder. */
export class WatchedFolders {
  readonly #folders = new Map<string, Folder>();
  readonly #callbacks: Callbacks;
  #closed = false;

  constructor(callbacks: Callbacks) {
    this.#callbacks = callbacks;
  }

  /**
   * Starts to watch a folder and its subfolders, and gives all their files. Each folder is watched before it is read,
   * so that no change between the two is missed. Throws UserError WATCH_LIMIT.
   * @param shallow leaves the subfolders out
   */
  add(path: string, shallow = false): readonly string[] {
    if (this.#closed || this.#folders.has(path)) return [];
    const watcher = this.#open(path);
    if (!watcher) return [];
    this.#folders.set(path, { watcher, files: new Set(), folders: new Set(), shallow });
    return this.rescan(path, new Set()).appeared;
  }

  /**
   * Lists a folder again and compares it with its last listing.
   * @param written the names in the folder's events: files among them that existed before and still exist have changed
   */
  rescan(path: string, written: ReadonlySet<string>): FileChanges {
    const folder = this.#folders.get(path);
    if (!folder) return { changed: [], appeared: [], vanished: [] };
    const before = folder.files;
    const now = folder.shallow ? { ...list(path), folders: [] } : list(path);
    folder.files = new Set(now.files);
    const removed = [...folder.folders].filter((name) => !now.folders.includes(name));
    const added = now.folders.filter((name) => !folder.folders.has(name));
    for (const name of removed) folder.folders.delete(name);
    for (const name of added) folder.folders.add(name);
    const inside = added.map((name) => this.add(join(path, name)));
    const paths = (names: readonly string[]): string[] => names.map((name) => join(path, name));
    return {
      changed: paths(now.files.filter((name) => before.has(name) && written.has(name))),
      appeared: [...paths(now.files.filter((name) => !before.has(name))), ...inside.flat()],
      vanished: [
        ...paths([...before].filter((name) => !folder.files.has(name))),
        ...removed.flatMap((name) => this.#remove(join(path, name))),
      ],
    };
  }

  close(): void {
    this.#closed = true;
    for (const path of this.#folders.keys()) this.#remove(path);
  }

  /** Ends the watches of a folder and its subfolders, and gives the files that they had. */
  #remove(path: string): readonly string[] {
    const folder = this.#folders.get(path);
    if (!folder) return [];
    folder.watcher.close();
    this.#folders.delete(path);
    return [
      ...[...folder.files].map((name) => join(path, name)),
      ...[...folder.folders].flatMap((name) => this.#remove(join(path, name))),
    ];
  }

  /** Undefined when the folder no longer exists. */
  #open(path: string): FSWatcher | undefined {
    const { onEvent, onError } = this.#callbacks;
    try {
      return watchFolder(path, (_, name) => onEvent(path, name)).on("error", onError);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === "ENOENT") return undefined;
      if (code !== "ENOSPC" && code !== "EMFILE") throw cause;
      const fix = "raise the limit: sudo sysctl fs.inotify.max_user_watches=524288; or close other watchers";
      throw new UserError("WATCH_LIMIT", `the system's limit of watched folders is reached at ${path}`, fix, { cause });
    }
  }
}

/** Symbolic links are not followed: they may lead out of the tree, or in circles. A missing folder is empty. */
function list(path: string): { readonly files: readonly string[]; readonly folders: readonly string[] } {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const folders = entries.filter((entry) => entry.isDirectory() && !ignoredFolders.has(entry.name));
    return { files: files.map(({ name }) => name), folders: folders.map(({ name }) => name) };
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return { files: [], folders: [] };
    throw error;
  }
}
