/** Throttling of logins: by account and address, by address, and slower for an account that many try. */
// @module-tag isolated
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Handler, redirect } from "portico";
import { type AttemptLimits, currentUser, login, loginAttempt, type SessionError } from "portico/session";
import { createApp } from "./session-app.ts";

const minute = 60_000;
let looked = 0;
let limits: AttemptLimits = {};

/** A login whose password is the word "right". */
const routes: Readonly<Record<string, Handler>> = {
  "/login": async (request, context) => {
    const [account = "", password = ""] = new URL(request.url).searchParams.values();
    const attempt = await loginAttempt(context, account, limits);
    if (attempt.blocked) return attempt.blocked;
    looked += 1;
    if (password !== "right") return new Response("wrong", { status: 401 });
    return login(context, { id: account.trim().toLowerCase(), name: "n" }, redirect("/"));
  },
  "/who": (_, context) => new Response(String(currentUser(context)?.id)),
};
const app = createApp(routes);

/** An account of the test alone: the store is shared, and time stands still within a window. */
let account = "";
let net = 0;
const address = (host: number): string => `10.${net}.${host >> 8}.${host & 255}`;

beforeEach(() => {
  account = `${crypto.randomUUID()}@example.com`;
  net += 1;
  looked = 0;
  limits = {};
  // The beginning of a window.
  vi.useFakeTimers({ toFake: ["Date"], now: Math.ceil(Date.now() / (15 * minute)) * 15 * minute });
});
afterEach(() => void vi.useRealTimers());

const passes = (milliseconds: number): void => void vi.setSystemTime(Date.now() + milliseconds);

const attempt = (password: string, host = 1, name = account): Promise<Response> =>
  app.browse().visit(`/login?${new URLSearchParams({ name, password })}`, { method: "POST", address: address(host) });

const statuses = async (count: number, ask: (index: number) => Promise<Response>): Promise<Record<number, number>> => {
  const counts: Record<number, number> = {};
  for (let index = 0; index < count; index++) {
    const { status } = await ask(index);
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
};

it("refuses the sixth wrong password of an address for an account, and says when to try again", async () => {
  passes(minute);
  expect(await statuses(6, () => attempt("wrong"))).toEqual({ 401: 5, 429: 1 });
  const refused = await attempt("right");
  expect([refused.status, refused.headers.get("retry-after"), await refused.json()]).toEqual([
    429,
    String(14 * 60),
    { error: "Too many attempts to sign in" },
  ]);
  expect((await attempt("right", 1, ` ${account.toUpperCase()} `)).status).toBe(429);
  // Another account, and another address.
  expect((await attempt("wrong", 1, `x${account}`)).status).toBe(401);
  expect((await attempt("right", 2)).status).toBe(303);
  passes(14 * minute);
  expect((await attempt("right")).status).toBe(303);
});

it("forgives the attempts before a login", async () => {
  for (let round = 0; round < 20; round++) {
    expect(await statuses(4, () => attempt("wrong", round * 2))).toEqual({ 401: 4 });
    expect((await attempt("right", round * 2)).status).toBe(303);
  }
});

it("looks at 5 of 10,000 wrong passwords for one account, and at 50 of one address", async () => {
  expect(await statuses(10_000, () => attempt("wrong"))).toEqual({ 401: 5, 429: 9995 });
  expect(looked).toBe(5);
  looked = 0;
  expect(await statuses(1000, (index) => attempt("wrong", 2, `${index}${account}`))).toEqual({ 401: 50, 429: 950 });
  expect(looked).toBe(50);
});

it("counts the addresses of one IPv6 network as one", async () => {
  const from = (host: string): Promise<Response> =>
    app
      .browse()
      .visit(`/login?name=${account}&password=wrong`, { method: "POST", address: `2001:db8:${net}::${host}` });
  expect(await statuses(6, (index) => from(index.toString(16)))).toEqual({ 401: 5, 429: 1 });
});

it("only slows an account down that many addresses try, and not for an address that its owner has used", async () => {
  expect((await attempt("right", 9999)).status).toBe(303);
  expect(await statuses(2000, (index) => attempt("wrong", index))).toEqual({ 401: 101, 429: 1899 });
  const refused = await attempt("right", 3000);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "10"]);
  expect((await attempt("right", 9999)).status).toBe(303);
  passes(10_000);
  expect((await attempt("right", 3001)).status).toBe(303);
});

it("counts an empty account of an address beside the address itself", async () => {
  expect(await statuses(5, () => attempt("wrong", 1, " "))).toEqual({ 401: 5 });
  expect((await attempt("wrong", 1, "")).status).toBe(429);
  expect(await statuses(45, (index) => attempt("wrong", 1, `${index}${account}`))).toEqual({ 401: 44, 429: 1 });
});

it("an account that has too many attempts in a window as long as the pause has one more in each", async () => {
  limits = { account: 3, window: 10 };
  expect(await statuses(5, (index) => attempt("wrong", index))).toEqual({ 401: 4, 429: 1 });
  passes(10_000);
  expect(await statuses(5, (index) => attempt("wrong", index + 10))).toEqual({ 401: 4, 429: 1 });
});

it("says that it needs a store", async () => {
  const errors = vi.spyOn(console, "error").mockImplementation(() => {});
  const answer = await createApp(routes, { store: undefined as never })
    .browse()
    .visit("/login?a=b");
  expect([answer.status, (errors.mock.lastCall![1] as SessionError).code]).toEqual([500, "SESSION_STORE"]);
  errors.mockRestore();
});
