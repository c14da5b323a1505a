/**
 * Faults of the cloud: throttling, failures, cut connections, lost answers, slow states. The run or its repetition
 * succeeds.
 */
// @module-tag check
import { mkdtemp, rm } from "node:fs/promises";
import type { ApiCall, InjectedFault, Row } from "./row.ts";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seededRandom } from "../../../framework/cloud/seeded-random.ts";
import { type Clean, expectWhole, runClean } from "./clean-run.ts";
import { rows } from "./rows.ts";
import { buildAll, type Builds, paths, samples } from "./sample-apps.ts";
import { type Command, openWorld } from "./world.ts";

type Name = keyof typeof samples;

interface Case {
  readonly before: readonly Name[];
  readonly command: (builds: Builds<Name>["builds"]) => Command;
}

const cases: readonly Case[] = [
  { before: [], command: ({ A }) => ({ verb: "deploy", build: A }) },
  { before: ["A"], command: ({ B }) => ({ verb: "deploy", build: B }) },
  { before: ["B", "A"], command: ({ C }) => ({ verb: "deploy", build: C }) },
  { before: ["A", "B"], command: () => ({ verb: "promote", number: 1 }) },
  { before: ["A", "B"], command: () => ({ verb: "remove" }) },
];

/** Of the failures that end a run, those that are somebody's fault: a TypeError of ours is none of them. */
const causes = /^(?:[A-Z_]+|.*Exception|TimeoutError|SlowDown|InternalError|ServiceFailure|Throttling)$/;

describe.each(rows)("$name", (row) => {
  let folder: string;
  let built: Builds<Name>;
  let cleans: readonly Clean[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "portico-faults-"));
    built = await buildAll(row, samples);
    const { builds } = built;
    cleans = await Promise.all(
      cases.map(({ before, command }, at) =>
        runClean(row, {
          before: before.map((one) => builds[one]),
          command: command(builds),
          saved: join(folder, String(at)),
        }),
      ),
    );
  });
  afterAll(async () => {
    await built.close();
    await rm(folder, { recursive: true });
  });

  /** Gives what went wrong, by seed. */
  const weather = async (seeds: readonly number[]) => {
    const failures: string[] = [];
    const ends = new Map<string, number>();
    for (const seed of seeds) {
      const at = seed % cases.length;
      try {
        const end = await runInBadWeather(row, cleans[at]!, cases[at]!.command(built.builds), seed);
        ends.set(end, (ends.get(end) ?? 0) + 1);
      } catch (error) {
        failures.push(`seed ${seed}: ${(error as Error).message}`);
      }
    }
    return { failures, ends };
  };

  test("a few runs with other random faults, or their repetition, end as a clean run does", async () => {
    const first = Number(process.env["PORTICO_SEED"]);
    expect((await weather(Array.from({ length: row.sample * 3 + 1 }, (_, at) => first + at))).failures).toEqual([]);
  });

  // 200 were run of each row; docs/decisions/096 says what they cost.
  const runs = Number(process.env["PORTICO_FAULT_RUNS"] ?? 20);
  test(`${runs} runs with random faults, or their repetition, end as a clean run does`, async () => {
    const { failures, ends } = await weather(Array.from({ length: runs }, (_, at) => at));
    expect(failures).toEqual([]);
    // Bad, but not so bad that nothing works: a suite in which every run fails proves little.
    expect(ends.get("done")).toBeGreaterThan(runs / 2);
  });
});

async function runInBadWeather(row: Row, clean: Clean, command: Command, seed: number): Promise<string> {
  const random = seededRandom(seed);
  const share = 0.03 + 0.2 * random();
  const delay = random() < 0.5 ? 0 : Math.floor(random() * 20_000);
  let isBad = true;
  const fault = (): InjectedFault | undefined => (isBad && random() < share ? pick(random) : undefined);
  const world = await openWorld(row, { saved: clean.saved, fault, delay });
  try {
    const onEffect = (): Promise<void> => expectWhole(world, clean, `after a call`);
    const { end, error, calls } = await world.run(command, { onEffect });
    isBad = false;
    await expectWhole(world, clean, `${end} after ${said(calls)}`);
    if (end !== "done") {
      expect(end, String((error as Error | undefined)?.stack)).toMatch(causes);
      // A lease whose end did not arrive runs out.
      world.clock.advance(31_000);
      const again = await world.run(command);
      expect(["done", "nothing"], `${end}, then ${again.end}: ${String(again.error)}`).toContain(again.end);
    } else if (command.verb === "deploy") {
      world.clock.advance(31_000);
      await world.run(command);
    }
    expect(await world.state(), end).toEqual(clean.end);
    expect(await world.ask(paths), end).toEqual(clean.answers[1]);
    return end;
  } finally {
    await world.close();
  }
}

const kinds: readonly InjectedFault[] = ["throttle", "throttle", "broken", "conflict", "reset", "lose", "lose", "role"];
const pick = (random: () => number): InjectedFault => kinds[Math.floor(random() * kinds.length)]!;
const said = (calls: readonly ApiCall[]): string =>
  `${calls.length} calls, the last of them ${calls.at(-1)?.operation}`;
