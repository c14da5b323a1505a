/** Cases: the store's promises, and what is built on it. The app runs them, in a namespace of each run's own. */
import { type Ask, type Case, caseOf, type Step } from "../case.ts";

const fixture = caseOf("fixture");

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** A run of functions/_lib/store-checks.ts. */
const check = (title: string, name: string, json: unknown): Case =>
  fixture(`store: ${title}`, `/store/${name}`, { status: 200, json });

const post = (target: string, headers: Ask["headers"], body: string): Ask => ({
  method: "POST",
  target,
  headers: [["content-type", "text/plain"], ...(headers ?? [])],
  body,
});

const once = (key: string, body: string, status: number, run?: number): Step => ({
  ask: ({ origin }) =>
    post(
      "/store/once",
      [
        ["idempotency-key", `"${key}${origin.length}"`],
        ["x-run", key],
      ],
      body,
    ),
  expect: { status, ...(run !== undefined && { json: { run, body }, headers: { "set-cookie": "a=1" } }) },
});

const onceInHono = (key: string, status: number, run?: number): Step => ({
  ask: post(`/store/hono/once?run=${key}`, [["idempotency-key", key]], "b"),
  expect: { status, ...(run !== undefined && { json: { run, body: "b" } }) },
});

/** Values, versions, time, numbers, order, concurrency, refusals. */
export const store: readonly Case[] = [
  check("versions", "versions", [
    true,
    true,
    { x: 1 },
    null,
    "string",
    null,
    3,
    false,
    true,
    true,
    true,
    "string",
    null,
  ]),
  check("values are what JSON keeps of them", "values", [true, null]),
  check("the largest key and value, and larger ones", "sizes", [true, "STORE_VALUE", "STORE_VALUE", "STORE_KEY", true]),
  check("an expired entry is absent in every operation", "expiry", [
    true,
    "b",
    ["long"],
    false,
    null,
    "string",
    "e",
    [5, 10, 8],
  ]),
  check("add and set see each other's numbers", "numbers", [
    1,
    42,
    42,
    false,
    -8,
    "STORE_NOT_A_NUMBER",
    "STORE_NOT_A_NUMBER",
    Number.MAX_SAFE_INTEGER,
    "STORE_NOT_A_NUMBER",
    Number.MAX_SAFE_INTEGER - 1,
    "STORE_NOT_A_NUMBER",
    10,
  ]),
  check("the lifetime of add counts from the first, that of set from the last", "windows", [true, 2, 2]),
  check("40 adds at once", "adds", range(40)),
  check("20 adds at once to an expired number", "adds-to-expired", range(20)),
  check("one of 20 creators wins", "creators", [1, true]),
  check("8 writers compare and set 5 times each", "writers", 40),
  check("lists are ordered by the bytes of keys", "lists", [
    ["u1/%", "u1/_", "u1/a", "u1/b", "u1/é", "u1/\ufffd", "u1/\u{10ffff}z"],
    ["u1/b", "u1/é", "u1/\ufffd", "u1/\u{10ffff}z"],
    ["u1/b"],
    ["u1/%", "u1/_"],
    [],
    ["u1/\u{10ffff}z", "u2/a"],
    ["U1/a", "u", "u0"],
    ["u1/\u{10ffff}z"],
    [],
    [],
  ]),
  check("a page is full although entries between have expired", "pages", [
    range(20).map((index) => String((index - 1) * 3).padStart(3, "0")),
    ["060", "063", "066"],
    50,
    147,
  ]),
  check("what is refused has a code", "refusals", [
    ["STORE_KEY", "STORE_KEY", "STORE_KEY", "STORE_KEY"],
    ["STORE_KEY", "STORE_KEY", "STORE_KEY", "STORE_KEY"],
    ["STORE_VALUE", "STORE_VALUE", "STORE_VALUE", "STORE_VALUE", "STORE_VALUE"],
    ["STORE_TTL", "STORE_TTL", "STORE_TTL", "STORE_TTL", "STORE_TTL"],
    "STORE_KEY",
    ["STORE_NAMESPACE", "STORE_NAMESPACE", "STORE_NAMESPACE"],
    [],
  ]),
  {
    name: "store: requests see one another's entries, in a Hono app too",
    app: "fixture",
    steps: [1, 2, 3].map((sum) => ({
      ask: { target: "/store/hono?run=sum" },
      expect: { status: 200, json: sum },
    })),
  },
  {
    name: "store: rateLimit in a handler",
    app: "fixture",
    steps: [200, 200, 429].map((status) => ({
      ask: { target: "/store/once", headers: [["x-run", "limited"]] },
      expect: { status, headers: { "retry-after": status === 429 ? /^\d+$/ : null } },
    })),
  },
  {
    name: "store: rateLimit as middleware of Hono",
    app: "fixture",
    steps: (
      [
        ["a", 200],
        ["a", 200],
        ["a", 429],
        ["b", 200],
      ] as const
    ).map(([run, status]) => ({
      ask: { target: `/store/hono/limited?run=${run}` },
      expect: { status },
    })),
  },
  {
    name: "store: idempotent around a handler",
    app: "fixture",
    steps: [once("key", "a", 201, 1), once("key", "a", 201, 1), once("key", "b", 422), once("other", "a", 201, 1)],
  },
  {
    name: "store: idempotent as middleware of Hono",
    app: "fixture",
    steps: [onceInHono("key1", 201, 1), onceInHono("key1", 201, 1), onceInHono("key2", 201, 1)],
  },
];
