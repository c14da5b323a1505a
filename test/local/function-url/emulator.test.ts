/** Requests through the emulation of a function URL: event, environment, a streamed answer. */
import { once } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { invokeThroughUrl, type UrlOptions } from "../../../framework/local/function-url/invoke.ts";
import type { Listener } from "../../../framework/local/listen.ts";
import { listen } from "../../../framework/local/listen.ts";
import type { Invocation, LoadedFunction } from "../../../framework/model/invocation.ts";
import type { WireRequest } from "../../../framework/model/wire.ts";
import { ricClient } from "../lambda/client/ric.ts";
import { functionOf, start } from "../lambda/harness.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const requestId = "5e0c0c4e-0000-4000-8000-000000000001";
const call = { requestId, arn: "arn:aws:lambda:us-east-1:000000000000:function:hello:live" };
const url = { urlId: "abc", region: "us-east-1" };
const request = (target = "/", more: Partial<WireRequest> = {}): WireRequest => ({
  ...{ method: "GET", target, headers: [["host", "localhost:3000"]], body: new Uint8Array() },
  ...{ clientAddress: "127.0.0.1", scheme: "http", port: 3000 },
  ...more,
});
const streaming = (body: string): string =>
  `export const handler = awslambda.streamifyResponse(async (event, stream, context) => { ${body} });`;
const from = `const out = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { "x-a": "b" }, cookies: ["c=1"] });`;
const instant = async (): Promise<void> => {};
const ask = (fn: LoadedFunction, asked = request(), options: Partial<UrlOptions> = {}, runtime = start().runtime): Promise<Invocation> =>
  invokeThroughUrl(runtime, fn, asked, url, call, { mode: "RESPONSE_STREAM", pace: instant, ...options });
const text = ({ response }: Invocation): Promise<string> => new Response(response.body as BodyInit).text();

