/**
 * The promises of a release in a real AWS account, as a sample within a budget; needs `PORTICO_CLOUD=aws`, AWS_REGION
 * and credentials.
 */
// @module-tag check
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isWrite, type Row } from "./row.ts";
import { seededRandom } from "../../../framework/cloud/seeded-random.ts";
import { accountRows, callsSpent, sweep } from "./aws-account.ts";
import { faultyTransport, pausedTransport } from "./faulty-transports.ts";
import { realClock } from "../busy-clock.ts";
import { type Chain, runChain, whenSettled, steps } from "./command-chain.ts";
import { apps as marked, paths as markedPaths, probed } from "./prober.ts";
import { buildAll, type Builds, paths, samples, says } from "./sample-apps.ts";
import { openWorld, type Outcome, type World } from "./world.ts";

const apps = {
  ...samples,
  ...marked,
  throwing: {
    ...samples.B,
    files: { ...samples.B.files, "functions/old.ts": `throw new Error("not at start");\n${says("never")}` },
  },
};

/** Milliseconds that one test may take: roles that are not seen yet and a snapshot in five seconds take their time. */
const timeout = 20 * 60_000;
/** Milliseconds after which the deployer takes a switch for seen everywhere. */
const propagation = 5000;

async function inWorld<T>(row: Row, work: (world: World) => Promise<T>): Promise<T> {
  const world = await openWorld(row, { clock: realClock });
  try {
    return await work(world);
  } finally {
    await world.close();
  }
}

/** What an account cannot show, or would show for too much. */
const notRun = [
  ["a window of propagation that is injected", "the account has its own, and only its own can be seen"],
  ["slow states of functions and snapshots", "the account has its own"],
  ["a run that stands still for longer than its lease, at every call", "31 s for each call"],
  ["every call of every command, 200 seeds, 250 routes", "beyond the budget"],
] as const;

const seed = Number(process.env["PORTICO_SEED"]);

