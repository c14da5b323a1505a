/** The reference app's guestbook, as visitors use it, with its job in the night after. */
import { expect, test } from "vitest";
import { testApp } from "portico/testing";

test("an entry is shown, counted by the job of the next night, and deleted by who wrote it alone", async () => {
  await using app = await testApp();
  const [ada, bob] = [app.client(), app.client()];
  const post = (body: Record<string, string>) => ({ method: "POST", body: new URLSearchParams(body) });
  app.clock.set("2030-01-01T23:59Z");
  for (const [visitor, name] of [
    [ada, "Ada"],
    [bob, "Bob"],
  ] as const)
    expect((await visitor.fetch("/signup", post({ name, password: "a good password" }))).status).toBe(303);
  expect((await ada.fetch("/guestbook", post({ name: "Ada", text: "Hello!" }))).status).toBe(303);
  app.clock.set("2030-01-02T00:00Z");
  expect(await app.jobs.run("digest")).toMatchObject([{ job: "digest", outcome: "done" }]);
  expect(await (await bob.fetch("/guestbook")).text()).toContain("1 entry by 1 person");

  const [, key = ""] = /name="key" value="([^"]+)"/.exec(await (await ada.fetch("/guestbook")).text()) ?? [];
  expect((await bob.fetch("/guestbook/delete", post({ key }))).status).toBe(403);
  expect((await ada.fetch("/guestbook/delete", post({ key }))).status).toBe(303);
  expect(await (await ada.fetch("/guestbook")).text()).toContain("No entries yet");
});
