// @module-tag check
/** Templates give what the machine's own Jinja2 gives, random ones by a new seed included. */
import { expect, test } from "vitest";
import { cases } from "./cases.ts";
import { jinjaOutcomes, toRecord } from "./jinja.ts";
import { randomCases } from "./random-templates.ts";
import { renderAll } from "./rendering.ts";

test("the outcomes are those of Jinja2", async () => {
  const all = [...cases, ...randomCases(Number(process.env["PORTICO_SEED"]), 600)];
  const expected = jinjaOutcomes(all);
  const own = await renderAll(all);
  const different = all.flatMap(({ templates }, index) =>
    toRecord(expected[index]!) === toRecord(own[index]!)
      ? []
      : [{ templates, jinja: expected[index], own: own[index] }],
  );
  expect(different).toEqual([]);
});
