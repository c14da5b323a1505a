/** Requests through the emulation of a function URL: events, environments, streamed responses. */
// @module-tag isolated
import { once } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { invokeThroughUrl, type UrlOptions } from "../../../framework/emulation/function-url/invocation.ts";
import type { Listener } from "../../../framework/http/loopback-server.ts";
import { listen } from "../../../framework/http/loopback-server.ts";
import type { Invocation, LoadedFunction } from "../../../framework/model/invocation.ts";
import type { HttpRequest } from "../../../framework/model/http-message.ts";
import { ricClient } from "../lambda/client/ric.ts";
import { functionOf, start } from "../lambda/harness.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const requestId = "5e0c0c4e-0000-4000-8000-000000000001";
const call = { requestId, arn: "arn:aws:lambda:us-east-1:000000000000:function:hello:live" };
const url = { urlId: "abc", region: "us-east-1" };
const request = (target = "/", more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  target,
  headers: [["host", "localhost:3000"]],
  body: new Uint8Array(),
  clientAddress: "127.0.0.1",
  scheme: "http",
  port: 3000,
  ...more,
});
const streaming = (body: string): string =>
  `export const handler = awslambda.streamifyResponse(async (event, stream, context) => { ${body} });`;
const from = `const out = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { "x-a": "b" },
  cookies: ["c=1"] });`;
const instant = async (): Promise<void> => {};
const ask = (
  fn: LoadedFunction,
  message = request(),
  options: Partial<UrlOptions> = {},
  runtime = start().runtime,
): Promise<Invocation> =>
  invokeThroughUrl(runtime, fn, message, url, call, { mode: "RESPONSE_STREAM", bandwidthLimit: instant, ...options });
const text = ({ response }: Invocation): Promise<string> => new Response(response.body as BodyInit).text();

