/** Counting a body without holding it up: each way a stream can end is told once. */
import { expect, test } from "vitest";
import { measured } from "../../framework/local/measured.ts";
import type { WireResponse } from "../../framework/model/wire.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function count(body: WireResponse["body"], method = "GET", status = 200): { response: WireResponse; told: number[] } {
  const told: number[] = [];
  return { response: measured({ status, headers: [], body }, method, (size) => told.push(size)), told };
}

const reader = ({ body }: WireResponse): ReadableStreamDefaultReader<Uint8Array> => (body as ReadableStream<Uint8Array>).getReader();

test("a body in memory is told at once, and not at all where none is sent", () => {
  expect(count(bytes("four")).told).toEqual([4]);
  expect(count(bytes("four"), "HEAD").told).toEqual([0]);
  expect(count(bytes("four"), "GET", 304).told).toEqual([0]);
});

test("a stream is told at its end, chunk for chunk the same", async () => {
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes("one"));
      controller.enqueue(bytes("three"));
      controller.close();
    },
  });
  const { response, told } = count(source);
  const read = reader(response);
  expect([(await read.read()).value, (await read.read()).value, told]).toEqual([bytes("one"), bytes("three"), []]);
  expect((await read.read()).done).toBe(true);
  expect(told).toEqual([8]);
});

test("nothing is read ahead of the reader", async () => {
  let pulls = 0;
  const source = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(bytes(String(pulls++))) }, { highWaterMark: 0 });
  const read = reader(count(source).response);
  expect(pulls).toBe(0);
  await read.read();
  expect(pulls).toBe(1);
});

test("a cancel in the middle of a read is told once and reaches the source", async () => {
  let reason: unknown;
  const source = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(bytes("one")),
    cancel: (given) => void (reason = given),
  });
  const { response, told } = count(source);
  const read = reader(response);
  await read.read();
  const waiting = read.read();
  await read.cancel("left");
  expect([(await waiting).done, reason, told]).toEqual([true, "left", [3]]);
});

test("a failure is told and passed on", async () => {
  const { response, told } = count(new ReadableStream<Uint8Array>({ pull: () => Promise.reject(new Error("broken")) }));
  await expect(reader(response).read()).rejects.toThrow("broken");
  expect(told).toEqual([0]);
});
