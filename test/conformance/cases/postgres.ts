/** Cases: an app's Postgres database, through Drizzle and alone; each run has tables of its own. */
import { type Case, caseOf, type Step } from "../case.ts";

const fixture = caseOf("fixture");

/** A run of functions/_lib/postgres-checks.ts. */
const check = (title: string, name: string, json: unknown): Case =>
  fixture(`postgres: ${title}`, `/postgres/${name}`, { status: 200, json });

const visit = (n: number): Step => ({
  ask: ({ origin, visitor }) => ({
    method: "POST",
    target: "/postgres/visits",
    headers: [["x-run", `${origin} ${visitor}`]],
  }),
  expect: { status: 200, json: [{ n }] },
});

/** Types, errors, queries, transactions, connections. */
export const postgres: readonly Case[] = [
  check("values keep their types", "types", {
    id: 1,
    email: "가@x",
    admin: false,
    prefs: { a: [1, "나"] },
    price: "12.30",
    token: "00000000-0000-4000-8000-000000000001",
    big: "9007199254740993",
    isNow: true,
  }),
  check("violated constraints are told by their names", "errors", [
    [true, true, false, false],
    [true, true, false],
    [false, false, 1],
    [true, true, false],
  ]),
  check("an upsert, a join, a count and a cascade", "queries", [
    [
      { email: "a", admin: true, n: 2 },
      { email: "b", admin: false, n: 0 },
    ],
    [{ n: 0 }],
  ]),
  check("a transaction that throws is undone", "transaction", ["stop", [{ email: "kept" }]]),
  check(
    "20 statements at once",
    "parallel",
    Array.from({ length: 20 }, (_, at) => at),
  ),
  check("50,000 rows, and a value of 3 MB", "large", [50_000, { n: 50_000 }, 1_000_000]),
  check("prepared statements have no names", "prepared", [[[{ one: 1 }], [{ one: 2 }]], [{ n: 0 }]]),
  {
    name: "postgres: later requests, of ten visitors at once",
    app: "fixture",
    visitors: 10,
    steps: [1, 2, 3].map(visit),
  },
  fixture("postgres: context.env has the URL", "/postgres/visits", { status: 200, body: /^postgres(ql)?:$/ }),
  fixture("postgres: in a Hono app", "/postgres/hono", { status: 200, json: [{ one: 1 }] }),
];