/** A server that holds each request until `open` answers it; `requested` resolves with the next request's path. */
async function createGate(): Promise<{ at: string; requested: () => Promise<string>; open: () => void }> {
  const paths: string[] = [];
  let notify = (): void => {};
  const answers: (() => void)[] = [];
  const server = createServer((message, out) => {
    paths.push(message.url ?? "");
    answers.push(() => out.end("open"));
    notify();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return {
    at: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requested: async () => {
      while (paths.length === 0) await new Promise<void>((resolve) => (notify = resolve));
      return paths.shift()!;
    },
    open: () => answers.shift()!(),
  };
}

/** A server whose every request goes through the URL of a function. */
async function serve(
  fn: LoadedFunction,
  client?: readonly string[],
): Promise<Listener & { invocations: Invocation[] }> {
  // One environment, for which the next request waits.
  const { runtime } = start({ maxEnvironments: 1, ...(client && { client }) });
  const invocations: Invocation[] = [];
  const listener = await listen({
    port: 0,
    handle: async (message) => {
      const invocation = await ask(fn, message, {}, runtime);
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
    `${from} out.write("first"); await (await fetch("${at}/between")).text(); out.write(" second"); out.end();
      await (await fetch("${at}/after")).text();`,
  );

describe.each([
  ["our client", undefined],
  ["AWS's own client", ricClient],
])("a streamed response under %s", (_, client) => {
  it("delivers its first bytes before the function has written the last", async () => {
    const { at, requested, open: release } = await createGate();
    const { url: origin } = await serve(functionOf(inTwo(at)), client);
    const incoming = await open(`${origin}/`);
    expect([incoming.statusCode, incoming.headers["x-a"], incoming.headers["set-cookie"]]).toEqual([201, "b", ["c=1"]]);
    expect(incoming.headers).toMatchObject({ "transfer-encoding": "chunked", "x-amzn-requestid": requestId });
    const parts = incoming[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
    const next = async (): Promise<string | undefined> => (await parts.next()).value?.toString();
    expect(await next()).toBe("first");
    // Only now is the function let on.
    expect(await requested()).toBe("/between");
    release();
    expect(await next()).toBe(" second");
    expect(await next()).toBeUndefined();
    // What it does after its answer is no reader's business.
    expect(await requested()).toBe("/after");
    release();
  });

  it("continues to its end when the client disconnects, and the environment serves the next request", async () => {
    const { at, requested, open: release } = await createGate();
    const { url: origin, invocations } = await serve(functionOf(inTwo(at)), client);
    const incoming = await open(`${origin}/`);
    expect(await requested()).toBe("/between");
    incoming.destroy();
    release();
    expect(await requested()).toBe("/after");
    release();
    const next = await open(`${origin}/`);
    expect(await requested()).toBe("/between");
    release();
    next.resume();
    expect(await requested()).toBe("/after");
    release();
    expect(invocations.map(({ cold }) => cold)).toEqual([true, false]);
  });

  it("is cut where the function fails, and the environment serves the next request", async () => {
    const fn = functionOf(
      `let calls = 0; ${streaming(`${from} out.write("part"); if (calls++ === 0) { await null;
        throw new RangeError("midway"); } out.end();`)}`,
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
  it("responds 502 to a failure before the response, without the cause", async () => {
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
  ])("responds 502 to %s", async (_, code, name) => {
    const answer = await ask(functionOf(code));
    expect([answer.response.status, await text(answer), answer.failure?.name]).toEqual([
      502,
      "Internal Server Error",
      name,
    ]);
  });

  it("responds 502 to a timeout before the response, and cuts a response at a timeout", async () => {
    const before = await ask(
      functionOf(streaming(`await new Promise((done) => setTimeout(done, 60_000));`), { timeout: 1 }),
    );
    expect([before.response.status, before.failure?.name]).toEqual([502, "Sandbox.Timedout"]);
    const never = streaming(`${from} out.write("part"); await new Promise((done) => setTimeout(done, 60_000));`);
    const within = await ask(functionOf(never, { timeout: 2 }));
    expect(within.response.status).toBe(201);
    await expect(text(within)).rejects.toThrow(/Task timed out/);
  });

  it("returns the failure that the function reported before its response", async () => {
    const fn = functionOf(
      streaming(
        `globalThis.porticoReport(new RangeError("seen"), context.awsRequestId); ${from} out.write("");
          await fetch(event.headers["x-gate"]); out.end();`,
      ),
    );
    const { at, open: release, requested } = await createGate();
    const answer = await ask(fn, request("/", { headers: [["x-gate", at]] }));
    expect([answer.response.status, answer.failure?.message]).toEqual([201, "seen"]);
    await requested();
    release();
    expect(await text(answer)).toBe("");
  });

  it("sends the result of a function that does not stream unchanged", async () => {
    const buffered = functionOf(`export const handler = async () => ({ statusCode: 404, body: "no" });`);
    const answer = await ask(buffered);
    expect([answer.response.status, await text(answer)]).toEqual([200, `{"statusCode":404,"body":"no"}`]);
    const proper = await ask(buffered, request(), { mode: "BUFFERED" });
    expect([proper.response.status, await text(proper)]).toEqual([404, "no"]);
    expect(proper.response.headers).toContainEqual(["x-amzn-requestid", requestId]);
  });

  it("in mode BUFFERED refuses a stream as a malformed result", async () => {
    const answer = await ask(functionOf(streaming(`${from} out.write("x"); out.end();`)), request(), {
      mode: "BUFFERED",
    });
    expect([answer.response.status, await text(answer)]).toEqual([502, "Internal Server Error"]);
  });

  it("responds 413 to an event of over 6 MB", async () => {
    const fn = functionOf(streaming(`${from} out.write(String(Buffer.from(event.body, "base64").length)); out.end();`));
    const post = (bytes: number): HttpRequest => request("/", { method: "POST", body: Buffer.alloc(bytes) });
    const { runtime } = start();
    expect((await ask(fn, post(4_718_592), {}, runtime)).response.status).toBe(413);
    expect(await text(await ask(fn, post(4_700_000), {}, runtime))).toBe("4700000");
  });

  it("streams more than 6 MB, and cuts a response at 200 MB", async () => {
    const fn = functionOf(
      streaming(
        `${from} const { once } = await import("node:events"); const part = Buffer.alloc(1024 ** 2);
          for (let left = Number(event.rawPath.slice(1)); left > 0;
          left--) if (!out.write(part)) await once(out, "drain"); out.end();`,
      ),
      { timeout: 300 },
    );
    const { runtime } = start();
    const size = async (megabytes: number): Promise<number> => {
      const { response } = await ask(fn, request(`/${megabytes}`), {}, runtime);
      let bytes = 0;
      for await (const part of response.body as ReadableStream<Uint8Array>) bytes += part.byteLength;
      return bytes / 1024 ** 2;
    };
    expect(await size(20)).toBe(20);
    await expect(size(201)).rejects.toThrow(
      "Response payload size exceeded maximum allowed payload size (209715200 bytes).",
    );
    expect(await size(1)).toBe(1);
  });

  it("responds 429 over the limit of concurrent events", async () => {
    const { at, requested, open: release } = await createGate();
    const fn = functionOf(inTwo(at));
    const { runtime } = start({ maxConcurrency: 1 });
    const first = ask(fn, request(), {}, runtime);
    await requested();
    const second = await ask(fn, request(), {}, runtime);
    expect([second.response.status, JSON.parse(await text(second))]).toEqual([
      429,
      expect.objectContaining({ message: "Rate Exceeded." }),
    ]);
    release();
    expect(await text(await first)).toBe("first second");
    await requested();
    release();
    onTestFinished(() => runtime.close());
  });
});
