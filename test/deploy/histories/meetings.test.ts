/**
 * Two that change one stage at once: one stands still at a step until the other has ended. Each file runs once, what is
 * live works on, and whoever comes too late is told so by a documented code.
 */
// @module-tag check
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Change } from "./app-tree.ts";
import type { Command, History } from "./history.ts";
import { openPlace, type Place, quiet } from "./place.ts";

let place: Place;
beforeAll(async () => {
  place = await openPlace();
});
afterAll(() => place.close());

const onLambda = { on: "lambda", smoke: 200 } as const;
const onlyLambda: Command = { does: "deploy", to: "lambda", smoke: 200, back: 0, thinks: 0 };
const wait = { does: "wait", minutes: 21 } as const;
const ship = (change: Change, to: "both" | "workers" = "both") =>
  ({ does: "ship", commits: [{ change, pick: 0 }], command: { ...quiet, to } }) as const;

/** One step in so many, others with each seed. */
const steps = ([first, last]: Meeting["between"], stride: number): readonly number[] =>
  Array.from({ length: Math.ceil((last - first) / stride) }, (_, at) => first + at * stride + (seed % stride));
const seed = Number(process.env["PORTICO_SEED"]);

interface Meeting {
  readonly what: string;
  readonly first: Command;
  readonly second: Command;
  readonly commits: readonly Change[];
  /**
   * True where the first is the one that lists a contract file. Between its switch and its list it has two steps at
   * which it may stand still.
   */
  readonly isListing?: boolean;
  /** Steps of the first. */
  readonly between: readonly [number, number];
}

/** Release 3 lists a contract file that may run, or that is listed on Workers alone; releases 1 and 2 do not. */
async function prepare(isListed: boolean): Promise<History> {
  const history = await place.begin();
  const listing = isListed ? [ship("drop column"), wait] : [ship("drop column", "workers")];
  for (const event of [{ does: "run", command: quiet } as const, ship("column"), ...listing])
    await history.perform(event);
  return history;
}

/** The ends that either may have. */
const endsOf = ({ first, second }: Meeting): RegExp =>
  [first, second].some(({ does }) => does === "rollback")
    ? /^(?:done|nothing|LOCKED|MOVED|LEASE_LOST|SCHEMA_CONTRACTED|MIGRATION_WAITS|MIGRATION_ORDER)$/
    : /^(?:done|nothing|LOCKED|MOVED|LEASE_LOST)$/;

test.each<Meeting>([
  {
    what: "two deployers",
    first: quiet,
    second: quiet,
    commits: ["column", "code"],
    between: [1, 150],
  },
  {
    what: "a deployer beside migrate up",
    first: quiet,
    second: { does: "up" },
    commits: ["slow index", "code"],
    between: [1, 150],
  },
  {
    what: "migrate up beside a deployer",
    first: { does: "up" },
    second: quiet,
    commits: ["slow index", "code"],
    between: [1, 50],
  },
  {
    what: "a deploy's contract beside a rollback",
    first: quiet,
    second: { does: "rollback", number: 2, ...onLambda },
    commits: ["code"],
    between: [1, 130],
  },
  {
    what: "a rollback beside a deploy's contract",
    first: { does: "rollback", number: 2, ...onLambda },
    second: quiet,
    commits: ["code"],
    between: [1, 40],
  },
  {
    what: "a deploy that lists a contract file beside a rollback",
    first: onlyLambda,
    second: { does: "rollback", number: 1, ...onLambda },
    commits: [],
    isListing: true,
    between: [24, 60],
  },
  {
    what: "a deploy that changes files alone beside a rollback on Workers",
    first: quiet,
    second: { does: "rollback", on: "workers", number: 2, smoke: 200 },
    commits: ["edit"],
    between: [1, 60],
  },
])("$what", async (meeting) => {
  const { first, second, commits, isListing = false, between } = meeting;
  for (const at of steps(between, isListing ? 2 : 12)) {
    const history = await prepare(!isListing);
    const isOverdue = isListing || (at >> 3) % 2 === 0;
    const made = commits.map((change) => ({ change, pick: 0 }));
    await history.perform({ does: "meet", commits: made, first, at, isOverdue, second });
    const where = `at ${at}${isOverdue ? ", overdue" : ""}:\n${history.log.join("\n")}`;
    for (const line of history.log.slice(-2))
      expect(line.slice(line.lastIndexOf(" ") + 1), where).toMatch(endsOf(meeting));
    // What somebody wrote down wrongly shows when the next file runs.
    await history.perform(wait);
    await history.run({ does: "finish" });
    expect(history.prober.failures, where).toEqual([]);
    await place.expectDone(history);
  }
});
