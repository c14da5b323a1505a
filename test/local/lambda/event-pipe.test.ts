/** The pipe that events go over: frames cut anywhere in, each answer once and whole out. */
import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { EventPipe } from "../../../framework/local/lambda/event-pipe.ts";
import type { Posted } from "../../../framework/local/lambda/runtime-api.ts";

/** An end whose other end is the test: what is written to it, and a way to let it read. */
function open() {
  const written: Buffer[] = [];
  const told: (Posted | "poll" | "broken")[] = [];
  const duplex = new Duplex({ read() {}, write: (chunk: Buffer, _, done) => (written.push(chunk), done()) });
  const pipe = new EventPipe(duplex, {
    onPoll: () => told.push("poll"),
    onPosted: (posted, said) => told.push({ ...posted, ...said }),
    onBroken: () => told.push("broken"),
  });
  const take = async (bytes: Uint8Array): Promise<void> => {
    duplex.push(bytes);
    await new Promise((read) => setImmediate(read));
  };
  return { pipe, written, told, take };
}

function frame(verb: number, text = "", notes = 0, printed = 0): Buffer {
  const bytes = Buffer.alloc(20 + Buffer.byteLength(text));
  for (const [at, word] of [verb, notes, printed, 1, Buffer.byteLength(text)].entries()) bytes.writeUInt32LE(word, 4 * at);
  bytes.write(text, 20);
  return bytes;
}

const call = { requestId: "r1", arn: "arn:aws:lambda:us-east-1:111122223333:function:f:1" };

describe("EventPipe", () => {
  it("hands an event out with what the Runtime API says of it", async () => {
    const { pipe, written, take } = open();
    expect(pipe.polling).toBe(false);
    await take(frame(0));
    expect(pipe.polling).toBe(true);
    pipe.deliver(Buffer.from(`{"a":"안"}`), call, 1_800_000_000_000);
    const [sent] = written as [Buffer];
    const end = 8 + sent.readUInt32LE(0);
    expect(JSON.parse(sent.toString("utf8", 8, end))).toEqual({
      "lambda-runtime-aws-request-id": "r1",
      "lambda-runtime-deadline-ms": "1800000000000",
      "lambda-runtime-invoked-function-arn": call.arn,
      "lambda-runtime-trace-id": expect.stringMatching(/^Root=1-/),
    });
    expect([sent.readUInt32LE(4), sent.toString("utf8", end)]).toEqual([Buffer.byteLength(`{"a":"안"}`), `{"a":"안"}`]);
    expect(pipe.polling).toBe(false);
  });

  it.each([1, 5, 20, 21, 100])("reads answers that come in parts of %i bytes", async (size) => {
    const { pipe, told, take } = open();
    await take(frame(0));
    for (const [verb, text] of [
      [1, `"한글"`],
      [2, `{"errorType":"E"}`],
      [1, ""],
    ] as const) {
      pipe.deliver(Buffer.from("{}"), call, 0);
      const bytes = frame(verb, text, 3, 5);
      for (let at = 0; at < bytes.length; at += size) await take(bytes.subarray(at, at + size));
    }
    const answer = (kind: string, text: string, printed: number): object => ({
      kind,
      payload: Buffer.from(text),
      notes: 3,
      printed,
      others: true,
    });
    expect(told).toEqual([
      "poll",
      ...[answer("response", `"한글"`, 5), "poll", answer("error", `{"errorType":"E"}`, 10), "poll", answer("response", "", 15), "poll"],
    ]);
  });

  it("says what is more than 6 MB", async () => {
    const { pipe, told, take } = open();
    await take(frame(0));
    pipe.deliver(Buffer.from("{}"), call, 0);
    await take(frame(1, "x".repeat(6_291_557)));
    expect(told).toEqual(["poll", { kind: "too-large", limit: 6_291_556, notes: 0, printed: 0, others: true }, "poll"]);
  });

  it.each([
    ["an answer before the first question", [frame(1, "{}")]],
    ["an answer that nobody waits for", [frame(0), frame(1, "{}")]],
    ["a second question", [frame(0), frame(0)]],
    ["an unknown verb", [frame(7)]],
    ["two frames at once", [Buffer.concat([frame(0), frame(0)])]],
  ])("takes %s for broken, and nothing after it", async (_, frames) => {
    const { told, take } = open();
    for (const bytes of [...frames, frame(0)]) await take(bytes);
    expect(told.filter((word) => word !== "poll")).toEqual(["broken"]);
    expect(told.at(-1)).toBe("broken");
  });
});
