/** Classification and retries of AWS errors, on a virtual clock. */
import { expect, test } from "vitest";
import { poll, retry } from "../../../deploy/retry.ts";
import { ConflictException } from "@aws-sdk/client-apigatewayv2";
import { ResourceConflictException, TooManyRequestsException } from "@aws-sdk/client-lambda";
import { SQSServiceException } from "@aws-sdk/client-sqs";
import { virtualClock } from "../virtual-clock.ts";
import { toUnreachableError } from "../../../deploy/network-error.ts";
import { UserError } from "../../../framework/model/user-error.ts";
import { isConnectionError, isConflict, isMissing, isTransient } from "../../../deploy/lambda/aws-error.ts";

const conflict = new ResourceConflictException({ message: "any text", $metadata: { httpStatusCode: 409 } });

test("a conflict is tried again with longer and longer pauses, and no longer than the limit", async () => {
  const clock = virtualClock();
  let tries = 0;
  const attempt = async (): Promise<string> => {
    tries += 1;
    if (tries < 4) throw conflict;
    return "done";
  };
  expect(await retry({ clock }, isConflict, attempt)).toBe("done");
  expect(clock.pauses).toEqual([250, 500, 1000]);
  await expect(
    retry({ clock: virtualClock(), limit: 10_000 }, isConflict, () => Promise.reject(conflict)),
  ).rejects.toBe(conflict);
});

test("what is final is thrown at once", async () => {
  const clock = virtualClock();
  const bug = new TypeError("bug");
  await expect(retry({ clock }, isConflict, () => Promise.reject(bug))).rejects.toBe(bug);
  expect(clock.pauses).toEqual([]);
});

test("polling ends with the state, with its own error, or with the limit", async () => {
  const clock = virtualClock();
  let reads = 0;
  expect(
    await poll(
      { clock },
      "it",
      async () => (reads += 1),
      (value) => value === 3,
    ),
  ).toBe(3);
  await expect(
    poll(
      { clock, limit: 1000 },
      "it",
      async () => 0,
      () => false,
    ),
  ).rejects.toThrow("it took longer than 1 s");
});

test("errors are told apart by name and status, never by text", () => {
  expect(isConflict(new ConflictException({ message: "", $metadata: {} }))).toBe(true);
  expect(isTransient(new TooManyRequestsException({ message: "", $metadata: { httpStatusCode: 429 } }))).toBe(true);
  // SQS's throttling, which is no 429.
  const throttled = new SQSServiceException({ name: "RequestThrottled", $fault: "client", $metadata: {} });
  expect(isTransient(throttled)).toBe(true);
  expect(isMissing(conflict)).toBe(false);
  expect(isConnectionError(Object.assign(new Error("x"), { code: "ECONNRESET" }))).toBe(true);
  expect(isConnectionError(Object.assign(new Error("x"), { name: "TimeoutError" }))).toBe(true);
  // A bug of ours, a file that is missing: nobody's network.
  for (const code of ["ENOENT", "EACCES", "EEXIST", "EMFILE", "ERR_INVALID_ARG_TYPE"])
    expect(isConnectionError(Object.assign(new Error("x"), { code })), code).toBe(false);
  expect(isConnectionError(conflict)).toBe(false);
  expect(isConnectionError(new TypeError("bug"))).toBe(false);
});

test("a certificate that is not trusted is told with what to do, and is no broken connection", () => {
  const error = new TypeError("fetch failed", {
    cause: Object.assign(new Error("x"), { code: "SELF_SIGNED_CERT_IN_CHAIN" }),
  });
  expect(isConnectionError(error)).toBe(false);
  expect(toUnreachableError(error, "AWS")).toMatchObject({
    code: "CLOUD_CERTIFICATE",
    fix: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
  });
  // What was told already is not told anew as something else.
  const told = new UserError("SMOKE_FAILED", "x", "y", {
    cause: Object.assign(new Error("x"), { code: "ECONNREFUSED" }),
  });
  expect(toUnreachableError(told, "AWS")).toBeUndefined();
});
