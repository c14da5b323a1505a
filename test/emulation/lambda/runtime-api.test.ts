/** The Runtime API over HTTP, compared with an exchange of AWS's own client. */
import { request } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { type PostedResult, RuntimeApi } from "../../../framework/emulation/lambda/runtime-api.ts";
import { raw } from "../../http/raw-client.ts";

let api: RuntimeApi | undefined;
afterEach(() => api?.close());

const posted: PostedResult[] = [];
async function open(): Promise<{ url: string; port: number; polled: Promise<void>; initErrors: string[] }> {
  posted.length = 0;
  const initErrors: string[] = [];
  const polled = Promise.withResolvers<void>();
  api = await RuntimeApi.open();
  api.follow({
    onPoll: () => polled.resolve(),
    onStream: () => Promise.resolve(undefined),
    onPosted: (value) => posted.push(value),
    onInitError: (payload) => initErrors.push(Buffer.from(payload).toString()),
  });
  return {
    url: `http://${api.address}/2018-06-01/runtime`,
    port: Number(api.address.split(":")[1]),
    polled: polled.promise,
    initErrors,
  };
}

const event = Buffer.from(`{"a":1}`);
const call = { requestId: "r1", arn: "arn:aws:lambda:us-east-1:111122223333:function:f:1" };

async function running(): Promise<{ url: string; port: number; next: Response }> {
  const { url, port, polled } = await open();
  const next = fetch(`${url}/invocation/next`);
  await polled;
  api!.deliver(event, call, 1_800_000_000_000);
  return { url, port, next: await next };
}

const post = (url: string, body: string | Uint8Array<ArrayBuffer> = "{}", headers = {}): Promise<Response> =>
  fetch(url, { method: "POST", body, headers });

describe("RuntimeApi", () => {
  it("sends an event with AWS's headers and accepts the result", async () => {
    const { url, next } = await running();
    expect(next.status).toBe(200);
    const headers = Object.fromEntries(
      [...next.headers].filter(([name]) => name.startsWith("lambda-runtime") || name === "content-type"),
    );
    expect(headers).toEqual({
      "content-type": "application/json",
      "lambda-runtime-aws-request-id": "r1",
      "lambda-runtime-deadline-ms": "1800000000000",
      "lambda-runtime-invoked-function-arn": call.arn,
      "lambda-runtime-trace-id": expect.stringMatching(
        /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/,
      ),
    });
    expect(await next.text()).toBe(`{"a":1}`);
    const answer = await post(`${url}/invocation/r1/response`, `"result"`);
    expect([answer.status, await answer.text()]).toEqual([202, `{"status":"OK"}\n`]);
    expect(posted).toEqual([{ kind: "response", payload: Buffer.from(`"result"`) }]);
  });

  it("accepts an error as the result", async () => {
    const { url } = await running();
    expect((await post(`${url}/invocation/r1/error`, `{"errorType":"E"}`)).status).toBe(202);
    expect(posted).toEqual([{ kind: "error", payload: Buffer.from(`{"errorType":"E"}`) }]);
  });

  it("responds 400 to a wrong id, 403 to a wrong state, 404 to an unknown path", async () => {
    const { url } = await running();
    const wrongId = await post(`${url}/invocation/other/response`);
    expect([wrongId.status, await wrongId.json()]).toEqual([
      400,
      { errorMessage: "Invalid request ID", errorType: "InvalidRequestID" },
    ]);
    for (const wrong of [await fetch(`${url}/invocation/next`), await post(`${url}/init/error`)]) {
      expect([wrong.status, await wrong.json()]).toEqual([
        403,
        { errorMessage: "State transition is not allowed", errorType: "InvalidStateTransition" },
      ]);
    }
    expect((await post(`${url}/invocation/r1/response`)).status).toBe(202);
    expect((await post(`${url}/invocation/r1/response`)).status).toBe(403);
    expect((await post(`${url}/invocation/r1/error`)).status).toBe(403);
    expect((await fetch(`${url}/other`)).status).toBe(404);
    expect(posted).toHaveLength(1);
  });

  it("accepts an init error only at init", async () => {
    const { url, initErrors } = await open();
    expect((await post(`${url}/init/error`, "{}")).status).toBe(202);
    expect(initErrors).toEqual(["{}"]);
  });

  it("responds 413 to more than 6 MB", async () => {
    const { url } = await running();
    const answer = await post(`${url}/invocation/r1/response`, new Uint8Array(6_291_557));
    expect([answer.status, ((await answer.json()) as { errorType: string }).errorType]).toEqual([
      413,
      "RequestEntityTooLarge",
    ]);
    expect(posted).toEqual([{ kind: "too-large", limit: 6_291_556 }]);
  });

  it("buffers a streamed result, and reads its error from the trailers", async () => {
    const { port } = await running();
    const failure = Buffer.from(`{"errorType":"E"}`).toString("base64");
    const stream = request({
      host: "127.0.0.1",
      port,
      method: "POST",
      path: "/2018-06-01/runtime/invocation/r1/response",
      headers: {
        "lambda-runtime-function-response-mode": "streaming",
        trailer: "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
      },
    });
    const status = new Promise((done) => stream.on("response", (message) => done(message.resume().statusCode)));
    stream.write("half");
    stream.addTrailers({ "Lambda-Runtime-Function-Error-Type": "E", "Lambda-Runtime-Function-Error-Body": failure });
    stream.end();
    expect(await status).toBe(202);
    expect(posted).toEqual([{ kind: "error", payload: Buffer.from(`{"errorType":"E"}`) }]);
  });

  it("refuses requests of web pages and with foreign host names", async () => {
    const { url, port } = await open();
    expect((await post(`${url}/init/error`, "{}", { origin: "http://evil.com" })).status).toBe(403);
    expect(await raw(port, ["GET /2018-06-01/runtime/invocation/next HTTP/1.1", "Host: evil.com", "", ""])).toMatch(
      /^HTTP\/1.1 403/,
    );
  });
});
