/**
 * Random histories of releases and migrations on both clouds: the queries of live releases never fail because of the
 * schema, each file runs once, and in the end everything has run.
 */
// @module-tag check
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { changes } from "./app-tree.ts";
import type { Command, Event } from "./history.ts";
import { openPlace, type Place, quiet } from "./place.ts";

const runs = Number(process.env["PORTICO_HISTORIES"] ?? 200);

let place: Place;
beforeAll(async () => {
  place = await openPlace();
});
afterAll(() => place.close());

/** One of many, `usual` in so many of ten cases. */
const mostly = <T, U>(usual: T, times: number, other: fc.Arbitrary<U>): fc.Arbitrary<T | U> =>
  fc.oneof({ weight: times, arbitrary: fc.constant(usual) }, { weight: 10 - times, arbitrary: other });

const smoke = mostly(200, 8, fc.constant(500));
const target = fc.constantFrom("lambda" as const, "workers" as const);
const deploy = fc.record({
  does: fc.constant("deploy" as const),
  to: mostly("both" as const, 7, target),
  canary: mostly(undefined, 7, fc.constant(10)),
  smoke,
  back: mostly(0, 8, fc.nat(3)),
  thinks: mostly(0, 8, fc.constantFrom(5, 21)),
});
const command: fc.Arbitrary<Command> = fc.oneof(
  deploy,
  fc.record({
    does: fc.constantFrom("rollback" as const, "rollback" as const, "promote" as const),
    on: target,
    number: mostly(undefined, 6, fc.integer({ min: 1, max: 4 })),
    smoke,
  }),
  fc.record({ does: fc.constantFrom("up" as const, "finish" as const) }),
);
/** Deploys have some hundred steps, other commands a few. */
const step = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 150 }));
const disturbance = fc.record({ at: step, what: fc.constantFrom("kill before" as const, "kill after" as const) });
const rarely = mostly(undefined, 6, disturbance);
/** Every other one takes something away, and one of twenty has a statement that fails. */
const change = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...changes.filter((one) => !/broken|drop|re/.test(one))) },
  { weight: 10, arbitrary: fc.constantFrom(...changes.filter((one) => /drop|re/.test(one))) },
  { weight: 1, arbitrary: fc.constantFrom("broken" as const, "broken index" as const) },
);
const commits = fc.array(fc.record({ change, pick: fc.nat(8) }), { minLength: 1, maxLength: 2 });
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constant("ship" as const), commits, command: deploy, disturbance: rarely }),
  },
  { weight: 6, arbitrary: fc.record({ does: fc.constant("run" as const), command, disturbance: rarely }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("wait" as const), minutes: fc.constantFrom(10, 19, 21, 21) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant("meet" as const),
      commits,
      first: command,
      at: step,
      isOverdue: fc.boolean(),
      second: command,
    }),
  },
);

test(`${runs} histories`, async () => {
  let [asked, waited, commands] = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(
      mostly(true, 9, fc.constant(false)),
      fc.array(event, { minLength: 6, maxLength: 18, size: "max" }),
      async (isReleased, events) => {
        const history = await place.begin();
        try {
          if (isReleased) await history.run(quiet);
          for (const one of events) await history.perform(one);
          await place.expectDone(history);
        } catch (error) {
          throw new Error(`${(error as Error).message}\n${history.log.join("\n")}`, { cause: error });
        } finally {
          asked += history.prober.counts.asked;
          waited += history.prober.counts.waited;
          commands += history.log.length;
        }
      },
    ),
    { numRuns: runs, endOnFailure: false },
  );
  expect(asked).toBeGreaterThan(runs);
  process.stdout.write(`${commands} commands, ${asked} queries, of which ${waited} waited for a lock\n`);
});
