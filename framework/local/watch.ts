/** Watches a folder tree: batches of changed paths out; no change is ever the last one and missed. */
import { statSync, type WatchEventType } from "node:fs";
import { join } from "node:path";
import { type Changes, FolderTree } from "./folder-tree.ts";

/** A running watch. */
export interface Watch {
  /** Watches one more folder, wherever it is, without those in it. Throws UserError WATCH_LIMIT. */
  also(folder: string): void;
  close(): void;
}

/** What events said of a folder. */
interface Touched {
  readonly written: Set<string>;
  /** Something came, went or was replaced, or there was an event without a name. */
  readonly others: boolean;
}

/**
 * An editor saves in several steps; what happens in `most` milliseconds is one change. Where files were only written, `rest` without more
 * of it is enough: to wait on would be a tenth of the time to a fresh answer.
 */
const batchMs = { rest: 2, most: 5 } as const;

/**
 * Folders are watched, not files: that a file was replaced or written again is an event of its folder, which cannot go deaf with the
 * file (docs/decisions/002). `onChanges` never overlaps itself. Rejects with UserError WATCH_LIMIT.
 */
export async function watchTree(
  root: string,
  onChanges: (changes: Changes) => Promise<void>,
  onError: (error: unknown) => void,
): Promise<Watch> {
  const touched = new Map<string, Touched>();
  let timer: NodeJS.Timeout | undefined;
  let began: number | undefined;
  let work: Promise<void> = Promise.resolve();
  let closed = false;
  const left = (): number => Math.max(0, (began ?? 0) + batchMs.most - performance.now());
  const end = (): void => {
    if (left() > 0 && hasEmpty(touched)) {
      timer = setTimeout(end, left());
      return;
    }
    [timer, began] = [undefined, undefined];
    work = work.then(flush).catch(onError);
  };
  const onEvent = (folder: string, name: string | null, kind: WatchEventType): void => {
    const { written, others } = touched.get(folder) ?? { written: new Set(), others: false };
    touched.set(folder, { written: name === null ? written : written.add(name), others: others || kind !== "change" || name === null });
    began ??= performance.now();
    clearTimeout(timer);
    const isSave = [...touched.values()].every((it) => !it.others);
    timer = setTimeout(end, isSave ? Math.min(batchMs.rest, left()) : left());
  };
  const tree = new FolderTree({ onEvent, onError });
  const flush = async (): Promise<void> => {
    const batch = [...touched];
    touched.clear();
    const changes = merge(batch.map(([folder, { written, others }]) => tree.compare(folder, written, others)));
    if (!closed && Object.values(changes).some((paths: readonly string[]) => paths.length > 0)) await onChanges(changes);
  };
  tree.enter(root);
  return {
    also: (folder) => void tree.enter(folder, true),
    close: () => {
      closed = true;
      clearTimeout(timer);
      tree.close();
    },
  };
}

/** Who writes a file anew empties it first. */
const hasEmpty = (touched: ReadonlyMap<string, Touched>): boolean =>
  [...touched].some(([folder, { written }]) =>
    [...written].some((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size === 0),
  );

const merge = (all: readonly Changes[]): Changes => ({
  changed: all.flatMap(({ changed }) => changed),
  appeared: all.flatMap(({ appeared }) => appeared),
  vanished: all.flatMap(({ vanished }) => vanished),
});
