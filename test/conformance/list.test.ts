/** Tests of the list of cases, the table of differences and docs/differences.md themselves. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { cases } from "./cases.ts";
import { differences, differencesPage } from "./differences.ts";

describe("the conformance list", () => {
  test("has cases with names of their own", () => {
    const names = cases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThanOrEqual(330);
  });

  test("the table has at most ten rows, without those of Cloudflare's asset server, which are of builds for Workers", () => {
    expect(differences.filter(({ assetServer }) => !assetServer).length).toBeLessThanOrEqual(10);
    const artifact = ["workers", "workers-cloud"];
    for (const { assetServer, runtimes } of differences)
      if (assetServer) expect(runtimes.filter((name) => !artifact.includes(name))).toEqual([]);
  });

  test("every row of the table names cases that exist, once per runtime, and a reason", () => {
    const names = new Set(cases.map(({ name }) => name));
    const seen = differences.flatMap((row) =>
      row.cases.flatMap((name) => row.runtimes.map((runtime) => `${name} on ${runtime}`)),
    );
    expect(new Set(seen).size).toBe(seen.length);
    for (const { cases: named, why, but = {} } of differences) {
      expect(named.filter((name) => !names.has(name))).toEqual([]);
      expect(Object.keys(but).filter((name) => !named.includes(name))).toEqual([]);
      expect(why).toMatch(/^[A-Z].{20,}\.$/);
    }
  });

  test("docs/differences.md is the table", () => {
    const page = readFileSync(new URL("../../docs/differences.md", import.meta.url), "utf8");
    expect(page, "run: node test/conformance/write-differences.ts").toBe(differencesPage());
  });
});
