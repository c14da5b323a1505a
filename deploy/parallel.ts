/** Runs asynchronous work over many items with a limit on how much runs at once. */

/**
 * Runs `work` for every item, `most` at a time, and gives the results in the items' order. After a failure nothing new
 * is started; it rejects with the first failure once everything that was started has ended, so nothing still runs
 * when the caller continues.
 */
export async function inParallel<T, R>(items: readonly T[], most: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  const entries = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of entries) {
      if (failures.length) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  if (failures.length) throw failures[0];
  return results;
}
