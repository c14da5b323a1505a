/**
 * A candidate that does not start, is another build or answers wrongly: the live release stays, and the error names the
 * request.
 */
// @module-tag check
import { cp } from "node:fs/promises";
import type { Build } from "./row.ts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { rows } from "./rows.ts";
import { buildAll, type Builds, paths, samples, says } from "./sample-apps.ts";
import { type Answers, openWorld, type World } from "./world.ts";

const broken = {
  ...samples,
  throwing: {
    ...samples.B,
    files: { ...samples.B.files, "functions/old.ts": `throw new Error("not at start");\n${says("never")}` },
  },
  failing: {
    ...samples.B,
    files: {
      ...samples.B.files,
      "functions/index.ts": "export const GET = () => new Response(null, { status: 500 });\n",
    },
  },
};

describe.each(rows)("$name", (row) => {
  let built: Builds<keyof typeof broken>;
  let world: World;
  let before: Answers;
  beforeAll(async () => {
    built = await buildAll(row, broken);
  });
  afterAll(() => built.close());
  beforeEach(async () => {
    world = await openWorld(row);
    await world.run({ verb: "deploy", build: built.builds.A });
    before = await world.ask(paths);
  });
  afterEach(() => world.close());

  /** The live release is as it was, nobody else can be reached, and the next good one goes live. */
  const expectUntouched = async (): Promise<void> => {
    expect(await world.ask(paths)).toEqual(before);
    expect((await world.orphans()).filter((what) => what.startsWith("stage"))).toEqual([]);
    expect(await world.run({ verb: "deploy", build: built.builds.B })).toMatchObject({ end: "done" });
    expect(await world.orphans()).toEqual([]);
  };

  test("a function that does not start fails the release", async () => {
    const outcome = await world.run({ verb: "deploy", build: built.builds.throwing });
    expect(outcome).toMatchObject({ end: "PROBE_FAILED", error: { message: expect.stringMatching(row.notStarted) } });
    await expectUntouched();
  });

  test("a function that differs from its build fails the release", async () => {
    const { B } = built.builds;
    const folder = `${B.folder}-other`;
    await cp(B.folder, folder, { recursive: true });
    const end = await row.corruptBuild(folder);
    const other: Build = { ...B, folder };
    expect(await world.run({ verb: "deploy", build: other })).toMatchObject({ end });
    await expectUntouched();
  });

  test("a wrong response to a path of the smoke list fails the release", async () => {
    const smoke = [
      { path: "/", status: 200 },
      { path: "/old", status: 418 },
    ];
    const outcome = await world.run({ verb: "deploy", build: built.builds.B, smoke });
    expect(outcome).toMatchObject({
      end: "SMOKE_FAILED",
      error: { message: expect.stringContaining("GET /old with status 200") },
    });
    await expectUntouched();
  });

  test("with an empty smoke list, one request is still made", async () => {
    const outcome = await world.run({ verb: "deploy", build: built.builds.failing, smoke: [] });
    expect(outcome).toMatchObject({
      end: "SMOKE_FAILED",
      error: { message: expect.stringContaining("GET / with status 500") },
    });
    await expectUntouched();
  });
});
