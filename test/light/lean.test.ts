/** The lean classes give what the whole ones give, or the error of a part that is missing: the behaviour table, and random sequences of operations. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LightHeaders } from "../../framework/light/headers.ts";
import { type Parts, putIn } from "../../framework/light/parts.ts";
import { LightRequest } from "../../framework/light/request.ts";
import { LightResponse } from "../../framework/light/response.ts";
import { operations, run } from "./operations.ts";
import { outcome, plain, type Row, type Web } from "./row.ts";
import { bodies } from "./table/bodies.ts";
import { headers } from "./table/headers.ts";
import { requests } from "./table/requests.ts";
import { responses } from "./table/responses.ts";

const lean = { Headers: LightHeaders, Request: LightRequest, Response: LightResponse } as unknown as Web;
const topics: Readonly<Record<string, readonly Row[]>> = { headers, bodies, responses, requests };

/** The parts that something asked for, as framework/light/lean.ts would have refused them. */
const missed = new Set<string>();
putIn(
  new Proxy({} as Parts, {
    get(_, name) {
      missed.add(String(name));
      throw new Error(`${String(name)} is missing`);
    },
  }),
);

/** Two rows ask for a part and do not wait for its error. */
const unwaited = new Set(["formData uses at once", "blob uses at once"]);
const rows = Object.entries(topics).flatMap(([topic, all]) =>
  all.filter(([name]) => !unwaited.has(name)).map(([name, expected, run]) => ({ name: `${topic}: ${name}`, expected, run })),
);

describe("every row is as on the whole classes, or asks for a part", () => {
  let same = 0;
  test.each(rows)("$name", async ({ expected, run }) => {
    missed.clear();
    const given = await outcome(lean, run);
    if (missed.size > 0) return expect([...missed].every((name) => ["fetch", "Request", "FormData", "formData"].includes(name))).toBe(true);
    same++;
    expect(given).toEqual(plain(expected));
  });
  test("which few do", () => {
    expect(same).toBeGreaterThan(800);
  });
});

test("random sequences of operations that ask for no part", async () => {
  let same = 0;
  await fc.assert(
    fc.asyncProperty(operations, async (all) => {
      missed.clear();
      const given = await run(lean, all);
      if (missed.size > 0) return;
      same++;
      expect(given).toEqual(await run({ Headers, Request, Response }, all));
    }),
    { numRuns: 5000 },
  );
  expect(same).toBeGreaterThan(1000);
}, 60_000);
