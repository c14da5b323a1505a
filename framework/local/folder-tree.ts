/** A tree of watched folders: events of folders out; asked to, it lists a touched folder again and tells what came, went or was written. */
import { type FSWatcher, readdirSync, type WatchEventType, watch as watchFolder } from "node:fs";
import { join } from "node:path";
import { UserError } from "../model/user-error.ts";

/** What happened; absolute paths of files, each in one list only. */
export interface Changes {
  readonly changed: readonly string[];
  /** Files that came or went: the set of routes or assets may be another. */
  readonly appeared: readonly string[];
  readonly vanished: readonly string[];
}

/** Never watched: no route, asset or source is in them. Any other folder may hold some, `dist` too, where a bundler writes the static files. */
const ignoredFolders = new Set(["node_modules", ".git", ".portico"]);

interface Folder {
  readonly watcher: FSWatcher;
  files: ReadonlySet<string>;
  readonly folders: Set<string>;
  /** Its folders are not watched. */
  readonly alone: boolean;
}

/** Who is told: of each event, the folder, the name in it where the system gives one, and the kind; and of a watch that broke. */
interface Listener {
  readonly onEvent: (folder: string, name: string | null, kind: WatchEventType) => void;
  readonly onError: (error: unknown) => void;
}

/** Holds one watch per folder. */
export class FolderTree {
  readonly #folders = new Map<string, Folder>();
  readonly #listener: Listener;
  #closed = false;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  /**
   * Begins to watch a folder before it is read, so that nothing falls in between; gives the files of the whole new tree. Throws
   * UserError WATCH_LIMIT where the system refuses more.
   * @param alone leaves out the folders in it
   */
  enter(path: string, alone = false): readonly string[] {
    if (this.#closed || this.#folders.has(path)) return [];
    const watcher = this.#open(path);
    if (!watcher) return [];
    this.#folders.set(path, { watcher, files: new Set(), folders: new Set(), alone });
    return this.compare(path, new Set(), true).appeared;
  }

  /**
   * Lists a folder anew. `written` are the names that events spoke of: those that were there before and still are have changed.
   * @param others false when files were only written; then a folder is not listed where all of them are known, since one that went has an event of its own
   */
  compare(path: string, written: ReadonlySet<string>, others: boolean): Changes {
    const folder = this.#folders.get(path);
    if (!folder) return { changed: [], appeared: [], vanished: [] };
    const before = folder.files;
    const isKnown = !others && [...written].every((name) => before.has(name));
    if (isKnown) return { changed: [...written].map((name) => join(path, name)), appeared: [], vanished: [] };
    const now = folder.alone ? { ...list(path), folders: [] } : list(path);
    folder.files = new Set(now.files);
    const gone = [...folder.folders].filter((name) => !now.folders.includes(name));
    const fresh = now.folders.filter((name) => !folder.folders.has(name));
    for (const name of gone) folder.folders.delete(name);
    for (const name of fresh) folder.folders.add(name);
    const inside = fresh.map((name) => this.enter(join(path, name)));
    const paths = (names: readonly string[]): string[] => names.map((name) => join(path, name));
    return {
      changed: paths(now.files.filter((name) => before.has(name) && written.has(name))),
      appeared: [...paths(now.files.filter((name) => !before.has(name))), ...inside.flat()],
      vanished: [...paths([...before].filter((name) => !folder.files.has(name))), ...gone.flatMap((name) => this.#leave(join(path, name)))],
    };
  }

  close(): void {
    this.#closed = true;
    for (const path of this.#folders.keys()) this.#leave(path);
  }

  #leave(path: string): readonly string[] {
    const folder = this.#folders.get(path);
    if (!folder) return [];
    folder.watcher.close();
    this.#folders.delete(path);
    return [...[...folder.files].map((name) => join(path, name)), ...[...folder.folders].flatMap((name) => this.#leave(join(path, name)))];
  }

  /** Undefined when the folder is gone already. */
  #open(path: string): FSWatcher | undefined {
    const { onEvent, onError } = this.#listener;
    try {
      return watchFolder(path, (kind, name) => onEvent(path, name, kind)).on("error", onError);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === "ENOENT") return undefined;
      if (code !== "ENOSPC" && code !== "EMFILE") throw cause;
      const fix = "raise fs.inotify.max_user_watches, or close other watchers";
      throw new UserError("WATCH_LIMIT", `the system refuses to watch ${path}: its limit is reached`, fix, { cause });
    }
  }
}

/** Links are not followed: they may lead out, or in circles. A folder that is gone is empty. */
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
