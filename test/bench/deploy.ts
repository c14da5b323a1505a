/** What a release costs where every call takes 50 ms: calls that wait for each other, on a clock that does not wait; one line for each bar. */
import { lambda } from "../deploy/promises/lambda.ts";
import { latency, roundTrips } from "../deploy/promises/round-trips.ts";
import { workers } from "../deploy/promises/workers.ts";
import type { Row } from "../deploy/promises/world.ts";
import { type Measured, ratioOf } from "./measure.ts";

/** Not times of this machine: the virtual clock's, so one round says all. A candidate's own questions are no calls of an API. */
export async function deploy(): Promise<readonly Measured[]> {
  return [...(await rowsOf(lambda, 100)), ...(await rowsOf(workers, 250))];
}

async function rowsOf(platform: Row, routes: number): Promise<readonly Measured[]> {
  const { first, firstAtLeast, change, nothing, rollback } = await roundTrips(platform, routes);
  const row = (name: string, value: number, most: number): Measured =>
    ratioOf(
      { name: `${platform.name}: ${name}`, against: "the bar", unit: `sequential round trips of ${latency} ms`, rounds: 1, bar: "<= 1" },
      [value],
      [most],
    );
  const rows = [
    row(`one changed route of ${routes}`, change, platform.bars.change),
    row("an unchanged app", nothing, platform.bars.nothing),
    row("a rollback", rollback, platform.bars.rollback),
  ];
  if (firstAtLeast === 0) return rows;
  const all = {
    name: `${platform.name}: first deploy of ${routes} routes`,
    against: "what its rates ask for",
    unit: "virtual ms",
    rounds: 1,
  };
  return [ratioOf({ ...all, bar: "<= 1.5" }, [first], [firstAtLeast]), ...rows];
}
