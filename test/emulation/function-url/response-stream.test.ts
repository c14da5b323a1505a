/** Streamed responses of a function URL: preludes in any pieces, back-pressure, cancellation, the bandwidth limit. */
import { expect, it } from "vitest";
import { createBandwidthLimit } from "../../../framework/emulation/function-url/bandwidth-limit.ts";
import { UrlStream } from "../../../framework/emulation/function-url/response-stream.ts";

const type = "application/vnd.awslambda.http-integration-response";
const instant = async (): Promise<void> => {};
const open = (): UrlStream => {
  const stream = new UrlStream(instant);
  stream.begin({ type, cold: false });
  return stream;
};
const answer = (prelude: object | string, body: string): Buffer =>
  Buffer.concat([
    Buffer.from(typeof prelude === "string" ? prelude : JSON.stringify(prelude)),
    Buffer.alloc(8),
    Buffer.from(body),
  ]);

it.each([1, 2, 7, 8, 9, 1000])("reads a response in pieces of %i bytes", async (size) => {
  const stream = open();
  const bytes = answer(
    {
      statusCode: 201,
      headers: { "X-A": "b\u00e9", connection: "close", "Content-Length": "32" },
      cookies: ["c=1", "d=2"],
    },
    "안녕\0\0\0\0\0\0\0\0!",
  );
  const written = (async () => {
    for (let at = 0; at < bytes.length; at += size) await stream.write(bytes.subarray(at, at + size));
    stream.end();
  })();
  const head = (await stream.head)!;
  expect(head).toMatchObject({
    status: 201,
    headers: [
      ["x-a", "b\u00e9"],
      ["content-type", "application/octet-stream"],
      ["x-amzn-remapped-content-length", "32"],
      ["set-cookie", "c=1"],
      ["set-cookie", "d=2"],
    ],
  });
  expect(await new Response(head.body).text()).toBe("안녕\0\0\0\0\0\0\0\0!");
  await written;
});

it("reads a stream without a prelude as a body with the stream's content type", async () => {
  const stream = new UrlStream(instant);
  stream.begin({ type: "text/plain", cold: true });
  const written = stream.write(Buffer.from("x"));
  const head = (await stream.head)!;
  expect(head).toMatchObject({ status: 200, headers: [["content-type", "text/plain"]], cold: true });
  const text = new Response(head.body).text();
  await written;
  stream.end();
  expect(await text).toBe("x");
});

it.each([
  ["no JSON", "{"],
  ["an informational status", { statusCode: 101 }],
  ["a status that is a text", { statusCode: "200" }],
  ["a header that is a list", { statusCode: 200, headers: { a: ["b"] } }],
  ["a header that would break out", { statusCode: 200, headers: { a: "b\r\nc: d" } }],
  ["a cookie that is none", { statusCode: 200, cookies: "a=1" }],
])("has no head when the prelude is %s, and drops what follows", async (_, prelude) => {
  const stream = open();
  await stream.write(answer(prelude, "body"));
  expect(await stream.head).toBeUndefined();
  await stream.write(Buffer.from("more"));
  stream.end();
  expect(stream.begun).toBe(true);
});

it("has no head when it ends within the prelude, or when the prelude is too long", async () => {
  const cut = open();
  await cut.write(Buffer.from(`{"statusCode":200}`));
  cut.end();
  expect(await cut.head).toBeUndefined();
  const endless = open();
  for (let count = 0; count < 17; count++) await endless.write(Buffer.alloc(65_536, " "));
  expect(await endless.head).toBeUndefined();
});

it("is an empty response without a write", async () => {
  const stream = open();
  stream.end();
  const head = (await stream.head)!;
  expect([head.status, await new Response(head.body).text()]).toEqual([200, ""]);
});

it("accepts bytes only as fast as its reader reads them", async () => {
  const stream = open();
  await stream.write(answer({ statusCode: 200 }, ""));
  const reader = (await stream.head)!.body.getReader();
  let taken = 0;
  const writing = (async () => {
    for (let count = 0; count < 4; count++) await stream.write(Buffer.from(String(count))).then(() => taken++);
    stream.end();
  })();
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  for (let count = 0; count < 4; count++) {
    await turns();
    expect(taken).toBe(count);
    expect(Buffer.from((await reader.read()).value!).toString()).toBe(String(count));
  }
  expect((await reader.read()).done).toBe(true);
  await writing;
});

it("continues to accept bytes after its reader has cancelled", async () => {
  const stream = open();
  await stream.write(answer({ statusCode: 200 }, ""));
  const { body } = (await stream.head)!;
  const first = stream.write(Buffer.from("never read"));
  await body.cancel();
  await first;
  for (let count = 0; count < 100; count++) await stream.write(Buffer.alloc(1000));
  stream.end();
});

it("fails for its reader where the function fails", async () => {
  const stream = open();
  await stream.write(answer({ statusCode: 200 }, ""));
  const reader = (await stream.head)!.body.getReader();
  const first = stream.write(Buffer.from("a"));
  expect(Buffer.from((await reader.read()).value!).toString()).toBe("a");
  await first;
  stream.end(new Error("midway"));
  await expect(reader.read()).rejects.toThrow("midway");
});

it("sends 6 MB at once and 2 MB in each second after them", async () => {
  let now = 0;
  const waits: number[] = [];
  const pace = createBandwidthLimit({
    now: () => now,
    wait: async (milliseconds) => {
      waits.push(milliseconds);
      now += milliseconds;
    },
  });
  const mega = 1024 ** 2;
  for (let count = 0; count < 6; count++) await pace(mega);
  expect(waits).toEqual([]);
  for (let count = 0; count < 4; count++) await pace(mega);
  expect(waits).toEqual([500, 500, 500, 500]);
  // A function that is slower than that waits for its own bytes alone.
  now += 10_000;
  await pace(mega);
  expect(waits).toHaveLength(5);
  expect(now).toBe(12_500);
});
