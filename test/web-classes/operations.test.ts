/** Property tests: random operations give the same results with the platform's classes and the lightweight ones. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { LightHeaders } from "../../framework/web-classes/headers.ts";
import { LightRequest } from "../../framework/web-classes/request.ts";
import { LightResponse } from "../../framework/web-classes/response.ts";
import { type Operation, operations, run } from "./operations.ts";
import type { Web } from "./table-row.ts";

const light = { Headers: LightHeaders, Request: LightRequest, Response: LightResponse } as unknown as Web;

// The seed is the run's (PORTICO_SEED).
const agree = (numRuns: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(operations, async (all) => {
      expect(await run(light, all)).toEqual(await run({ Headers, Request, Response }, all));
    }),
    { numRuns },
  );

test("1,000 random sequences of operations", () => agree(1_000));
test("10,000 random sequences of operations", { tags: ["check"] }, () => agree(10_000));

const step = (does: Operation["does"], on = 0, kind = 0, name = "a", value = "1", status = 200): Operation => ({
  does,
  on,
  kind,
  name,
  value,
  status,
});

// Found by longer searches.
const mended: Readonly<Record<string, readonly Operation[]>> = {
  "an empty request body that was moved, then locked": [
    step("newRequest", 0, 3, "a", "1", 205),
    step("copyRequest"),
    step("append"),
    step("lock"),
    step("newHeaders"),
    step("newHeaders"),
  ],
  "a copy of headers whose last appended value is empty": [
    step("newResponse"),
    step("set", 0, 0, "content-type"),
    step("append", 0, 0, "content-type", ""),
    step("copyResponse"),
    step("newHeaders"),
    step("newHeaders"),
  ],
  "a body that was moved and read leaves the one before closed and free": [
    step("newRequest", 0, 2, "a", "1", 99),
    step("clone"),
    step("copyRequest", 3),
    step("toJson", 2),
    step("newHeaders"),
    step("drain", 5),
  ],
  "a clone of a moved body frees the stream before it": [
    step("newRequest", 0, 2, "a", "1", 205),
    step("copyRequest"),
    step("clone", 3),
    step("newHeaders"),
    step("lock"),
    step("look"),
  ],
  "an empty body that was moved is read from the object before": [
    step("newRequest", 0, 2, "a", "", 201),
    step("copyRequest"),
    step("look"),
    step("drain"),
    step("newHeaders"),
  ],
  "a copy of a header whose only value is empty": [
    step("newResponse", 0, 1),
    step("append", 0, 0, "a", ""),
    step("copyResponse"),
    step("newHeaders"),
    step("newHeaders"),
  ],
};

test.each(Object.entries(mended))("%s", async (_, all) => {
  expect(await run(light, all)).toEqual(await run({ Headers, Request, Response }, all));
});
