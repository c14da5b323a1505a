/** Watches a folder tree: absolute paths that changed out, in batches. */
import { relative, sep } from "node:path";
import { watch as watchFiles } from "chokidar";

/** What happened since the last batch; a path is in one list only. */
export interface Changes {
  readonly changed: readonly string[];
  /** Files that came or went: the set of routes or assets may be another. */
  readonly appeared: readonly string[];
  readonly vanished: readonly string[];
}

/** A running watch. */
export interface Watch {
  close(): Promise<void>;
}

/** Never watched: what tools write, and what is too large to be source. */
const ignoredFolders = new Set(["node_modules", ".git", ".portico", "dist", "coverage"]);

/** An editor saves in several steps; events this close together are one change. */
const batchMs = 5;

/** Watches everything below root but what tools write. `onChanges` is called once per batch, never while it still runs. */
export async function watchTree(root: string, onChanges: (changes: Changes) => Promise<void>, onError: (error: unknown) => void): Promise<Watch> {
  const pending = new Map<string, keyof Changes>();
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  const flush = async (): Promise<void> => {
    timer = undefined;
    if (running || pending.size === 0) return;
    running = true;
    const pick = (kind: keyof Changes): string[] => [...pending].flatMap(([path, was]) => (was === kind ? [path] : []));
    const changes = { changed: pick("changed"), appeared: pick("appeared"), vanished: pick("vanished") };
    pending.clear();
    try {
      await onChanges(changes);
    } catch (error) {
      onError(error);
    }
    running = false;
    if (pending.size) void flush();
  };
  const note = (kind: keyof Changes) => (path: string) => {
    // A save by rename shows as gone and back: the file was there all along.
    const before = pending.get(path);
    pending.set(path, before === "vanished" && kind === "appeared" ? "changed" : kind);
    timer ??= setTimeout(() => void flush(), batchMs);
  };
  const watcher = watchFiles(root, {
    ignoreInitial: true,
    ignored: (path) => relative(root, path).split(sep).some((name) => ignoredFolders.has(name)),
  });
  watcher.on("change", note("changed")).on("add", note("appeared")).on("unlink", note("vanished")).on("error", onError);
  await new Promise<void>((ready) => watcher.once("ready", ready));
  return {
    close: async () => {
      clearTimeout(timer);
      await watcher.close();
    },
  };
}
