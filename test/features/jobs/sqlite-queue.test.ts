/** The queue's file on Node: claims, several connections, and files that it refuses. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { openSqliteQueue } from "../../../framework/features/jobs/sqlite-queue.ts";
import { dataFolder } from "./data-folder.ts";

it("gives each message to one claim, and again when the claims are given up", () => {
  const data = dataFolder();
  const [one, other] = [openSqliteQueue(data), openSqliteQueue(data)];
  for (const body of ["a", "b", "c"]) one.send(`{"job":"${body}"}`, 10);
  one.send(`{"job":"later"}`, 20);
  expect(other.claim(9, 5)).toEqual([]);
  const first = one.claim(10, 2);
  expect(first.map(({ attempt }) => attempt)).toEqual([1, 1]);
  const second = other.claim(10, 2);
  expect(new Set([...first, ...second].map(({ body }) => body))).toEqual(
    new Set([`{"job":"a"}`, `{"job":"b"}`, `{"job":"c"}`]),
  );
  expect(one.claim(10, 2)).toEqual([]);
  expect(one.nextVisible()).toBe(20);
  expect(one.counts().map(({ waiting, running }) => [waiting, running])).toEqual([
    [0, 1],
    [0, 1],
    [0, 1],
    [1, 0],
  ]);
  other.releaseClaims();
  expect(one.claim(10, 5).map(({ attempt }) => attempt)).toEqual([2, 2, 2]);
  one.close();
  other.close();
});

it("hides a message until its retry, and begins anew with one that takes its place", () => {
  const queue = openSqliteQueue(":memory:");
  queue.send("{}", 0);
  const { row } = queue.claim(0, 1)[0]!;
  queue.retry(row, 5);
  expect(queue.claim(4, 1)).toEqual([]);
  expect(queue.claim(5, 1)).toEqual([{ row, body: "{}", attempt: 2 }]);
  queue.replace(row, `{"waits":1}`, 300);
  expect(queue.claim(300, 1)).toEqual([{ row, body: `{"waits":1}`, attempt: 1 }]);
  queue.remove(row);
  expect(queue.counts()).toEqual([]);
});

it("remembers the last minute with its messages", () => {
  const queue = openSqliteQueue(":memory:");
  expect(queue.lastTick()).toBeUndefined();
  queue.tick(["{}"], 60_000);
  queue.tick([], 120_000);
  expect(queue.lastTick()).toBe(120_000);
  expect(queue.claim(60_000, 5).length).toBe(1);
});

it("refuses the file of a newer Portico", () => {
  const data = dataFolder();
  openSqliteQueue(data).close();
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const database = new DatabaseSync(join(data, "jobs.sqlite"));
  database.exec("PRAGMA user_version=2");
  database.close();
  expect(() => openSqliteQueue(data)).toThrow(expect.objectContaining({ code: "JOB_SCHEMA" }));
});
