/** Tests of counting bytes: every way a stream can end calls back once. */
import { expect, test } from "vitest";
import { countBytes } from "../../framework/http/count-bytes.ts";
import type { HttpResponse } from "../../framework/model/http-message.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function count(body: HttpResponse["body"], method = "GET", status = 200): { response: HttpResponse; told: number[] } {
  const told: number[] = [];
  return { response: countBytes({ status, headers: [], body }, method, (size) => told.push(size)), told };
}

const reader = ({ body }: HttpResponse): ReadableStreamDefaultReader<Uint8Array> =>
  (body as ReadableStream<Uint8Array>).getReader();

test("a body in memory is counted at once, and as 0 if it is not sent", () => {
  expect(count(bytes("four")).told).toEqual([4]);
  expect(count(bytes("four"), "HEAD").told).toEqual([0]);
  expect(count(bytes("four"), "GET", 304).told).toEqual([0]);
});

test("a stream is counted at its end, and its chunks stay the same", async () => {
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

test("a stream is read no faster than its consumer reads", async () => {
  let pulls = 0;
  const source = new ReadableStream<Uint8Array>(
    { pull: (controller) => controller.enqueue(bytes(String(pulls++))) },
    { highWaterMark: 0 },
  );
  const read = reader(count(source).response);
  expect(pulls).toBe(0);
  await read.read();
  expect(pulls).toBe(1);
});

test("a cancel during a read calls back once and reaches the source", async () => {
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

test("an error calls back and is passed on", async () => {
  const { response, told } = count(new ReadableStream<Uint8Array>({ pull: () => Promise.reject(new Error("broken")) }));
  await expect(reader(response).read()).rejects.toThrow("broken");
  expect(told).toEqual([0]);
});
