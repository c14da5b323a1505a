/** A run without faults, whose result every faulty run is compared with. */
import { expect } from "vitest";
import { type Build, type CloudState, isWrite, type Row } from "./row.ts";
import { paths } from "./sample-apps.ts";
import { type Answers, type Command, openWorld, type World } from "./world.ts";

/** A clean run, and the cloud before it. */
export interface Clean {
  /** A folder with the cloud's state before it, for `openWorld`. */
  readonly saved: string;
  readonly calls: number;
  /** How many of them changed something. */
  readonly writes: number;
  readonly end: CloudState;
  /** What is answered before and afterwards. */
  readonly answers: readonly [Answers, Answers];
}

interface Cleaning {
  /** What was deployed before. */
  readonly before: readonly Build[];
  /** What was deployed last as a canary. */
  readonly canary?: Build;
  readonly command: Command;
  readonly saved: string;
  /** How it ends. Default "done". */
  readonly ends?: string;
}

/** The part of the traffic that a canary has in these tests, in percent. */
export const part = 10;

export async function runClean(row: Row, { before, canary, command, saved, ends = "done" }: Cleaning): Promise<Clean> {
  const world = await openWorld(row);
  try {
    for (const build of before) expect(await world.run({ verb: "deploy", build })).toMatchObject({ end: "done" });
    if (canary) expect(await world.run({ verb: "deploy", build: canary, canary: part })).toMatchObject({ end: "done" });
    await world.save(saved);
    const first = await world.ask(paths);
    const { end, calls, error } = await world.run(command);
    expect(end, String(error)).toBe(ends);
    const counts = { calls: calls.length, writes: calls.filter(isWrite).length };
    return { saved, ...counts, end: await world.state(), answers: [first, await world.ask(paths)] };
  } finally {
    await world.close();
  }
}

/** Enough to tell releases apart, asked for after every call that changes something. */
const telling = ["/", "/style.css"] as const;

/** All of the release before, or all of the one after. */
export async function expectWhole(world: World, { answers }: Clean, what: string): Promise<void> {
  const now = await world.ask(telling);
  const known = answers.map((all) => Object.fromEntries(telling.map((path) => [path, all[path]])));
  expect(known, what).toContainEqual(now);
}
