/** The clock of jobs in dev on Lambda: one of several processes ticks, and another takes over when it ends. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startTickClock } from "../../framework/dev/tick-clock.ts";
import { createFakeTime } from "../features/jobs/fake-time.ts";

it("ticks once a minute, however many are open, and goes on when the one that ticked ends", async () => {
  const folder = mkdtempSync(join(tmpdir(), "portico-clock-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const time = createFakeTime(Date.parse("2030-01-01T00:00:30Z"));
  const settled = () => Promise.resolve();
  const sent: string[] = [];
  const open = (name: string) =>
    startTickClock(time, folder, (body) => sent.push(`${name} ${(JSON.parse(body) as { tick: string }).tick}`));
  const first = open("first");
  const second = open("second");
  onTestFinished(() => second.stop());
  await time.advance(60_000, settled);
  first.stop();
  await time.advance(120_000, settled);
  expect(sent).toEqual([
    "first 2030-01-01T00:01:00.000Z",
    "second 2030-01-01T00:02:00.000Z",
    "second 2030-01-01T00:03:00.000Z",
  ]);
});
