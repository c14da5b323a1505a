/** Watches a folder tree and reports changed files in batches; the last change is never missed. */
import { type FileChanges, WatchedFolders } from "./watched-folders.ts";

/** A running watch. */
export interface FileWatcher {
  /** Watches one more folder, wherever it is, without its subfolders. Throws UserError WATCH_LIMIT. */
  addFolder(folder: string): void;
  close(): void;
}

/** Milliseconds in which events count as one change, since an editor saves in several steps. */
const batchMs = 5;

/**
 * Watches folders, not files: a file that is replaced or written again is an event of its folder, whose watch stays
 * valid (docs/decisions/002). `onChanges` never overlaps itself. Rejects with UserError WATCH_LIMIT.
 */
export async function watchFiles(
  root: string,
  onChanges: (changes: FileChanges) => Promise<void>,
  onError: (error: unknown) => void,
): Promise<FileWatcher> {
  /** The names in the events of each folder. */
  const touched = new Map<string, Set<string>>();
  let timer: NodeJS.Timeout | undefined;
  let work: Promise<void> = Promise.resolve();
  let closed = false;
  const onEvent = (folder: string, name: string | null): void => {
    const names = touched.get(folder) ?? new Set();
    touched.set(folder, name === null ? names : names.add(name));
    timer ??= setTimeout(() => {
      timer = undefined;
      work = work.then(flush).catch(onError);
    }, batchMs);
  };
  const folders = new WatchedFolders({ onEvent, onError });
  const flush = async (): Promise<void> => {
    const batch = [...touched];
    touched.clear();
    const changes = merge(batch.map(([folder, names]) => folders.rescan(folder, names)));
    if (!closed && Object.values(changes).some((paths: readonly string[]) => paths.length > 0))
      await onChanges(changes);
  };
  folders.add(root);
  return {
    addFolder: (folder) => void folders.add(folder, true),
    close: () => {
      closed = true;
      clearTimeout(timer);
      folders.close();
    },
  };
}

const merge = (batches: readonly FileChanges[]): FileChanges => ({
  changed: batches.flatMap(({ changed }) => changed),
  appeared: batches.flatMap(({ appeared }) => appeared),
  vanished: batches.flatMap(({ vanished }) => vanished),
});
