/** Random sequences of operations give the same on the platform's classes and on ours. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { LightHeaders } from "../../framework/light/headers.ts";
import { LightRequest } from "../../framework/light/request.ts";
import { LightResponse } from "../../framework/light/response.ts";
import { operations, run } from "./operations.ts";
import type { Web } from "./row.ts";

const light = { Headers: LightHeaders, Request: LightRequest, Response: LightResponse } as unknown as Web;

const agree = (numRuns: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(operations, async (all) => {
      expect(await run(light, all)).toEqual(await run({ Headers, Request, Response }, all));
    }),
    { numRuns },
  );

test("500 random sequences of operations", () => agree(500));

test("10,000 random sequences of operations", { tags: ["full"] }, () => agree(10_000));
