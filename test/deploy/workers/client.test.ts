/** The client of Cloudflare's API against a misbehaving server: which calls are repeated, and after which wait. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createClient } from "../../../deploy/workers/client.ts";
import { CloudflareError, isConnectionError, toUserError } from "../../../deploy/workers/cloudflare-error.ts";
import { idempotentCreate } from "../../../deploy/workers/idempotent-create.ts";
import { UserError } from "../../../framework/model/user-error.ts";
import { virtualClock } from "../virtual-clock.ts";

let server: Server | undefined;
afterEach(() => void server?.close());

/** What the server does with a request: an answer, or nothing but a broken connection. */
type Step =
  | {
      readonly status: number;
      readonly code?: number;
      readonly headers?: Record<string, string>;
      readonly result?: unknown;
    }
  | "cut";

async function open(steps: readonly Step[]) {
  const asked: string[] = [];
  server = createServer((request, response) => {
    const step = steps[Math.min(asked.length, steps.length - 1)]!;
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    request.resume();
    if (step === "cut") return void request.socket.destroy();
    const { status, code, headers = {}, result = "done" } = step;
    const body = {
      success: status < 400,
      result,
      errors: code === undefined ? [] : [{ code, message: `code ${code}` }],
      messages: [],
    };
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  });
  await new Promise<void>((done) => server!.listen(0, "127.0.0.1", done));
  const clock = virtualClock();
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/client/v4`;
  return { asked, clock, client: createClient({ endpoint, account: "acc", token: "tok" }, { clock }) };
}

const read = { operation: "getThing", method: "GET", path: "/thing" } as const;
const make = { operation: "makeThing", method: "POST", path: "/things", json: {}, isNotRepeatable: true } as const;

test("asks with the token, below the account, and gives the result", async () => {
  const { client, asked } = await open([{ status: 200, result: { a: 1 } }]);
  expect(await client.call(read)).toEqual({ a: 1 });
  await client.call({ ...read, path: "~/zones" });
  expect(asked).toEqual(["GET /client/v4/accounts/acc/thing Bearer tok", "GET /client/v4/zones Bearer tok"]);
});

test.each<[string, readonly Step[]]>([
  ["a failure of its own", [{ status: 500, code: 10013 }, { status: 200 }]],
  ["a broken connection", ["cut", { status: 200 }]],
  ["a change under way", [{ status: 409, code: 10035 }, { status: 200 }]],
])("sends again after %s", async (_, steps) => {
  const { client, asked } = await open(steps);
  expect(await client.call(read)).toBe("done");
  expect(asked).toHaveLength(2);
});

test.each<[string, Step]>([
  ["a failure of its own", { status: 500, code: 10013 }],
  ["a broken connection", "cut"],
])("does not send again what would make a twin, after %s", async (_, step) => {
  const { client, asked } = await open([step]);
  await expect(client.call(make)).rejects.toThrow();
  expect(asked).toHaveLength(1);
});

test("looks first before it makes something again", async () => {
  const { client, asked } = await open(["cut", { status: 200, result: "found" }]);
  const made = await idempotentCreate(
    client,
    () => client.call<string>(read),
    () => client.call<string>(make),
  );
  expect([made, asked.length]).toEqual(["found", 2]);
});

test("what was refused for being too many waits as long as it is told", async () => {
  const { client, asked, clock } = await open([
    { status: 429, code: 971, headers: { "retry-after": "300" } },
    { status: 200 },
  ]);
  const start = clock.now();
  expect(await client.call(make)).toBe("done");
  expect([asked.length, clock.now() - start]).toEqual([2, 300_000]);
});

test("a refusal is final, and tells its code and what to do", async () => {
  const { client, asked } = await open([{ status: 403, code: 10037 }]);
  const error: unknown = await client.call(read).catch((refusal: unknown) => refusal);
  expect(asked).toHaveLength(1);
  expect(error).toBeInstanceOf(CloudflareError);
  const told = toUserError(error, "Cloudflare");
  expect(told).toBeInstanceOf(UserError);
  expect(told).toMatchObject({
    code: "CLOUD_REFUSED",
    message: "Cloudflare refused: code 10037 [10037]",
    fix: expect.stringContaining("plan"),
  });
});

test("a connection that is refused for good is told of, not tried for ever", async () => {
  const { client, asked, clock } = await open([{ status: 200 }]);
  await new Promise((done) => server!.close(done));
  const start = clock.now();
  const error: unknown = await client.call(read).catch((refusal: unknown) => refusal);
  expect(toUserError(error, "Cloudflare")).toMatchObject({ code: "CLOUD_UNREACHABLE" });
  expect([asked.length, clock.now() - start]).toEqual([0, 3_750]);
});

test("a file that is missing is no connection that broke", () => {
  const missing = Object.assign(new Error("no such file"), { code: "ENOENT" });
  expect([isConnectionError(missing), toUserError(missing, "Cloudflare")]).toEqual([false, missing]);
});

test("keeps to 1,200 calls in five minutes", async () => {
  const { client, clock } = await open([{ status: 200 }]);
  const start = clock.now();
  // A hundred at once, which a listener's backlog holds: a connection that is refused would be tried again, later.
  for (let made = 0; made < 1200; made += 100) await Promise.all(Array.from({ length: 100 }, () => client.call(read)));
  const before = clock.now() - start;
  await client.call(read);
  expect([before, clock.now() - start]).toEqual([0, 300_000]);
});
