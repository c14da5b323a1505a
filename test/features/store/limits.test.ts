/** Tests of rateLimit and idempotent on Node's engine, in handlers and as middleware. */
import { Hono } from "hono";
import { expect, it } from "vitest";
import { idempotent, rateLimit } from "../../../framework/features/store/node.ts";
import { resource } from "../../../framework/features/resource/resource.ts";
import { createCall } from "../../../framework/node/testing.ts";
import type { Context, Handler } from "../../../framework/runtime/handler.ts";

const contextOf = (clientAddress: string | undefined): Context => ({
  ...createCall({ clientAddress }),
  params: {},
  var: {},
});
const context = contextOf("192.0.2.1");

/** A new name for each test, since all share the store of this process. */
const unique = (): string => crypto.randomUUID();

const post = (key: string | undefined, body = "", headers: Readonly<Record<string, string>> = {}): Request =>
  new Request("http://localhost/orders", {
    method: "POST",
    body,
    headers: { ...headers, ...(key !== undefined && { "idempotency-key": key }) },
  });

/** A handler that counts its runs. */
function counted(respond: (run: number) => Response | Promise<Response>): Handler & { runs: number } {
  const handler = Object.assign((): Response | Promise<Response> => respond(++handler.runs), { runs: 0 });
  return handler;
}

it("refuses requests beyond the limit, with the time that is left", async () => {
  const limited = rateLimit({ limit: 2, window: 60, name: unique() });
  const get = new Request("http://localhost/");
  expect([await limited(get, context), await limited(get, context)]).toEqual([undefined, undefined]);
  const refused = (await limited(get, context))!;
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(60);
  expect(await refused.json()).toEqual({ error: "Too Many Requests" });
  expect(await limited(get, contextOf("192.0.2.2"))).toBeUndefined();
});

it.each([
  ["2001:db8::1", "2001:db8:0:0:ffff::2", true],
  ["2001:db8:0:1::1", "2001:db8:0:2::1", false],
  ["1::2:3:4:5:6:7", "1:0:2:3::9", true],
  ["::1", "::ffff:0:2", true],
  ["::ffff:192.0.2.1", "::ffff:192.0.2.2", false],
  [undefined, undefined, true],
])("counts %s and %s as one client: %s", async (first, second, isOne) => {
  const limited = rateLimit({ limit: 1, window: 60, name: unique() });
  const get = new Request("http://localhost/");
  expect(await limited(get, contextOf(first))).toBeUndefined();
  expect((await limited(get, contextOf(second))) !== undefined).toBe(isOne);
});

it("limits by a key of the caller's, as middleware of Hono", async () => {
  const key = (request: Request): string => request.headers.get("x-user") ?? "";
  const app = new Hono().use(rateLimit({ limit: 1, window: 60, key, name: unique() })).get("/", (c) => c.text("in"));
  const ask = async (user: string): Promise<number> =>
    (await app.fetch(new Request("http://localhost/", { headers: { "x-user": user } }), {}, context as never)).status;
  expect([await ask("ann"), await ask("ann"), await ask("ben")]).toEqual([200, 429, 200]);
});

it("gives a repetition the same answer, without another run", async () => {
  const handler = counted((run) => {
    const headers = new Headers({ location: `/orders/${run}` });
    for (const value of ["a=1", "b=2"]) headers.append("set-cookie", value);
    return new Response(new Uint8Array([run, 0, 255]), { status: 201, headers });
  });
  const once = idempotent(handler);
  const key = unique();
  for (const given of [key, key, `"${key}"`]) {
    const response = await once(post(given, "order"), context);
    expect(response.status).toBe(201);
    expect(response.headers.get("location")).toBe("/orders/1");
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(new Uint8Array([1, 0, 255]));
  }
  expect(handler.runs).toBe(1);
  await once(post(undefined), context);
  await once(post(unique(), "order"), context);
  expect(handler.runs).toBe(3);
});

it("answers 409 while the first runs, and 422 to another request with its key", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  const started = Promise.withResolvers<void>();
  const once = idempotent(() => {
    started.resolve();
    return promise;
  });
  const key = unique();
  const first = once(post(key, "a"), context);
  await started.promise;
  expect((await once(post(key, "a"), context)).status).toBe(409);
  resolve(new Response("done"));
  expect(await (await first).text()).toBe("done");
  expect(await (await once(post(key, "a"), context)).text()).toBe("done");
  expect((await once(post(key, "b"), context)).status).toBe(422);
  expect((await once(post(key, "a", { authorization: "Bearer another" }), context)).status).toBe(422);
});

it("keeps a resource one of a Hono app, too", async () => {
  let runs = 0;
  const body = { "~standard": { version: 1, vendor: "a", validate: (value: unknown) => ({ value }) } } as const;
  const create = idempotent(resource({ body }, (input) => ({ run: ++runs, body: input.body })));
  const app = new Hono().post("/orders", create);
  const json = { "content-type": "application/json" };
  const key = unique();
  for (let count = 0; count < 2; count++) {
    const response = await app.request(post(key, "[1]", json), undefined, undefined, createCall() as never);
    expect([response.status, await response.json()]).toEqual([200, { run: 1, body: [1] }]);
  }
  expect((await create(post(key, "[2]", json), context)).status).toBe(422);
});

it("runs again after an error, whether it was thrown or answered", async () => {
  const handler = counted((run) => {
    if (run === 1) throw new Error("first");
    return new Response(null, { status: run === 2 ? 503 : 204 });
  });
  const once = idempotent(handler);
  const key = unique();
  await expect(once(post(key), context)).rejects.toThrow("first");
  expect((await once(post(key), context)).status).toBe(503);
  expect((await once(post(key), context)).status).toBe(204);
  expect((await once(post(key), context)).status).toBe(204);
  expect(handler.runs).toBe(3);
});

it("keeps the keys of scopes apart", async () => {
  const handler = counted((run) => new Response(String(run)));
  const once = idempotent(handler, { scope: (request) => request.headers.get("x-user") ?? "" });
  const key = unique();
  const ask = async (user: string): Promise<string> => (await once(post(key, "", { "x-user": user }), context)).text();
  expect([await ask("ann"), await ask("ben"), await ask("ann")]).toEqual(["1", "2", "1"]);
});

it("refuses a key that is not valid, and where one is required, none", async () => {
  const once = idempotent(() => new Response("ran"), { required: true });
  for (const key of [undefined, "", "a b", '"a', "a".repeat(256)])
    expect((await once(post(key), context)).status).toBe(400);
  expect((await once(post("a".repeat(255)), context)).status).toBe(200);
});

it("answers a first request whose answer is too large to keep, and refuses its repetitions", async () => {
  const handler = counted(() => new Response("x".repeat(300_000)));
  const once = idempotent(handler);
  const key = unique();
  expect((await (await once(post(key), context)).text()).length).toBe(300_000);
  expect((await once(post(key), context)).status).toBe(409);
  expect(handler.runs).toBe(1);
});

it("is middleware of Hono", async () => {
  let runs = 0;
  const app = new Hono().use(idempotent()).post("/orders", (c) => c.json({ run: ++runs }, 201));
  const key = unique();
  const answers = [];
  for (const _ of [1, 2]) {
    const response = await app.fetch(post(key), {}, context as never);
    answers.push([response.status, await response.json()]);
  }
  expect(answers).toEqual([
    [201, { run: 1 }],
    [201, { run: 1 }],
  ]);
});
