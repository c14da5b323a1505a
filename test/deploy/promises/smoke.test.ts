/** A candidate that does not start, is not what was built, or does not answer as it should: the live release stays, and the failure names the request. */
import { cp } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { rows } from "./rows.ts";
import { type Build, buildAll, type Builds, paths, samples, says } from "./samples.ts";
import { type Answers, openWorld, type World } from "./world.ts";

const broken = {
  ...samples,
  throwing: {
    ...samples.B,
    files: { ...samples.B.files, "functions/old.ts": `throw new Error("not at start");\n${says("never")}` },
  },
  failing: {
    ...samples.B,
    files: { ...samples.B.files, "functions/index.ts": "export const GET = () => new Response(null, { status: 500 });\n" },
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

  test("a function that does not start", async () => {
    const outcome = await world.run({ verb: "deploy", build: built.builds.throwing });
    expect(outcome).toMatchObject({ end: "PROBE_FAILED", error: { message: expect.stringMatching(row.notStarted) } });
    await expectUntouched();
  });

  test("a function that is not what was built", async () => {
    const { B } = built.builds;
    const folder = `${B.folder}-other`;
    await cp(B.folder, folder, { recursive: true });
    const end = await row.garble(folder);
    const other: Build = { ...B, folder };
    expect(await world.run({ verb: "deploy", build: other })).toMatchObject({ end });
    await expectUntouched();
  });

  test("a path of the smoke list", async () => {
    const smoke = [
      { path: "/", status: 200 },
      { path: "/old", status: 418 },
    ];
    const outcome = await world.run({ verb: "deploy", build: built.builds.B, smoke });
    expect(outcome).toMatchObject({ end: "SMOKE_FAILED", error: { message: expect.stringContaining("GET /old with status 200") } });
    await expectUntouched();
  });

  test("without a smoke list, one request is made all the same", async () => {
    const outcome = await world.run({ verb: "deploy", build: built.builds.failing, smoke: [] });
    expect(outcome).toMatchObject({ end: "SMOKE_FAILED", error: { message: expect.stringContaining("GET / with status 500") } });
    await expectUntouched();
  });
});
