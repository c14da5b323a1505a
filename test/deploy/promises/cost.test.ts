/** The cost of a command: writing calls, all calls, and calls that wait for each other. */
// @module-tag check
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiCall, isWrite, type Row } from "./row.ts";
import { roundTrips } from "./round-trips.ts";
import { rows } from "./rows.ts";
import { buildAll, type Builds, manyRoutes, samples } from "./sample-apps.ts";
import { openWorld } from "./world.ts";

const counted = (calls: readonly ApiCall[]): Readonly<Record<string, number>> =>
  Object.fromEntries([...Map.groupBy(calls, ({ operation }) => operation)].map(([name, { length }]) => [name, length]));

/** All calls of a deploy that changes one route of so many. */
async function oneOf(row: Row, routes: number): Promise<Readonly<Record<string, number>>> {
  const built = await buildAll(row, { before: manyRoutes(routes, "one"), after: manyRoutes(routes, "two") });
  const world = await openWorld(row);
  try {
    expect(await world.run({ verb: "deploy", build: built.builds.before, smoke: [] })).toMatchObject({ end: "done" });
    const { end, calls } = await world.run({ verb: "deploy", build: built.builds.after, smoke: [] });
    expect(end).toBe("done");
    return counted(calls);
  } finally {
    await world.close();
    await built.close();
  }
}

describe.each(rows)("$name", (row) => {
  let built: Builds<keyof typeof samples>;
  beforeAll(async () => {
    built = await buildAll(row, samples);
  });
  afterAll(() => built.close());

  test("deploying an unchanged app makes no writing call, and a rollback changes the app by one call", async () => {
    const { A, B } = built.builds;
    const world = await openWorld(row);
    try {
      await world.run({ verb: "deploy", build: A });
      const again = await world.run({ verb: "deploy", build: A });
      expect(again.end).toBe("nothing");
      expect(again.calls.filter(isWrite)).toEqual([]);
      await world.run({ verb: "deploy", build: B });
      const back = await world.run({ verb: "rollback" });
      expect(back).toMatchObject({ end: "done", live: { number: 1 } });
      const besideLeaseAndRecord = back.calls.filter((call) => isWrite(call) && call.service !== row.recordService);
      expect(besideLeaseAndRecord.map(({ operation }) => operation)).toEqual([row.switchCall]);
      // What all releases share is brought in step with the app; a release that is live already is not made again.
      expect(await world.run({ verb: "deploy", build: A })).toMatchObject({ live: { number: 1 } });
      expect(await world.run({ verb: "deploy", build: A })).toMatchObject({ end: "nothing" });
    } finally {
      await world.close();
    }
  });

  test("deploying A, B and A again publishes no third version", async () => {
    const { A, B } = built.builds;
    const world = await openWorld(row);
    try {
      await world.run({ verb: "deploy", build: A });
      await world.run({ verb: "deploy", build: B });
      const third = await world.run({ verb: "deploy", build: A });
      expect(third).toMatchObject({ end: "done", live: { number: 3 } });
      if (row.publishCall !== undefined)
        expect(third.calls.map(({ operation }) => operation)).not.toContain(row.publishCall);
      expect(await world.orphans()).toEqual([]);
    } finally {
      await world.close();
    }
  });

  test("a change of one route takes as many calls in an app of 24 routes as in one of 4", async () => {
    expect(await oneOf(row, 24)).toEqual(await oneOf(row, 4));
  });

  test(
    "a change of one route takes as many calls in an app of 250 routes as in one of 25",
    { tags: ["check"] },
    async () => {
      expect(await oneOf(row, 250)).toEqual(await oneOf(row, 25));
    },
  );

  test("commands make at most the allowed number of sequential round trips", async () => {
    const trips = await roundTrips(row, 8);
    for (const name of ["change", "nothing", "rollback"] as const)
      expect(trips[name], name).toBeLessThanOrEqual(row.maxRoundTrips[name]);
  });
});
