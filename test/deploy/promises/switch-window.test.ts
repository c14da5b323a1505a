/**
 * Failures right before and after the switch: a lease that is lost, one that ends too soon, a switch that is overtaken.
 */
// @module-tag check
import { mkdtemp, rm } from "node:fs/promises";
import type { Transport } from "./row.ts";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pausedTransport } from "./faulty-transports.ts";
import { rows } from "./rows.ts";
import { buildAll, type Builds, samples } from "./sample-apps.ts";
import { openWorld, type World } from "./world.ts";

describe.each(rows.filter(({ leases }) => leases))("$name", (row) => {
  let folder: string;
  let built: Builds<keyof typeof samples>;
  let world: World;
  /** Calls of an update from A to B, by name, and the place of the switch among them, from 1. */
  let names: readonly string[];
  let switching: number;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "portico-switch-"));
    built = await buildAll(row, samples);
    const clean = await openWorld(row);
    await clean.run({ verb: "deploy", build: built.builds.A });
    await clean.save(join(folder, "saved"));
    names = (await clean.run({ verb: "deploy", build: built.builds.B })).calls.map(({ operation }) => operation);
    switching = names.indexOf(row.switchCall) + 1;
    await clean.close();
  });
  afterAll(async () => {
    await built.close();
    await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    world = await openWorld(row, { saved: join(folder, "saved") });
  });
  afterEach(() => world.close());

  /** B's deploy stands still before its k-th call, and D is deployed from elsewhere meanwhile. */
  const overtake = async (at: number) => {
    const pause = pausedTransport({ at });
    const first = world.run(
      { verb: "deploy", build: built.builds.B },
      { checkout: "first", transport: pause.transport },
    );
    const operation = await pause.reached;
    world.clock.advance(31_000);
    expect(await world.run({ verb: "deploy", build: built.builds.D }, { checkout: "second" })).toMatchObject({
      end: "done",
    });
    pause.resume();
    return { operation, outcome: await first };
  };

  const expectClear = async (): Promise<void> => {
    expect(await world.ask(["/"])).toEqual({ "/": "200 D" });
    world.clock.advance(31_000);
    expect(["done", "nothing"]).toContain(
      (await world.run({ verb: "deploy", build: built.builds.D }, { checkout: "second" })).end,
    );
    expect(await world.orphans()).toEqual([]);
  };

  test("the traffic is not moved if the lease is lost between the smoke test and the switch", async () => {
    const renewal = names.lastIndexOf("PutObject", switching - 1) + 1;
    expect(renewal).toBeGreaterThan(names.findLastIndex((name, at) => at < switching && name.startsWith("Invoke")));
    const { operation, outcome } = await overtake(renewal);
    expect(operation).toBe("PutObject");
    expect(outcome).toMatchObject({
      end: "LEASE_LOST",
      error: { message: expect.stringContaining("moved no traffic") },
    });
    expect(outcome.calls.map((call) => call.operation)).not.toContain(row.switchCall);
    await expectClear();
  });

  test("a switch that another deployer overtakes is reported, and the later switch stays", async () => {
    // A stage is read back after the call, which has no precondition; an alias refuses the call itself.
    const { operation, outcome } = await overtake(row.switchCall === "UpdateStage" ? switching + 1 : switching);
    expect(operation).toBe(row.switchCall === "UpdateStage" ? "GetStage" : row.switchCall);
    expect(outcome.end).toBe("SWITCH_OVERTAKEN");
    await expectClear();
  });

  /** Renewals take so long once a candidate was asked. */
  const withSlowRenewals = (milliseconds: number) => {
    let isAsked = false;
    const transport: Transport = async ({ operation }, send) => {
      isAsked ||= operation.startsWith("Invoke");
      if (isAsked && operation === "PutObject") await world.clock.sleep(milliseconds);
      return send();
    };
    return world.run({ verb: "deploy", build: built.builds.B }, { transport });
  };

  test("the traffic is not moved with less than ten seconds of the lease left", async () => {
    const { end, calls } = await withSlowRenewals(20_001);
    expect(end).toBe("LEASE_LOST");
    expect(calls.map(({ operation }) => operation)).not.toContain(row.switchCall);
    expect(await world.ask(["/"])).toEqual({ "/": "200 A" });
    world.clock.advance(31_000);
    expect(await world.run({ verb: "deploy", build: built.builds.B })).toMatchObject({ end: "done" });
    expect(await world.orphans()).toEqual([]);
  });

  test("the traffic is moved with ten seconds of the lease left", async () => {
    expect(await withSlowRenewals(20_000)).toMatchObject({ end: "done" });
    expect(await world.ask(["/"])).toEqual({ "/": "200 B" });
  });
});
