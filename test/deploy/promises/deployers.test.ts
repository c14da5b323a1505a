/** Two deployers at once: one gets the lock, the other names its owner; a run that was paused too long stops. */
// @module-tag check
import { mkdtemp, rm } from "node:fs/promises";
import { isWrite } from "./row.ts";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { seededRandom } from "../../../framework/cloud/seeded-random.ts";
import { pausedTransport } from "./faulty-transports.ts";
import { rows } from "./rows.ts";
import { buildAll, type Builds, paths, samples } from "./sample-apps.ts";
import { type Answers, openWorld, type Outcome, type World } from "./world.ts";

describe.each(rows.filter(({ leases }) => leases))("$name", (row) => {
  let folder: string;
  let built: Builds<keyof typeof samples>;
  let world: World;
  /** A is live. */
  let saved: string;
  let answersOfD: Answers;
  /** Calls of an update from A to B. */
  let calls: number;
  /** The call among them that takes the lease. */
  let locking: number;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "portico-deployers-"));
    saved = join(folder, "saved");
    built = await buildAll(row, samples);
    const first = await openWorld(row);
    await first.run({ verb: "deploy", build: built.builds.A });
    await first.save(saved);
    const update = await first.run({ verb: "deploy", build: built.builds.B });
    calls = update.calls.length;
    locking = update.calls.findIndex(isWrite) + 1;
    await first.run({ verb: "deploy", build: built.builds.D });
    answersOfD = await first.ask(paths);
    await first.close();
  });
  afterAll(async () => {
    await built.close();
    await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    world = await openWorld(row, { saved });
  });
  afterEach(() => world.close());

  const deployB = { verb: "deploy" } as const;

  test("a second deployer is refused with the lease's holder and start time", async () => {
    const pause = pausedTransport({ at: locking + 4 });
    const first = world.run({ ...deployB, build: built.builds.B }, { checkout: "first", transport: pause.transport });
    await pause.reached;
    const since = new Date(world.clock.now()).toISOString().slice(0, 10);
    const second = await world.run({ ...deployB, build: built.builds.D }, { checkout: "second" });
    expect(second).toMatchObject({
      end: "LOCKED",
      error: { message: expect.stringContaining("first@here holds the lock of") },
    });
    expect((second.error as Error).message).toContain(`since ${since}`);
    // Neither does the same checkout take it over while that process lives.
    expect(await world.run({ ...deployB, build: built.builds.D }, { checkout: "first" })).toMatchObject({
      end: "LOCKED",
    });
    pause.resume();
    expect(await first).toMatchObject({ end: "done" });
    expect(await world.run({ ...deployB, build: built.builds.D }, { checkout: "second" })).toMatchObject({
      end: "done",
    });
    expect(await world.orphans()).toEqual([]);
  });

  test("a lease is renewed for as long as its holder works", async () => {
    const pause = pausedTransport({ at: locking + 4, only: true });
    const first = world.run({ ...deployB, build: built.builds.B }, { checkout: "first", transport: pause.transport });
    await pause.reached;
    for (let seconds = 0; seconds < 120; seconds += 5) await world.pass(5000);
    expect(await world.run({ ...deployB, build: built.builds.D }, { checkout: "second" })).toMatchObject({
      end: "LOCKED",
    });
    pause.resume();
    expect(await first).toMatchObject({ end: "done" });
  });

  test("of two deployers that start together one wins, whatever the order of their calls", async () => {
    for (let seed = 0; seed < 8; seed++) {
      const here = await openWorld(row, { saved });
      try {
        const outcomes = await Promise.all(
          (["B", "D"] as const).map((name, at) => {
            const random = seededRandom(seed * 2 + at);
            const transport = async <T>(_: unknown, send: () => Promise<T>): Promise<T> => {
              await here.clock.sleep(Math.floor(random() * 100));
              return send();
            };
            return here.run({ ...deployB, build: built.builds[name] }, { checkout: name, transport });
          }),
        );
        const ends = outcomes.map(({ end }) => end);
        expect(ends, `seed ${seed}`).toContain("done");
        expect(
          ends.every((end) => /^(?:done|LOCKED|MOVED)$/.test(end)),
          `seed ${seed}: ${ends.join()}`,
        ).toBe(true);
        const winner = outcomes.findLast(({ end }) => end === "done") as Outcome;
        expect(["200 B", "200 D"]).toContain((await here.ask(["/"]))["/"]);
        if (ends.filter((end) => end === "done").length === 1) {
          expect(await here.ask(["/"]), `seed ${seed}`).toEqual({ "/": outcomes[0] === winner ? "200 B" : "200 D" });
        }
        expect(await here.orphans(), `seed ${seed}`).toEqual([]);
      } finally {
        await here.close();
      }
    }
  });

  /** Stands still at its k-th call until another has taken over and is done; gives what went wrong. */
  const standStill = async (at: number): Promise<string | undefined> => {
    const here = await openWorld(row, { saved });
    try {
      const pause = pausedTransport({ at });
      const first = here.run({ ...deployB, build: built.builds.B }, { checkout: "first", transport: pause.transport });
      const operation = await pause.reached;
      here.clock.advance(31_000);
      const second = await here.run({ ...deployB, build: built.builds.D }, { checkout: "second" });
      expect(second.end, String((second.error as Error | undefined)?.stack)).toBe("done");
      pause.resume();
      const { end } = await first;
      // It had not taken the lease yet, and came second; or it stood still in the one call that has no precondition.
      const mayMove = at <= locking || operation === row.switchCall;
      expect(mayMove || (await here.ask(paths))["/"] === answersOfD["/"], `the first, ${end}, moved the traffic`).toBe(
        true,
      );

      here.clock.advance(31_000);
      const again = await here.run({ ...deployB, build: built.builds.D }, { checkout: "second" });
      expect(["done", "nothing"], String(again.error)).toContain(again.end);
      expect(await here.ask(paths)).toEqual(answersOfD);
      // What came late is found when its function changes next.
      expect(await here.run({ ...deployB, build: built.builds.B }, { checkout: "second" })).toMatchObject({
        end: "done",
      });
      expect((await here.orphans()).join("; ")).toBe("");
      return undefined;
    } catch (error) {
      return `stood still at call ${at}: ${(error as Error).message}`;
    } finally {
      await here.close();
    }
  };

  test("a deployer that is paused at a random call until its lease expires does not move the traffic", async () => {
    const random = seededRandom(Number(process.env["PORTICO_SEED"]));
    for (let some = 0; some < 4; some++) expect(await standStill(1 + Math.floor(random() * calls))).toBeUndefined();
  });

  test("a deployer that is paused at every other call until its lease expires does not move the traffic", async () => {
    const failures: (string | undefined)[] = [];
    const first = 1 + (Number(process.env["PORTICO_SEED"]) % 2);
    for (let at = first; at <= calls; at += 2) failures.push(await standStill(at));
    expect(failures.filter((failure) => failure !== undefined)).toEqual([]);
  });
});
