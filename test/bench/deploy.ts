/** Bench of a release: sequential API calls on a virtual clock where every call takes 50 ms. */
import { lambda } from "../deploy/promises/lambda.ts";
import { latency, roundTrips } from "../deploy/promises/round-trips.ts";
import { workers } from "../deploy/promises/workers.ts";
import type { Row } from "../deploy/promises/row.ts";
import { type Measured, ratioOf } from "./measurement.ts";

/**
 * Times are those of the virtual clock, so one round suffices. Requests to a candidate do not count as API calls.
 */
export async function deploy(): Promise<readonly Measured[]> {
  return [...(await rowsOf(lambda, 100)), ...(await rowsOf(workers, 250))];
}

async function rowsOf(platform: Row, routes: number): Promise<readonly Measured[]> {
  const { first, firstAtLeast, change, nothing, rollback } = await roundTrips(platform, routes);
  const row = (name: string, value: number, most: number): Measured =>
    ratioOf(
      {
        name: `${platform.name}: ${name}`,
        against: "the bar",
        unit: `sequential round trips of ${latency} ms`,
        rounds: 1,
        bar: "<= 1",
      },
      [value],
      [most],
    );
  const rows = [
    row(`one changed route of ${routes}`, change, platform.maxRoundTrips.change),
    row("an unchanged app", nothing, platform.maxRoundTrips.nothing),
    row("a rollback", rollback, platform.maxRoundTrips.rollback),
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
