/** Parallel work: the limit, the order of results, failures. */
import { expect, test } from "vitest";
import { inParallel } from "../../deploy/parallel.ts";

test("results in order, never more than allowed at once", async () => {
  let running = 0;
  let most = 0;
  const work = async (item: number): Promise<number> => {
    most = Math.max(most, (running += 1));
    await new Promise((done) => setImmediate(done));
    running -= 1;
    return item * 2;
  };
  expect(await inParallel([1, 2, 3, 4, 5, 6, 7], 3, work)).toEqual([2, 4, 6, 8, 10, 12, 14]);
  expect(most).toBe(3);
  expect(await inParallel([], 3, work)).toEqual([]);
});

test("after a failure nothing starts, and what runs is awaited", async () => {
  const started: number[] = [];
  const ended: number[] = [];
  const work = async (item: number): Promise<void> => {
    started.push(item);
    await new Promise((done) => setImmediate(done));
    if (item === 1) throw new Error("first");
    ended.push(item);
  };
  await expect(inParallel([1, 2, 3, 4], 2, work)).rejects.toThrow("first");
  expect(started).toEqual([1, 2]);
  expect(ended).toEqual([2]);
});
