/** Every package of docs/packages.md on every target: built, in development, and in isolation. */
// @module-tag check
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Target } from "../../framework/model/target.ts";
import { installApp } from "./installation.ts";
import { packages } from "./package-list.ts";
import { measure, type Row } from "./compatibility.ts";
import { packageTable } from "./compatibility-table.ts";

const targets: readonly Target[] = ["lambda", "workers", "node"];
const works: Row = { build: "yes", dev: "yes", isolated: "yes" };

it("docs/packages.md has the table as it is", () => {
  expect(readFileSync(join(import.meta.dirname, "../../docs/packages.md"), "utf8")).toContain(packageTable());
});

describe.each(targets)("on %s", (target) => {
  let rows: ReadonlyMap<string, Row>;
  beforeAll(async () => {
    rows = await measure(installApp(), target, packages);
  }, 1_800_000);

  it.each(packages)("$name", ({ route, limits }) => {
    // Undefined is a route that was not measured: that fails, too.
    if (limits?.[target] === undefined) expect(rows.get(route)).toEqual(works);
    else expect(rows.get(route) ?? works, "the limit is gone: take it out of the list").not.toEqual(works);
  });
});
