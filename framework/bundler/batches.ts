/** Calls of esbuild for many entry points in batches, since one call holds the graphs of all its entries in memory. */
import type { BuildFailure } from "esbuild";
import { isBuildFailure, toUserError } from "./build-errors.ts";

/** Batches at once: esbuild works on one while the results of the other are read. */
const concurrency = 2;

/**
 * Does work that calls esbuild for each batch, and returns the results in order. After a build that failed the others
 * are built too, so that the message of the UserError BUILD_FAILED counts and names what is missing in all of them.
 * @param root absolute path that esbuild's files are relative to
 * @param size items in a batch
 */
export async function inBatches<Item, Result>(
  root: string,
  items: readonly Item[],
  size: number,
  work: (batch: readonly Item[]) => Promise<Result>,
): Promise<readonly Result[]> {
  const results = new Map<number, Result>();
  const failures = new Map<number, BuildFailure>();
  const starts = Array.from({ length: Math.ceil(items.length / size) }, (_, index) => index * size).values();
  const worker = async (): Promise<void> => {
    for (const start of starts) {
      try {
        results.set(start, await work(items.slice(start, start + size)));
      } catch (error) {
        if (!isBuildFailure(error)) throw error;
        failures.set(start, error);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const [first, ...others] = inOrder(failures);
  if (first) throw toUserError(root, { ...first, errors: [first, ...others].flatMap(({ errors }) => errors) });
  return inOrder(results);
}

const inOrder = <Value>(byStart: ReadonlyMap<number, Value>): readonly Value[] =>
  [...byStart].toSorted(([a], [b]) => a - b).map(([, value]) => value);
