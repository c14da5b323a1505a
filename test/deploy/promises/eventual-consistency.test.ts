/** New grants, roles and versions that are not visible yet: a deploy waits for them, up to a limit. */
// @module-tag check
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Row, Transport } from "./row.ts";
import { lambda } from "./lambda.ts";
import { rows } from "./rows.ts";
import { buildAll, type Builds, samples, says } from "./sample-apps.ts";
import { openWorld } from "./world.ts";

async function withBuilds(
  row: Row,
  work: (builds: Builds<keyof typeof samples>["builds"]) => Promise<void>,
): Promise<void> {
  const built = await buildAll(row, samples);
  try {
    await work(built.builds);
  } finally {
    await built.close();
  }
}

describe("a new permission of API Gateway that is not effective yet", () => {
  test("is waited for, while API Gateway responds 500 for the candidate", () =>
    withBuilds(lambda, async ({ A, B }) => {
      const world = await openWorld(lambda, { grants: 8_000 });
      try {
        expect(await world.run({ verb: "deploy", build: A })).toMatchObject({ end: "done" });
        expect(await world.ask(["/"])).toEqual({ "/": "200 A" });
        await world.pass(8_000);
        expect(await world.run({ verb: "deploy", build: B })).toMatchObject({ end: "done" });
        expect(await world.ask(["/"])).toEqual({ "/": "200 B" });
      } finally {
        await world.close();
      }
    }));

  test("fails the release when it takes too long, and does not change the live one", () =>
    withBuilds(lambda, async ({ A, B }) => {
      const world = await openWorld(lambda, { grants: 60_000 });
      try {
        const began = world.clock.now();
        expect(await world.run({ verb: "deploy", build: A })).toMatchObject({
          end: "SMOKE_FAILED",
          error: { message: expect.stringContaining("GET / with status 500") },
        });
        expect(world.clock.now() - began).toBeGreaterThanOrEqual(20_000);
        await world.pass(60_000);
        // Once it is seen, the same command goes on from there.
        expect(await world.run({ verb: "deploy", build: A })).toMatchObject({ end: "done" });
        expect(await world.run({ verb: "deploy", build: B })).toMatchObject({ end: "SMOKE_FAILED" });
        expect(await world.ask(["/"])).toEqual({ "/": "200 A" });
      } finally {
        await world.close();
      }
    }));
});

describe.each(rows.filter(({ publishCall }) => publishCall !== undefined))("$name", (row) => {
  /** A with another home and the same permissions, so with the same role. */
  const again = { ...samples.A, files: { ...samples.A.files, "functions/index.ts": says("A again") } };
  let built: Builds<"A" | "again">;
  beforeAll(async () => {
    built = await buildAll(row, { A: samples.A, again });
  });
  afterAll(() => built.close());

  /** The first invocations are refused as Lambda does. */
  const refusing = (times: number, status: number, name: string): Transport => {
    let left = times;
    return async ({ operation }, send) => {
      if (!operation.startsWith("Invoke") || left-- <= 0) return send();
      throw Object.assign(new Error("injected"), { name, $fault: "client", $metadata: { httpStatusCode: status } });
    };
  };

  test.each([
    ["a version that is Pending", 409, "ResourceConflictException"],
    ["a version that is not ready", 502, "ResourceNotReadyException"],
    ["a role that is not assumable yet", 403, "AccessDeniedException"],
  ])("a deploy waits for %s", async (_what, status, name) => {
    const world = await openWorld(row);
    try {
      const outcome = await world.run(
        { verb: "deploy", build: built.builds.A },
        { transport: refusing(6, status, name) },
      );
      expect(outcome.end, String(outcome.error)).toBe("done");
      expect(await world.ask(["/"])).toEqual({ "/": "200 A" });
    } finally {
      await world.close();
    }
  });

  test("an access error of a role that is not new fails the deploy at once", async () => {
    const world = await openWorld(row);
    try {
      await world.run({ verb: "deploy", build: built.builds.A });
      await world.pass(120_000);
      const transport = refusing(1, 403, "AccessDeniedException");
      expect(await world.run({ verb: "deploy", build: built.builds.again }, { transport })).toMatchObject({
        end: "AccessDeniedException",
      });
      expect(await world.ask(["/"])).toEqual({ "/": "200 A" });
    } finally {
      await world.close();
    }
  });
});
