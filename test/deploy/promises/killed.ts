/**
 * Tests that a command which is killed at any call and repeated ends where a clean run does, with traffic undisturbed.
 */
import { mkdtemp, rm } from "node:fs/promises";
import type { Build, Row } from "./row.ts";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seededRandom } from "../../../framework/cloud/seeded-random.ts";
import { type Clean, expectWhole, part, runClean } from "./clean-run.ts";
import { buildAll, type Builds, paths, samples } from "./sample-apps.ts";
import { type Command, openWorld, type Outcome, type RunOptions, type World } from "./world.ts";

type Name = keyof typeof samples;

/** A command, and what was run before it. */
interface Case {
  readonly name: string;
  readonly before: readonly Name[];
  /** What was deployed last as a canary. */
  readonly canary?: Name;
  readonly command: (builds: Builds<Name>["builds"]) => Command;
  /** How it ends. Default "done". */
  readonly ends?: string;
  /** How it ends when it was done already; undefined where it would be another step. Default "nothing". */
  readonly again?: string | undefined;
}

/** The case of which `npm test` takes a sample. */
const update: Case = { name: "an update", before: ["A"], command: ({ B }) => ({ verb: "deploy", build: B }) };
const others: readonly Case[] = [
  { name: "a first deploy", before: [], command: ({ B }) => ({ verb: "deploy", build: B }) },
  { name: "a removal of a route", before: ["B", "A"], command: ({ C }) => ({ verb: "deploy", build: C }) },
  { name: "a rollback", before: ["A", "B", "C"], command: () => ({ verb: "rollback" }), again: undefined },
  { name: "a rollback to a number", before: ["A", "B", "C"], command: () => ({ verb: "rollback", number: 1 }) },
  { name: "remove", before: ["A", "B"], command: () => ({ verb: "remove" }) },
];

/** What runs jobs is made and removed by other calls than the rest of a release. */
const withJobs: readonly Case[] = [
  { name: "an update that adds jobs", before: ["A"], command: ({ J }) => ({ verb: "deploy", build: J }) },
  { name: "remove, with jobs", before: ["J"], command: () => ({ verb: "remove" }) },
];

const failing = [{ path: "/", status: 418 }];
const canaries: readonly Case[] = [
  {
    // Not of B, whose table and bucket are made by the same calls as in an update.
    name: "a canary",
    before: ["A"],
    command: ({ C }) => ({ verb: "deploy", build: C, canary: part }),
    again: "CANARY_RUNNING",
  },
  {
    name: "a canary that is promoted",
    before: ["A"],
    canary: "B",
    command: () => ({ verb: "promote" }),
    again: "NO_CANARY",
  },
  {
    name: "a canary that is taken back",
    before: ["C", "A"],
    canary: "B",
    command: () => ({ verb: "rollback" }),
    again: undefined,
  },
  {
    name: "a canary that fails when it is promoted",
    before: ["A"],
    canary: "B",
    ends: "SMOKE_FAILED",
    again: "NO_CANARY",
    command: () => ({ verb: "promote", smoke: failing }),
  },
];

const effects = ["before", "after"] as const;

/** The seed of a run, which the setup of the tests chooses. */
const seed = Number(process.env["PORTICO_SEED"]);

/** A file for each row, so that they run side by side: together they are half of all tests' time. */
export function killedAnywhere(row: Row): void {
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

  describe.each([update])("$name", (one) => {
    const prepared = prepare(one);
    sampledKills(one, prepared);
    killedOnce(prepared);
    replaced(one, prepared);
  });
  describe.each([...others, ...(row.splits ? canaries : [])])("$name", { tags: ["check"] }, (one) => {
    const prepared = prepare(one);
    killedOnce(prepared);
    replaced(one, prepared);
  });
  describe.each(withJobs)("$name", { tags: ["check"] }, (one) => {
    killedOnce(prepare(one));
  });

  /**
   * What is after a call is what is before the next: between two calls a run has one kill, after the one or before the
   * other by its seed.
   */
  function killedOnce(prepared: Prepared): void {
    test(
      "ends as a clean run does after a kill between any two of its writing calls",
      { tags: ["check"] },
      async () => {
        const { writes } = prepared.clean();
        const isAfter = seed % 2 === 0;
        await endsAsClean(prepared, allOf(writes), isAfter ? "after" : "before");
        await endsAsClean(prepared, [isAfter ? 1 : writes], isAfter ? "before" : "after");
      },
    );
  }

  async function endsAsClean({ killAt }: Prepared, calls: readonly number[], effect: Killing["effect"]): Promise<void> {
    expect(await killAt(calls, effect)).toEqual([]);
  }

  /** The clean run, made before the tests of a case, and the kills that are compared with it. */
  function prepare(one: Case): Prepared {
    const { name, before, canary, command, ends = "done" } = one;
    const again = "again" in one ? one.again : "nothing";
    let made: Clean;
    beforeAll(async () => {
      const { builds } = built;
      const ready = { before: before.map((at) => builds[at]), ...(canary && { canary: builds[canary] }) };
      made = await runClean(row, { ...ready, command: command(builds), saved: join(folder, name), ends });
    });
    return {
      clean: () => made,
      async killAt(calls, effect) {
        const failures: string[] = [];
        for (const at of calls) {
          // Every other kill is followed by a run of another checkout; another seed has the others.
          const checkout = (at + (seed >> 1)) % 2 === 1 ? "here" : "elsewhere";
          await killAndRepeat(row, made, { command: command(built.builds), at, effect, checkout, ends, again }).catch(
            (error: Error) => {
              failures.push(error.message);
            },
          );
        }
        return failures;
      },
    };
  }

  /** All others run in a check alone, where all calls are. */
  function sampledKills({ command }: Case, prepared: Prepared): void {
    describe("a sample", () => {
      test("after a kill at a random writing call, another build can be deployed", async () => {
        const clean = prepared.clean();
        for (const effect of effects)
          for (const at of sampled(clean.writes, 1))
            await killAndReplace(row, clean, { command: command(built.builds), at, effect }, built.builds.D);
      });

      test.each(effects)("ends as a clean run does after a kill %s some of its writing calls took effect", (effect) =>
        endsAsClean(prepared, sampled(prepared.clean().writes, row.sample), effect),
      );
    });
  }

  function replaced({ command }: Case, { clean }: Prepared): void {
    test("after a kill at every other writing call, another build can be deployed", { tags: ["check"] }, async () => {
      const failures: string[] = [];
      const kills = effects.flatMap((effect) => allOf(clean().writes).map((at) => ({ at, effect })));
      // A kill after one writing call is much like one before the next: either is enough for each.
      const either = kills.filter((one, index) => index % 2 === (one.effect === "before" ? 0 : 1));
      for (const { at, effect } of either.filter((_, index) => index % 2 === seed % 2)) {
        await killAndReplace(row, clean(), { command: command(built.builds), at, effect }, built.builds.D).catch(
          (error: Error) => {
            failures.push(error.message);
          },
        );
      }
      expect(failures).toEqual([]);
    });
  }
}

