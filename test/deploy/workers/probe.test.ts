/** The probe of a candidate's functions: what is repeated, what is asked alone, what is reported. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { probe } from "../../../deploy/workers/probe.ts";
import { virtualClock } from "../virtual-clock.ts";

const ref = "0f2c1d6e-0000-4000-8000-000000000001";
const functions = Array.from({ length: 20 }, (_, at) => ({
  id: `f${at}`,
  pattern: `/f${at}`,
  file: `functions/f${at}.ts`,
}));

/**
 * Gives the candidate, and the ids of every question. @param answer failures by id, or undefined for an answer of
 * something else
 */
async function open(answer: (ids: readonly string[], at: number) => Readonly<Record<string, string>> | undefined) {
  const asked: (readonly string[])[] = [];
  const server = createServer(({ headers }, response) => {
    const ids = String(headers["portico-start"] ?? "")
      .split(",")
      .filter(Boolean);
    const failures = answer(ids, asked.push(ids));
    if (!failures) return void response.writeHead(503).end("error code: 1102");
    response
      .writeHead(200, { "content-type": "application/json", "portico-version": ref })
      .end(JSON.stringify(failures));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return {
    candidate: { number: 3, hash: "", ref, url: `http://127.0.0.1:${port}`, headers: { "portico-version": ref } },
    asked,
  };
}

test("asks eight at a time, once", async () => {
  const { candidate, asked } = await open(() => ({}));
  await probe(virtualClock(), candidate, functions);
  expect(asked.map(({ length }) => length)).toEqual([8, 8, 4]);
  await probe(virtualClock(), candidate, []);
  expect(asked.at(-1)).toEqual([]);
});

test("waits for the version alone, then starts its functions", async () => {
  const { candidate, asked } = await open((_, at) => (at > 4 ? {} : undefined));
  await probe(virtualClock(), candidate, functions.slice(0, 2));
  expect(asked).toEqual([["f0", "f1"], [], [], [], [], ["f0", "f1"]]);
});

test("a function that nothing answers for is found among those of its request; the others pass", async () => {
  const { candidate } = await open((ids) => (ids.includes("f9") ? undefined : {}));
  await expect(probe(virtualClock(), candidate, functions)).rejects.toMatchObject({
    code: "PROBE_FAILED",
    message: expect.stringMatching(
      /^a route of release 3 did not start: \/f9 \(functions\/f9\.ts\): .*: status 503 of another version$/,
    ),
    at: [{ file: "functions/f9.ts" }],
  });
});

test("functions that are too much for one request together are well", async () => {
  const { candidate } = await open((ids) => (ids.length > 1 ? undefined : {}));
  await expect(probe(virtualClock(), candidate, functions)).resolves.toBeUndefined();
});

test("of many that fail five are told of; a version that never answers is told of as that", async () => {
  const all = await open((ids) => Object.fromEntries(ids.map((id) => [id, "Error: no"])));
  await expect(probe(virtualClock(), all.candidate, functions)).rejects.toThrow(
    /^20 routes of release 3 .*\/f4 [^;]*; and 15 more$/,
  );
  const none = await open(() => undefined);
  await expect(probe(virtualClock(), none.candidate, functions)).rejects.toThrow(
    /^release 3 does not answer at .*: status 503 of another version$/,
  );
});

test("a connection that ends without an answer is told with why", async () => {
  const server = createServer(({ socket }) => socket.destroy());
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const candidate = { number: 3, hash: "", ref, url: `http://127.0.0.1:${port}`, headers: {} };
  await expect(probe(virtualClock(), candidate, [])).rejects.toMatchObject({
    code: "PROBE_FAILED",
    message: expect.stringMatching(/: no answer$/),
    cause: { cause: { code: expect.stringMatching(/^(?:UND_ERR_SOCKET|ECONNRESET)$/) } },
  });
});
