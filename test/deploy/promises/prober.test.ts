/** Undisturbed traffic: routes are requested without a pause while releases come, fail, go back and are collected. */
// @module-tag check
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seededRandom } from "../../../framework/cloud/seeded-random.ts";
import { apps, paths, probed } from "./prober.ts";
import { rows } from "./rows.ts";
import { buildAll, type Builds } from "./sample-apps.ts";
import { type Command, openWorld } from "./world.ts";

describe.each(rows)("$name", (row) => {
  let built: Builds<keyof typeof apps>;
  beforeAll(async () => {
    built = await buildAll(row, apps);
  });
  afterAll(() => built.close());

  test("each answer comes from one release, no change causes an error, and then only the new one answers", async () => {
    const random = seededRandom(Number(process.env["PORTICO_SEED"]));
    const propagation = Math.floor(random() * 2000);
    const world = await openWorld(row, { propagation });
    const { one, two, three, four } = built.builds;
    const deploy = (build: typeof one, smoke = [{ path: "/", status: 200 }]): Command => ({
      verb: "deploy",
      build,
      smoke,
    });
    try {
      const first = await world.run(deploy(one));
      expect(first.end, String(first.error)).toBe("done");
      await world.pass(propagation);
      const steps: readonly (readonly [Command, string])[] = [
        [deploy(two), "done"],
        [deploy(three, [{ path: "/", status: 418 }]), "SMOKE_FAILED"],
        [deploy(three), "done"],
        [{ verb: "rollback", number: 1 }, "done"],
        // What was live is not among the three that are kept: it must not be gone before its last request.
        [deploy(four), "done"],
      ];
      for (const [command, end] of steps) {
        const before = await world.ask(paths);
        const { outcome, seen } = await probed(world, () => world.run(command), propagation);
        expect(outcome.end, String(outcome.error)).toBe(end);
        const after = await world.ask(paths);
        for (const [path, answers] of seen) {
          const known = [before[path], after[path]];
          expect(
            [...answers].filter((answer) => !known.includes(answer)),
            `${command.verb} ${path} within ${propagation} ms`,
          ).toEqual([]);
        }
        // Every node has seen it.
        for (let times = 0; times < 10; times++) expect(await world.ask(paths)).toEqual(after);
      }
    } finally {
      await world.close();
    }
  });
});
