/** Changes since a plan was made: an old plan is refused, and a paused run does not move the traffic back. */
// @module-tag check
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isWrite } from "./row.ts";
import { pausedTransport } from "./faulty-transports.ts";
import { rows } from "./rows.ts";
import { buildAll, type Builds, samples } from "./sample-apps.ts";
import { openWorld, type World } from "./world.ts";

describe.each(rows)("$name", (row) => {
  let built: Builds<keyof typeof samples>;
  beforeAll(async () => {
    built = await buildAll(row, samples);
  });
  afterAll(() => built.close());

  test("a plan that is out of date is refused without a writing call", async () => {
    const { A, B, D } = built.builds;
    const world = await openWorld(row);
    try {
      await world.run({ verb: "deploy", build: A });
      const expected = await world.plan(B);
      await world.run({ verb: "deploy", build: D });
      const stale = await world.run({ verb: "deploy", build: B, expected });
      expect([stale.end, stale.calls.filter(isWrite), await world.ask(["/"])]).toEqual([
        "PLAN_STALE",
        [],
        { "/": "200 D" },
      ]);
      expect(await world.run({ verb: "deploy", build: B, expected: await world.plan(B) })).toMatchObject({
        end: "done",
      });
    } finally {
      await world.close();
    }
  });

  describe.runIf(!row.leases).each([
    { name: "an update", before: true },
    { name: "a first release", before: false },
  ])("$name", ({ before }) => {
    test("that is paused before a writing call does not undo another deploy", async () => {
      const { A, B, D } = built.builds;
      const prepare = async (): Promise<World> => {
        const world = await openWorld(row);
        if (before) await world.run({ verb: "deploy", build: A });
        return world;
      };
      const clean = await prepare();
      const { calls } = await clean.run({ verb: "deploy", build: B });
      await clean.close();
      // What makes an app's place overwrites what has it by then, and so does a switch: these have no precondition, and
      // each look is the last before one of them.
      const without: readonly string[] = [row.switchCall, row.placeCall ?? ""];
      const first = calls.findIndex(isWrite) + 1;
      const stops = calls.flatMap(({ operation }, at) =>
        at + 1 > first - Number(before) && !without.includes(operation) ? [at + 1] : [],
      );
      // Every other one: docs/decisions/096 says what they cost.
      const half = (Number(process.env["PORTICO_SEED"]) % 2) % stops.length;
      for (const at of stops.filter((_, index) => index % 2 === half)) {
        const world = await prepare();
        try {
          const pause = pausedTransport({ at });
          const slow = world.run({ verb: "deploy", build: B }, { checkout: "first", transport: pause.transport });
          const operation = await pause.reached;
          expect(await world.run({ verb: "deploy", build: D }, { checkout: "second" }), operation).toMatchObject({
            end: "done",
          });
          pause.resume();
          expect(await slow, `call ${at}, ${operation}`).toMatchObject({ end: "MOVED" });
          expect(await world.ask(["/"]), `call ${at}, ${operation}`).toEqual({ "/": "200 D" });
        } finally {
          await world.close();
        }
      }
    });
  });
});
