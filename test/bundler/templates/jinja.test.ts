/** Templates give what Jinja2 gave when it was recorded, and what it refused is refused. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { cases } from "./cases.ts";
import { toRecord } from "./jinja.ts";
import { randomCases, recordedCount, recordedSeed } from "./random-templates.ts";
import { renderAll } from "./rendering.ts";

test("the outcomes are those of Jinja2", async () => {
  const all = [...cases, ...randomCases(recordedSeed, recordedCount)];
  const recorded = JSON.parse(readFileSync(new URL("jinja-outcomes.json", import.meta.url), "utf8")) as unknown[];
  const outcomes = (await renderAll(all)).map(toRecord);
  // Else node test/bundler/templates/write-outcomes.ts records them again.
  expect(recorded).toHaveLength(all.length);
  const different = all.flatMap(({ templates }, index) =>
    outcomes[index] === recorded[index] ? [] : [{ templates, jinja: recorded[index], own: outcomes[index] }],
  );
  expect(different).toEqual([]);
  const rendered = outcomes.filter((outcome) => typeof outcome === "string");
  expect(rendered.length).toBeGreaterThan(700);
  expect(new Set(rendered).size).toBeGreaterThan(400);
  expect(outcomes.filter((outcome) => outcome === 0).length).toBeGreaterThan(140);
});
