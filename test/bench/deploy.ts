/** What a release costs where every call takes 50 ms: calls that wait for each other, on a clock that does not wait; one line for each bar. */
import { lambda } from "../deploy/promises/lambda.ts";
import { latency, roundTrips } from "../deploy/promises/round-trips.ts";
import { type Measured, ratioOf } from "./measure.ts";

const routes = 100;

/** Not times of this machine: the virtual clock's, so one round says all. */
export async function deploy(): Promise<readonly Measured[]> {
  const { first, firstAtLeast, change, nothing, rollback } = await roundTrips(lambda, routes);
  const row = (name: string, value: number, most: number): Measured =>
    ratioOf({ name, against: "the bar", unit: `sequential round trips of ${latency} ms`, rounds: 1, bar: "<= 1" }, [value], [most]);
  return [
    ratioOf(
      { name: `first deploy of ${routes} routes`, against: "what AWS's rates ask for", unit: "virtual ms", rounds: 1, bar: "<= 1.5" },
      [first],
      [firstAtLeast],
    ),
    row(`one changed route of ${routes}`, change, 26),
    row("an unchanged app", nothing, 6),
    row("a rollback", rollback, 8),
  ];
}
