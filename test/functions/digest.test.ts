/** The reference app's job "digest", and the page that shows what it kept. */
import { expect, test } from "vitest";
import { createCall, invoke } from "../../framework/node/testing.ts";
import digest from "../../functions/_jobs/digest.ts";
import { addEntry, listEntries } from "../../functions/_lib/entries.ts";
import { dataFolder } from "../features/jobs/data-folder.ts";
import * as guestbook from "../../functions/guestbook/[[...path]].tsx";

const callOf = () =>
  createCall({
    env: { SESSION_KEYS: "a-key-of-sessions-with-32-characters" } as never,
    platform: { name: "node", data: dataFolder() },
  });

test("the digest counts the entries of the day before, and the guestbook shows it", async () => {
  const call = callOf();
  const midnight = new Date("2025-11-29T00:00Z");
  const hour = 3_600_000;
  for (const [name, hours] of [
    ["Ada", -25],
    ["Ada", -24],
    ["Ada", -1],
    ["Bob", -1],
    ["Eve", 0],
  ] as const)
    await addEntry(call, { name, text: "hello", time: midnight.getTime() + hours * hour });
  const context = { ...call, id: "1", attempt: 1, signal: new AbortController().signal, var: {} };
  await digest(null, { ...context, scheduled: midnight });
  const show = async (): Promise<string> => (await invoke(guestbook, "/guestbook", { call })).text();
  expect(await show()).toMatch(/3 entries by 2 people in the day before <time datetime="2025-11-29T00:00:00.000Z">/);
  // By hand, when nothing is new.
  await digest(null, { ...context, scheduled: undefined });
  expect(await show()).toContain("0 entries by 0 people");
});

test("entries come in pages, the newest first", async () => {
  const call = callOf();
  for (let index = 0; index < 41; index += 1)
    await addEntry(call, { name: "Ada", text: String(index), time: 1000 + index });
  const first = await listEntries(call);
  const second = await listEntries(call, first.next);
  const third = await listEntries(call, second.next);
  const texts = [first, second, third].map(({ entries }) => entries.map(({ text }) => Number(text)));
  expect(texts.flat()).toEqual(Array.from({ length: 41 }, (_, index) => 40 - index));
  expect(texts.map(({ length }) => length)).toEqual([20, 20, 1]);
  expect(third.next).toBeUndefined();
});
