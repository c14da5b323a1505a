/** Waiting, on a clock that does not wait. */
import { expect, test } from "vitest";
import { ConflictException } from "@aws-sdk/client-apigatewayv2";
import { ResourceConflictException, TooManyRequestsException } from "@aws-sdk/client-lambda";
import { virtualClock } from "../virtual-clock.ts";
import { isBroken, isConflict, isMissing, isPassing, polling, retrying } from "../../../deploy/lambda/retry.ts";

const conflict = new ResourceConflictException({ message: "any text", $metadata: { httpStatusCode: 409 } });

test("a conflict is tried again with longer and longer pauses, and no longer than the limit", async () => {
  const clock = virtualClock();
  let tries = 0;
  const attempt = async (): Promise<string> => {
    tries += 1;
    if (tries < 4) throw conflict;
    return "done";
  };
  expect(await retrying({ clock }, isConflict, attempt)).toBe("done");
  expect(clock.pauses).toEqual([250, 500, 1000]);
  await expect(retrying({ clock: virtualClock(), limit: 10_000 }, isConflict, () => Promise.reject(conflict))).rejects.toBe(conflict);
});

test("what is final is thrown at once", async () => {
  const clock = virtualClock();
  const bug = new TypeError("bug");
  await expect(retrying({ clock }, isConflict, () => Promise.reject(bug))).rejects.toBe(bug);
  expect(clock.pauses).toEqual([]);
});

test("polling ends with the state, with its own error, or with the limit", async () => {
  const clock = virtualClock();
  let reads = 0;
  expect(
    await polling(
      { clock },
      "it",
      async () => (reads += 1),
      (value) => value === 3,
    ),
  ).toBe(3);
  await expect(
    polling(
      { clock, limit: 1000 },
      "it",
      async () => 0,
      () => false,
    ),
  ).rejects.toThrow("it took longer than 1 s");
});

test("errors are told apart by name and status, never by text", () => {
  expect(isConflict(new ConflictException({ message: "", $metadata: {} }))).toBe(true);
  expect(isPassing(new TooManyRequestsException({ message: "", $metadata: { httpStatusCode: 429 } }))).toBe(true);
  expect(isMissing(conflict)).toBe(false);
  expect(isBroken(Object.assign(new Error("x"), { code: "ECONNRESET" }))).toBe(true);
  expect(isBroken(conflict)).toBe(false);
  expect(isBroken(new TypeError("bug"))).toBe(false);
});
