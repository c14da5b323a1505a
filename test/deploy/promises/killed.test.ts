/** Killed at any call: a command that dies at its k-th call and is run again ends where one clean run does, and traffic never notices. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomOf } from "../../../framework/local/cloud/fault-rules.ts";
import { type Clean, expectWhole, runClean } from "./clean-run.ts";
import { rows } from "./rows.ts";
import { type Build, buildAll, type Builds, paths, samples } from "./samples.ts";
import { type Command, openWorld, type Outcome, type Row, type World } from "./world.ts";

type Name = keyof typeof samples;

/** A command, and what was run before it. */
interface Case {
  readonly name: string;
  readonly before: readonly Name[];
  readonly command: (builds: Builds<Name>["builds"]) => Command;
}

const cases: readonly Case[] = [
  { name: "a first deploy", before: [], command: ({ A }) => ({ verb: "deploy", build: A }) },
  { name: "an update", before: ["A"], command: ({ B }) => ({ verb: "deploy", build: B }) },
  { name: "a removal of a route", before: ["B", "A"], command: ({ C }) => ({ verb: "deploy", build: C }) },
  { name: "a rollback", before: ["A", "B", "C"], command: () => ({ verb: "rollback" }) },
  { name: "a rollback to a number", before: ["A", "B", "C"], command: () => ({ verb: "rollback", number: 1 }) },
  { name: "remove", before: ["A", "B"], command: () => ({ verb: "remove" }) },
];

describe.each(rows)("$name", (row) => {
  let folder: string;
  let built: Builds<Name>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "portico-killed-"));
    built = await buildAll(row, samples);
  });
  afterAll(async () => {
    await built.close();
    await rm(folder, { recursive: true });
  });

  describe.each(cases)("$name", ({ name, before, command }) => {
    let clean: Clean;
    beforeAll(async () => {
      const { builds } = built;
      clean = await runClean(row, { before: before.map((one) => builds[one]), command: command(builds), saved: join(folder, name) });
    });

    /** Gives what went wrong, by call. */
    const killAt = async (calls: readonly number[], effect: Killing["effect"]): Promise<readonly string[]> => {
      const failures: string[] = [];
      for (const at of calls) {
        // Each call is followed by both, one for each effect.
        const checkout = at % 2 === (effect === "before" ? 0 : 1) ? "here" : "elsewhere";
        await killAndRepeat(row, clean, { command: command(built.builds), at, effect, checkout }).catch((error: Error) => {
          failures.push(error.message);
        });
      }
      return failures;
    };
    const effects = ["before", "after"] as const;

    test("killed, and then another app is deployed", async () => {
      const [at = 1] = sampled(clean.calls, 1);
      for (const effect of effects) await killAndReplace(row, clean, { command: command(built.builds), at, effect }, built.builds.D);
    });

    test("killed at any call, and then another app is deployed", { tags: ["full"] }, async () => {
      const failures: string[] = [];
      for (let at = 1; at <= clean.calls; at++) {
        const effect = effects[at % 2]!;
        await killAndReplace(row, clean, { command: command(built.builds), at, effect }, built.builds.D).catch((error: Error) => {
          failures.push(error.message);
        });
      }
      expect(failures).toEqual([]);
    });

    test.each(effects)("killed %s a call took effect, for some", async (effect) => {
      expect(await killAt(sampled(clean.calls, row.sample), effect)).toEqual([]);
    });

    test.each(effects)("killed %s the k-th call took effect, for every k", { tags: ["full"] }, async (effect) => {
      expect(
        await killAt(
          Array.from({ length: clean.calls }, (_, at) => at + 1),
          effect,
        ),
      ).toEqual([]);
    });
  });
});

/** Another sample in every run of the tests; PORTICO_SEED repeats one. */
function sampled(calls: number, many: number): readonly number[] {
  const random = randomOf(Number(process.env["PORTICO_SEED"]));
  return Array.from({ length: many }, () => 1 + Math.floor(random() * calls));
}

interface Killing {
  readonly command: Command;
  readonly at: number;
  readonly effect: "before" | "after";
  readonly checkout: string;
}

async function killAndRepeat(row: Row, clean: Clean, { command, at, effect, checkout }: Killing): Promise<void> {
  const world = await openWorld(row, { saved: clean.saved });
  const what = `killed ${effect} call ${at}, repeated ${checkout}`;
  try {
    const onEffect = (): Promise<void> => expectWhole(world, clean, what);
    const { end, calls } = await world.run(command, { kill: { at, effect }, onEffect });
    expect(end, what).toBe("died");
    const where = `${what} (${calls.at(-1)?.operation})`;
    await expectWhole(world, clean, where);
    // After its last call a rollback is over: the same command again is the next one.
    const isOver = command.verb === "rollback" && at === clean.calls && effect === "after";
    const again = isOver ? undefined : await repeat(world, command, { checkout, onEffect, where });
    expect(["done", "nothing", undefined], `${where}: ${String(again?.error)}`).toContain(again?.end);
    expect(await world.state(), where).toEqual(clean.end);
    expect(await world.ask(paths), where).toEqual(clean.answers[1]);
    if (command.verb !== "rollback") expect(await world.run(command), where).toMatchObject({ end: "nothing" });
  } finally {
    await world.close();
  }
}

/** A dead run's work is of no use to a release of something else, and in nobody's way. */
async function killAndReplace(row: Row, clean: Clean, { command, at, effect }: Omit<Killing, "checkout">, other: Build): Promise<void> {
  const world = await openWorld(row, { saved: clean.saved });
  const what = `killed ${effect} call ${at}, then ${other.name}`;
  try {
    await world.run(command, { kill: { at, effect } });
    const { end, error } = await world.run({ verb: "deploy", build: other });
    expect(end, `${what}: ${String(error)}`).toBe("done");
    expect(await world.orphans(), what).toEqual([]);
    expect(await world.run({ verb: "deploy", build: other }), what).toMatchObject({ end: "nothing" });
  } finally {
    await world.close();
  }
}

interface Repeating {
  readonly checkout: string;
  readonly onEffect: () => Promise<void>;
  readonly where: string;
}

/** At once from the same checkout; from another when the lease has run out, and until then it is told who holds it. */
async function repeat(world: World, command: Command, { checkout, onEffect, where }: Repeating): Promise<Outcome> {
  if (checkout !== "here") {
    const early = await world.run(command, { checkout, onEffect });
    expect(["done", "nothing", "LOCKED"], `${where}: ${String(early.error)}`).toContain(early.end);
    if (early.end === "done") return early;
    world.clock.advance(31_000);
  }
  return world.run(command, { checkout, onEffect });
}
