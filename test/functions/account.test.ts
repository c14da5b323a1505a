/** The reference app's accounts: sign-ups one after another in a browser, too many of them, and deletion. */
import { expect, test } from "vitest";
import { rateLimit } from "portico/store";
import { testApp } from "portico/testing";
import { createAccount, deleteAccount, hasAccount } from "../../functions/_lib/accounts.ts";

const form = (name: string) => ({
  method: "POST",
  body: new URLSearchParams({ name, password: "a good password" }),
});

test("who signs up in a browser that another user is signed in with is welcomed", async () => {
  await using app = await testApp();
  const browser = app.client();
  for (const name of ["Ada", "Bob"]) {
    expect((await browser.fetch("/signup", form(name))).headers.get("location")).toBe("/account");
    expect(await (await browser.fetch("/account")).text()).toContain(`Welcome, ${name}.`);
  }
});

test("too many sign-ups are refused with the form, and with when to try again", async () => {
  await using app = await testApp();
  // Limits of one name share their counts.
  const limited = rateLimit({ name: "signup", limit: 60, window: 3600 });
  const request = new Request("http://localhost/signup");
  for (let count = 0; count < 60; count++) expect(await limited(request, { ...app.context, var: {} })).toBeUndefined();
  const refused = await app.client().fetch("/signup", form("Ada"));
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(3000);
  expect(refused.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(await refused.text()).toMatch(/Too many accounts were made here\..*value="Ada"/s);
});

test("a deletion leaves the account of another that has the name by now", async () => {
  await using app = await testApp();
  const first = await createAccount(app.context, "Joan", "a good password");
  await deleteAccount(app.context, first!);
  const later = await createAccount(app.context, "joan", "another password");
  await deleteAccount(app.context, first!);
  expect([await hasAccount(app.context, first!), await hasAccount(app.context, later!)]).toEqual([false, true]);
  await deleteAccount(app.context, later!);
  expect(await hasAccount(app.context, later!)).toBe(false);
});