describe.skipIf(process.env["PORTICO_CLOUD"] !== "aws")(
  "a real account (not run without PORTICO_CLOUD=aws)",
  { timeout },
  () => {
    afterAll(async () => {
      await sweep();
      process.stdout.write(
        `${callsSpent().calls} calls to AWS's APIs, ${callsSpent().rounds} rounds of requests to apps\n`,
      );
    }, timeout);

    describe.each(accountRows)("$name", (row) => {
      let built: Builds<keyof typeof apps>;
      let clean: Chain;
      beforeAll(async () => {
        built = await buildAll(row, apps);
        clean = await inWorld(row, (world) => runChain(world, built.builds));
      }, timeout);
      afterAll(() => built.close());

      test("unchanged: no writes; rollback: one call; old plan: refused; earlier code: no new version", () =>
        inWorld(row, async (world) => {
          const { A, B, C } = built.builds;
          await world.run({ verb: "deploy", build: A });
          const again = await world.run({ verb: "deploy", build: A });
          expect([again.end, again.calls.filter(isWrite)]).toEqual(["nothing", []]);
          expect(await world.run({ verb: "deploy", build: B })).toMatchObject({ end: "done" });
          const back = await world.run({ verb: "rollback" });
          expect(back).toMatchObject({ end: "done", live: { number: 1 } });
          const besideLeaseAndRecord = back.calls.filter((call) => isWrite(call) && call.service !== row.recordService);
          expect(besideLeaseAndRecord.map(({ operation }) => operation)).toEqual([row.switchCall]);
          const expected = await world.plan(B);
          expect(await world.run({ verb: "deploy", build: C })).toMatchObject({ end: "done" });
          const stale = await world.run({ verb: "deploy", build: B, expected });
          expect([stale.end, stale.calls.filter(isWrite)]).toEqual(["PLAN_STALE", []]);
          const third = await world.run({ verb: "deploy", build: B });
          expect(third).toMatchObject({ end: "done", live: { number: 4 } });
          expect(third.calls.map(({ operation }) => operation)).not.toContain(row.publishCall);
          expect(await world.orphans()).toEqual([]);
          await whenSettled(world, paths, clean.steps[1]!.answers);
        }));

      test("a release that does not start, or fails its smoke test, does not change the live one", () =>
        inWorld(row, async (world) => {
          const { A, B, throwing } = built.builds;
          await world.run({ verb: "deploy", build: A });
          await whenSettled(world, paths, clean.steps[0]!.answers);
          expect(await world.run({ verb: "deploy", build: throwing })).toMatchObject({ end: "PROBE_FAILED" });
          expect(await world.run({ verb: "deploy", build: B, smoke: [{ path: "/", status: 418 }] })).toMatchObject({
            end: "SMOKE_FAILED",
          });
          expect(await world.ask(paths)).toEqual(clean.steps[0]!.answers);
          expect((await world.orphans()).filter((what) => what.startsWith("stage"))).toEqual([]);
          expect(await world.run({ verb: "deploy", build: B })).toMatchObject({ end: "done" });
          expect(await world.orphans()).toEqual([]);
        }));

      test("each answer comes from one release, no change causes an error, and then only the new one answers", ({
        annotate,
      }) =>
        inWorld(row, async (world) => {
          const { one, two, three } = built.builds;
          await world.run({ verb: "deploy", build: one });
          let before = await whenSettled(world, markedPaths);
          const works = [
            () => world.run({ verb: "deploy", build: two }),
            () => world.run({ verb: "deploy", build: three, smoke: [{ path: "/", status: 418 }] }),
            () => world.run({ verb: "rollback", number: 1 }),
          ];
          const ends: string[] = [];
          for (const work of works) {
            const { outcome, seen } = await probed(world, work, propagation);
            ends.push(outcome.end);
            const started = realClock.now();
            const after = await whenSettled(world, markedPaths);
            await annotate(
              `${outcome.end}: only one release answered ${realClock.now() - started} ms after the window ` +
                `of ${propagation} ms`,
            );
            for (const [path, answers] of seen) {
              expect(
                [...answers].filter((answer) => answer !== before[path] && answer !== after[path]),
                path,
              ).toEqual([]);
            }
            before = after;
          }
          expect(ends).toEqual(["done", "SMOKE_FAILED", "done"]);
          expect(before["/"]).toBe("200 one one");
        }));

      test.each(["before", "after"] as const)(
        "a command that is killed %s a random call took effect ends as a clean run does when repeated",
        (effect) =>
          inWorld(row, async (world) => {
            const random = seededRandom(seed + (effect === "after" ? 1 : 0));
            await runChain(world, built.builds, async (command, at) => {
              const k = 1 + Math.floor(random() * clean.steps[at]!.calls);
              const first = await world.run(command, { kill: { at: k, effect } });
              // A command that asks less often whether something is ready is done before.
              if (first.end !== "died") return first;
              const { end, error } = await world.run(command);
              expect(["done", "nothing"], `${steps[at]!.name}, killed ${effect} call ${k}: ${String(error)}`).toContain(
                end,
              );
              return first;
            }).then((chain) =>
              expect(chain.steps.map(({ state }) => state)).toEqual(clean.steps.map(({ state }) => state)),
            );
          }),
      );

      test.each([0, 1])("random API failures %i: every command ends as a clean run does", (number) =>
        inWorld(row, async (world) => {
          const random = seededRandom(seed + number);
          await runChain(world, built.builds, async (command) => {
            let outcome: Outcome | undefined;
            for (let tries = 0; tries < 6 && !/^(?:done|nothing)$/.test(outcome?.end ?? ""); tries++) {
              outcome = await world.run(command, { transport: faultyTransport(random, tries < 5 ? 0.15 : 0) });
            }
            // What a lost answer left is cleared by the next run.
            return outcome?.end === "done" && command.verb === "deploy" ? world.run(command) : outcome!;
          }).then((chain) =>
            expect(chain.steps.map(({ state }) => state)).toEqual(clean.steps.map(({ state }) => state)),
          );
        }),
      );

      test("a second deployer is refused; the lease of a killed one is taken over after it expires", () =>
        inWorld(row, async (world) => {
          const { A, B, D } = built.builds;
          const { calls } = await world.run({ verb: "deploy", build: A });
          const update = clean.steps[1]!;
          expect(calls.length).toBeGreaterThan(update.locking);
          const pause = pausedTransport({ at: update.locking + 4 });
          const first = world.run({ verb: "deploy", build: B }, { checkout: "first", transport: pause.transport });
          await pause.reached;
          const second = await world.run({ verb: "deploy", build: D }, { checkout: "second" });
          expect(second).toMatchObject({
            end: "LOCKED",
            error: { message: expect.stringContaining("first@here holds the lock of") },
          });
          pause.resume();
          expect(await first).toMatchObject({ end: "done" });
          const killed = await world.run(
            { verb: "rollback", number: 1 },
            { checkout: "first", kill: { at: clean.steps[3]!.locking, effect: "after" } },
          );
          expect(killed.end).toBe("died");
          const deploy = () => world.run({ verb: "deploy", build: D }, { checkout: "second" });
          expect(await deploy()).toMatchObject({ end: "LOCKED" });
          await world.pass(31_000);
          expect(await deploy()).toMatchObject({ end: "done" });
          expect(await world.orphans()).toEqual([]);
        }));

      test.for(notRun)("%s (not run)", ([_what, why], { skip }) => skip(why));
    });
  },
);
