/** What moved since it was planned: a plan that is old is refused, and where there is no lease a run that stood still does not move the traffic back. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pausing } from "./pausing.ts";
import { rows } from "./rows.ts";
import { buildAll, type Builds, samples } from "./samples.ts";
import { isWrite, openWorld } from "./world.ts";

describe.each(rows)("$name", (row) => {
  let built: Builds<keyof typeof samples>;
  beforeAll(async () => {
    built = await buildAll(row, samples);
  });
  afterAll(() => built.close());

  test("a plan is applied as it was made, or nothing is written", async () => {
    const { A, B, D } = built.builds;
    const world = await openWorld(row);
    try {
      await world.run({ verb: "deploy", build: A });
      const expected = await world.plan(B);
      await world.run({ verb: "deploy", build: D });
      const stale = await world.run({ verb: "deploy", build: B, expected });
      expect([stale.end, stale.calls.filter(isWrite), await world.ask(["/"])]).toEqual(["PLAN_STALE", [], { "/": "200 D" }]);
      expect(await world.run({ verb: "deploy", build: B, expected: await world.plan(B) })).toMatchObject({ end: "done" });
    } finally {
      await world.close();
    }
  });

  test.runIf(!row.leases)("a run that stood still before a writing call does not undo what came between", async () => {
    const { A, B, D } = built.builds;
    const clean = await openWorld(row);
    await clean.run({ verb: "deploy", build: A });
    const { calls } = await clean.run({ verb: "deploy", build: B });
    await clean.close();
    const writes = calls.flatMap((call, at) => (isWrite(call) && call.operation !== row.switchCall ? [at + 1] : []));
    const looks = calls.flatMap((call, at) => (!isWrite(call) && at + 1 > writes[0]! ? [at + 1] : []));
    // Each look is the last before a call that moves the traffic: that one call has no precondition.
    for (const at of [...writes, ...looks]) {
      const world = await openWorld(row);
      try {
        await world.run({ verb: "deploy", build: A });
        const pause = pausing({ at });
        const first = world.run({ verb: "deploy", build: B }, { checkout: "first", transport: pause.transport });
        const operation = await pause.reached;
        expect(await world.run({ verb: "deploy", build: D }, { checkout: "second" }), operation).toMatchObject({ end: "done" });
        pause.resume();
        expect(await first, `call ${at}, ${operation}`).toMatchObject({ end: "MOVED" });
        expect(await world.ask(["/"]), `call ${at}, ${operation}`).toEqual({ "/": "200 D" });
      } finally {
        await world.close();
      }
    }
  });
});