/** A door that the function knocks at and waits before; `knocked` resolves with each knock's path. */
async function door(): Promise<{ at: string; knocked: () => Promise<string>; open: () => void }> {
  const knocks: string[] = [];
  let hear = (): void => {};
  const answers: (() => void)[] = [];
  const server = createServer((message, out) => {
    knocks.push(message.url ?? "");
    answers.push(() => out.end("open"));
    hear();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return {
    at: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    knocked: async () => {
      while (knocks.length === 0) await new Promise<void>((heard) => (hear = heard));
      return knocks.shift()!;
    },
    open: () => answers.shift()!(),
  };
}

/** A server whose every request goes through the URL of a function. */
async function serve(fn: LoadedFunction, client?: readonly string[]): Promise<Listener & { invocations: Invocation[] }> {
  // One environment, for which the next request waits.
  const { runtime } = start({ maxEnvironments: 1, ...(client && { client }) });
  const invocations: Invocation[] = [];
  const listener = await listen({
    port: 0,
    handle: async (asked) => {
      const invocation = await ask(fn, asked, {}, runtime);
      invocations.push(invocation);
      return invocation.response;
    },
  });
  closing.push(() => listener.close());
  return { ...listener, invocations };
}

async function open(address: string): Promise<IncomingMessage> {
  const outgoing = get(address, { agent: false });
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  return incoming;
}

const inTwo = (at: string): string =>
  streaming(
    `${from} out.write("first"); await (await fetch("${at}/between")).text(); out.write(" second"); out.end(); await (await fetch("${at}/after")).text();`,
  );

describe.each([
  ["our client", undefined],
  ["AWS's own client", ricClient],
])("an answer that streams, under %s", (_, client) => {
  it("has its first bytes at the reader before the function has written the last", async () => {
    const { at, knocked, open: release } = await door();
    const { url: origin } = await serve(functionOf(inTwo(at)), client);
    const incoming = await open(`${origin}/`);
    expect([incoming.statusCode, incoming.headers["x-a"], incoming.headers["set-cookie"]]).toEqual([201, "b", ["c=1"]]);
    expect(incoming.headers).toMatchObject({ "transfer-encoding": "chunked", "x-amzn-requestid": requestId });
    const parts = incoming[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
    const next = async (): Promise<string | undefined> => (await parts.next()).value?.toString();
    expect(await next()).toBe("first");
    // Only now is the function let on.
    expect(await knocked()).toBe("/between");
    release();
    expect(await next()).toBe(" second");
    expect(await next()).toBeUndefined();
    // What it does after its answer is no reader's business.
    expect(await knocked()).toBe("/after");
    release();
  });

  it("is written to its end when its reader has left, and the environment serves the next", async () => {
    const { at, knocked, open: release } = await door();
    const { url: origin, invocations } = await serve(functionOf(inTwo(at)), client);
    const incoming = await open(`${origin}/`);
    expect(await knocked()).toBe("/between");
    incoming.destroy();
    release();
    expect(await knocked()).toBe("/after");
    release();
    const next = await open(`${origin}/`);
    expect(await knocked()).toBe("/between");
    release();
    next.resume();
    expect(await knocked()).toBe("/after");
    release();
    expect(invocations.map(({ cold }) => cold)).toEqual([true, false]);
  });

  it("is cut where the function fails, and the environment serves the next", async () => {
    const fn = functionOf(
      `let calls = 0; ${streaming(`${from} out.write("part"); if (calls++ === 0) { await null; throw new RangeError("midway"); } out.end();`)}`,
    );
    const { url: origin, invocations } = await serve(fn, client);
    const cut = await open(`${origin}/`);
    cut.resume();
    await expect(once(cut, "end")).rejects.toMatchObject({ code: "ECONNRESET" });
    const whole = await open(`${origin}/`);
    expect(Buffer.concat(await whole.toArray()).toString()).toBe("part");
    expect(invocations.map(({ cold }) => cold)).toEqual([true, false]);
  });
});

describe("a function URL", () => {
  it("answers 502 to a failure before the answer, and nothing of why", async () => {
    const answer = await ask(functionOf(streaming(`throw new TypeError("secret");`)));
    expect([answer.response.status, await text(answer), answer.failure?.message, answer.cold]).toEqual([
      502,
      "Internal Server Error",
      "secret",
      true,
    ]);
  });

  it.each([
    ["an init that fails", `throw new Error("no");`, "Error"],
    ["an exit", streaming(`process.exit(3);`), "Runtime.ExitError"],
    ["a stream without a prelude before its end", streaming(`${from} out.end("x");`), undefined],
  ])("answers 502 to %s", async (_, code, name) => {
    const answer = await ask(functionOf(code));
    expect([answer.response.status, await text(answer), answer.failure?.name]).toEqual([502, "Internal Server Error", name]);
  });

  it("answers 502 to a timeout before the answer, and cuts one in the middle of it", async () => {
    const before = await ask(functionOf(streaming(`await new Promise((done) => setTimeout(done, 60_000));`), { timeout: 1 }));
    expect([before.response.status, before.failure?.name]).toEqual([502, "Sandbox.Timedout"]);
    const never = streaming(`${from} out.write("part"); await new Promise((done) => setTimeout(done, 60_000));`);
    const within = await ask(functionOf(never, { timeout: 1 }));
    expect(within.response.status).toBe(201);
    await expect(text(within)).rejects.toThrow(/Task timed out/);
  });

  it("says what the function reported before it answered, with the answer", async () => {
    const fn = functionOf(
      streaming(
        `globalThis.porticoReport(new RangeError("seen"), context.awsRequestId); ${from} out.write(""); await fetch(event.headers["x-door"]); out.end();`,
      ),
    );
    const { at, open: release, knocked } = await door();
    const answer = await ask(fn, request("/", { headers: [["x-door", at]] }));
    expect([answer.response.status, answer.failure?.message]).toEqual([201, "seen"]);
    await knocked();
    release();
    expect(await text(answer)).toBe("");
  });

  it("hands out what a function that does not stream returned, as it stands", async () => {
    const buffered = functionOf(`export const handler = async () => ({ statusCode: 404, body: "no" });`);
    const answer = await ask(buffered);
    expect([answer.response.status, await text(answer)]).toEqual([200, `{"statusCode":404,"body":"no"}`]);
    const proper = await ask(buffered, request(), { mode: "BUFFERED" });
    expect([proper.response.status, await text(proper)]).toEqual([404, "no"]);
    expect(proper.response.headers).toContainEqual(["x-amzn-requestid", requestId]);
  });

  it("in mode BUFFERED takes a stream for a result, which it is not", async () => {
    const answer = await ask(functionOf(streaming(`${from} out.write("x"); out.end();`)), request(), { mode: "BUFFERED" });
    expect([answer.response.status, await text(answer)]).toEqual([502, "Internal Server Error"]);
  });

  it("answers 413 to what makes an event of over 6 MB, and takes the rest", async () => {
    const fn = functionOf(streaming(`${from} out.write(String(Buffer.from(event.body, "base64").length)); out.end();`));
    const post = (bytes: number): WireRequest => request("/", { method: "POST", body: Buffer.alloc(bytes) });
    const { runtime } = start();
    expect((await ask(fn, post(4_718_592), {}, runtime)).response.status).toBe(413);
    expect(await text(await ask(fn, post(4_700_000), {}, runtime))).toBe("4700000");
  });

  it("streams over 6 MB, and cuts what is over 200 MB", { timeout: 60_000 }, async () => {
    const fn = functionOf(
      streaming(
        `${from} const { once } = await import("node:events"); const part = Buffer.alloc(1024 ** 2); for (let left = Number(event.rawPath.slice(1)); left > 0; left--) if (!out.write(part)) await once(out, "drain"); out.end();`,
      ),
      { timeout: 60 },
    );
    const { runtime } = start();
    const size = async (megabytes: number): Promise<number> => {
      const { response } = await ask(fn, request(`/${megabytes}`), {}, runtime);
      let bytes = 0;
      for await (const part of response.body as ReadableStream<Uint8Array>) bytes += part.byteLength;
      return bytes / 1024 ** 2;
    };
    expect(await size(20)).toBe(20);
    await expect(size(201)).rejects.toThrow("Response payload size exceeded maximum allowed payload size (209715200 bytes).");
    expect(await size(1)).toBe(1);
  });

  it("answers 429 to what is over the limit of events at once", async () => {
    const { at, knocked, open: release } = await door();
    const fn = functionOf(inTwo(at));
    const { runtime } = start({ maxConcurrency: 1 });
    const first = ask(fn, request(), {}, runtime);
    await knocked();
    const second = await ask(fn, request(), {}, runtime);
    expect([second.response.status, JSON.parse(await text(second))]).toEqual([429, expect.objectContaining({ message: "Rate Exceeded." })]);
    release();
    expect(await text(await first)).toBe("first second");
    await knocked();
    release();
    onTestFinished(() => runtime.close());
  });
});
