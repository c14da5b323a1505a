/** How long the local AWS keeps an event for which no environment is free. */
import { expect, test } from "vitest";
import { openEventQueue } from "../../../../framework/cloud/aws/lambda/event-queue.ts";

const hours = 3_600_000;

test("an event for which nothing is free is tried for six hours, and then given up", async () => {
  let now = 0;
  let look = (): void => {};
  const every = (_: number, run: () => void) => {
    look = run;
    return () => {};
  };
  const clock = { now: () => now, sleep: () => Promise.resolve(), every };
  const events = openEventQueue(clock, (error) => expect.unreachable(String(error)));
  let runs = 0;
  events.add(() => {
    runs += 1;
    return Promise.resolve({ payload: Buffer.from("{}"), cold: false, durationMs: 0, throttled: true });
  });
  const lookAt = async (time: number): Promise<number> => {
    now = time;
    await new Promise((next) => setImmediate(next));
    look();
    await new Promise((next) => setImmediate(next));
    return runs;
  };
  expect(await lookAt(0)).toBe(1);
  expect(await lookAt(1_000)).toBe(2);
  expect(await lookAt(6 * hours)).toBe(3);
  expect(await lookAt(7 * hours)).toBe(3);
  events.stop();
});
