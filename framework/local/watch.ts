/** Watches a folder tree: batches of changed paths out; no change is ever the last one and missed. */
import { type Changes, FolderTree } from "./folder-tree.ts";

/** A running watch. */
export interface Watch {
  close(): void;
}

/** An editor saves in several steps; events this close together are one change. Milliseconds. */
const batchMs = 5;

/**
 * Folders are watched, not files: that a file was replaced or written again is an event of its folder, which cannot go deaf with the
 * file (docs/decisions/002). `onChanges` never overlaps itself. Rejects with UserError WATCH_LIMIT.
 */
export async function watchTree(
  root: string,
  onChanges: (changes: Changes) => Promise<void>,
  onError: (error: unknown) => void,
): Promise<Watch> {
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
  const tree = new FolderTree({ onEvent, onError });
  const flush = async (): Promise<void> => {
    const batch = [...touched];
    touched.clear();
    const changes = merge(await Promise.all(batch.map(([folder, names]) => tree.compare(folder, names))));
    if (!closed && Object.values(changes).some((paths: readonly string[]) => paths.length > 0)) await onChanges(changes);
  };
  await tree.enter(root);
  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
      tree.close();
    },
  };
}

const merge = (all: readonly Changes[]): Changes => ({
  changed: all.flatMap(({ changed }) => changed),
  appeared: all.flatMap(({ appeared }) => appeared),
  vanished: all.flatMap(({ vanished }) => vanished),
});