/** At a call that only reads all is as it is before the next one that writes. */
const killOf = ({ at, effect }: Pick<Killing, "at" | "effect">): NonNullable<RunOptions["kill"]> => ({
  at,
  effect,
  of: "writes",
});

const allOf = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at + 1);

/** Another sample in every run of the tests; PORTICO_SEED repeats one. */
function sampled(calls: number, many: number): readonly number[] {
  const random = seededRandom(seed);
  return Array.from({ length: many }, () => 1 + Math.floor(random() * calls));
}

interface Prepared {
  readonly clean: () => Clean;
  /** Gives what went wrong, by call. */
  readonly killAt: (calls: readonly number[], effect: Killing["effect"]) => Promise<readonly string[]>;
}

interface Killing {
  readonly command: Command;
  readonly at: number;
  readonly effect: "before" | "after";
  readonly checkout: string;
  readonly ends: string;
  readonly again: string | undefined;
}

async function killAndRepeat(row: Row, clean: Clean, killing: Killing): Promise<void> {
  const { command, at, effect, checkout, ends, again } = killing;
  const world = await openWorld(row, { saved: clean.saved });
  const what = `killed ${effect} call ${at}, repeated ${checkout}`;
  try {
    const onEffect = (): Promise<void> => expectWhole(world, clean, what);
    const { end, calls } = await world.run(command, { kill: killOf({ at, effect }), onEffect });
    expect(end, what).toBe("died");
    const where = `${what} (${calls.at(-1)?.operation})`;
    await expectWhole(world, clean, where);
    // After its last call a rollback without a number is over, and only where it ran that is known: elsewhere it would
    // be the next one.
    const isOver = again === undefined && at === clean.writes && effect === "after" && checkout !== "here";
    const known = [ends, "nothing", ...(again === undefined ? [] : [again])];
    const repeated = isOver ? undefined : await repeat(world, command, { checkout, onEffect, where, known });
    if (repeated) expect(known, `${where}: ${String(repeated.error)}`).toContain(repeated.end);
    expect(await world.state(), where).toEqual(clean.end);
    expect(await world.ask(paths), where).toEqual(clean.answers[1]);
    if (again !== undefined) expect(await world.run(command), where).toMatchObject({ end: again });
  } finally {
    await world.close();
  }
}

/** A dead run's work is of no use to a release of something else, and in nobody's way. */
async function killAndReplace(
  row: Row,
  clean: Clean,
  { command, at, effect }: Pick<Killing, "command" | "at" | "effect">,
  other: Build,
): Promise<void> {
  const world = await openWorld(row, { saved: clean.saved });
  const what = `killed ${effect} call ${at}, then ${other.name}`;
  try {
    await world.run(command, { kill: killOf({ at, effect }) });
    const deploy: Command = { verb: "deploy", build: other };
    const first = await world.run(deploy);
    if (row.splits && first.end === "CANARY_RUNNING")
      expect(await world.run({ verb: "rollback" }), what).toMatchObject({ end: "done" });
    const { end, error } = first.end === "CANARY_RUNNING" ? await world.run(deploy) : first;
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
  /** How it may end. */
  readonly known: readonly string[];
}

/** At once from the same checkout; from another when the lease has run out, and until then it is told who holds it. */
async function repeat(
  world: World,
  command: Command,
  { checkout, onEffect, where, known }: Repeating,
): Promise<Outcome> {
  if (checkout !== "here") {
    const early = await world.run(command, { checkout, onEffect });
    expect([...known, "LOCKED"], `${where}: ${String(early.error)}`).toContain(early.end);
    if (early.end === known[0]) return early;
    world.clock.advance(31_000);
  }
  return world.run(command, { checkout, onEffect });
}
