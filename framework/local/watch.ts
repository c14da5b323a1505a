/** Watches a folder tree: absolute paths that changed out, in batches; no change is ever the last one and missed. */
import { type FSWatcher, watch as watchFolder } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../model/user-error.ts";

/** What happened since the last batch; a path is in one list only. */
export interface Changes {
  readonly changed: readonly string[];
  /** Files that came or went: the set of routes or assets may be another. */
  readonly appeared: readonly string[];
  readonly vanished: readonly string[];
}

/** A running watch. */
export interface Watch {
  close(): void;
}

/** Never watched: what tools write, and what is too large to be source. */
const ignoredFolders = new Set(["node_modules", ".git", ".portico", "dist", "coverage"]);

/** An editor saves in several steps; events this close together are one change. Milliseconds. */
const batchMs = 5;

interface Folder {
  readonly watcher: FSWatcher;
  files: ReadonlySet<string>;
  readonly folders: Set<string>;
}

/**
 * Folders are watched, not files: that a file was replaced or written again is an event of its folder, which cannot go deaf with the
 * file (docs/decisions/002). `onChanges` never overlaps itself. Rejects with UserError WATCH_LIMIT where the system refuses more.
 */
export async function watchTree(
  root: string,
  onChanges: (changes: Changes) => Promise<void>,
  onError: (error: unknown) => void,
): Promise<Watch> {
  const folders = new Map<string, Folder>();
  const touched = new Map<string, Set<string>>();
  let timer: NodeJS.Timeout | undefined;
  let work: Promise<void> = Promise.resolve();
  let closed = false;

  const touch = (path: string, name: string | null): void => {
    const names = touched.get(path) ?? new Set();
    touched.set(path, name === null ? names : names.add(name));
    timer ??= setTimeout(() => {
      timer = undefined;
      work = work.then(flush).catch(onError);
    }, batchMs);
  };

  const forget = (path: string): readonly string[] => {
    const folder = folders.get(path);
    if (!folder) return [];
    folder.watcher.close();
    folders.delete(path);
    return [...[...folder.files].map((name) => join(path, name)), ...[...folder.folders].flatMap((name) => forget(join(path, name)))];
  };

  /** Begins to watch before it reads, so that nothing falls in between; gives the files of the whole new tree. */
  const enter = async (path: string): Promise<readonly string[]> => {
    if (closed || folders.has(path)) return [];
    const watcher = openWatcher(path, (name) => touch(path, name), onError);
    if (!watcher) return [];
    const folder: Folder = { watcher, files: new Set(), folders: new Set() };
    folders.set(path, folder);
    return (await compare(path, folder, new Set())).appeared;
  };

  const compare = async (path: string, folder: Folder, names: ReadonlySet<string>): Promise<Changes> => {
    const before = folder.files;
    const now = await list(path);
    folder.files = new Set(now.files);
    const gone = [...folder.folders].filter((name) => !now.folders.includes(name));
    const fresh = now.folders.filter((name) => !folder.folders.has(name));
    for (const name of gone) folder.folders.delete(name);
    for (const name of fresh) folder.folders.add(name);
    const inside = await Promise.all(fresh.map((name) => enter(join(path, name))));
    const absolute = (list: readonly string[]): string[] => list.map((name) => join(path, name));
    return {
      changed: absolute(now.files.filter((name) => before.has(name) && names.has(name))),
      appeared: [...absolute(now.files.filter((name) => !before.has(name))), ...inside.flat()],
      vanished: [...absolute([...before].filter((name) => !folder.files.has(name))), ...gone.flatMap((name) => forget(join(path, name)))],
    };
  };

  const flush = async (): Promise<void> => {
    const batch = [...touched];
    touched.clear();
    const all: Changes[] = [];
    for (const [path, names] of batch) {
      const folder = folders.get(path);
      if (folder) all.push(await compare(path, folder, names));
    }
    const changes = {
      changed: all.flatMap(({ changed }) => changed),
      appeared: all.flatMap(({ appeared }) => appeared),
      vanished: all.flatMap(({ vanished }) => vanished),
    };
    if (!closed && Object.values(changes).some((paths) => paths.length > 0)) await onChanges(changes);
  };

  await enter(root);
  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
      forget(root);
    },
  };
}

/** Undefined when the folder is gone already. */
function openWatcher(path: string, onEvent: (name: string | null) => void, onError: (error: unknown) => void): FSWatcher | undefined {
  try {
    return watchFolder(path, (_, name) => onEvent(name)).on("error", onError);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code !== "ENOSPC" && code !== "EMFILE") throw cause;
    throw new UserError(
      "WATCH_LIMIT",
      `the system refuses to watch ${path}: its limit is reached`,
      "raise fs.inotify.max_user_watches, or close other watchers",
      { cause },
    );
  }
}

/** Links are not followed: they may lead out, or in circles. */
async function list(path: string): Promise<{ readonly files: readonly string[]; readonly folders: readonly string[] }> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    const pick = (is: (entry: (typeof entries)[number]) => boolean): string[] => entries.filter(is).map(({ name }) => name);
    return { files: pick((entry) => entry.isFile()), folders: pick((entry) => entry.isDirectory() && !ignoredFolders.has(entry.name)) };
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return { files: [], folders: [] };
    throw error;
  }
}
