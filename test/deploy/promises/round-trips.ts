/** Counts a command's sequential round trips, on a clock where every call takes 50 ms. */
import { manyRoutes } from "./sample-apps.ts";
import type { Row, Transport } from "./row.ts";
import { buildAll } from "./sample-apps.ts";
import { type Command, openWorld, type Outcome } from "./world.ts";

/**
 * In round trips; of the first deploy, in milliseconds, what it took within the platform's rates, and what those rates
 * ask for at the least.
 */
export interface RoundTrips {
  readonly first: number;
  readonly firstAtLeast: number;
  readonly change: number;
  readonly nothing: number;
  readonly rollback: number;
}

/** Milliseconds that a call takes. */
export const latency = 50;

/** @param routes of the app */
export async function roundTrips(row: Row, routes: number): Promise<RoundTrips> {
  const built = await buildAll(row, { before: manyRoutes(routes, "one"), after: manyRoutes(routes, "two") });
  const world = await openWorld(row);
  const { before, after } = built.builds;
  const transport: Transport = async (_call, send) => {
    await world.clock.sleep(latency);
    return send();
  };
  const measure = async (
    command: Command,
    end: string,
    paced = false,
  ): Promise<{ readonly trips: number; readonly outcome: Outcome }> => {
    const start = world.clock.now();
    const outcome = await world.run(command, { transport, paced });
    if (outcome.end !== end) throw new Error(`${command.verb} ended with ${outcome.end}`, { cause: outcome.error });
    return { trips: (world.clock.now() - start) / latency, outcome };
  };
  try {
    const first = await measure({ verb: "deploy", build: before, smoke: [] }, "done", true);
    const change = await measure({ verb: "deploy", build: after, smoke: [] }, "done");
    const nothing = await measure({ verb: "deploy", build: after, smoke: [] }, "nothing");
    const rollback = await measure({ verb: "rollback" }, "done");
    const firstAtLeast = row.rateLimitedDuration(first.outcome.calls);
    return {
      first: first.trips * latency,
      firstAtLeast,
      change: change.trips,
      nothing: nothing.trips,
      rollback: rollback.trips,
    };
  } finally {
    await world.close();
    await built.close();
  }
}
