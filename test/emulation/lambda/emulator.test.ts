/** Requests through the complete Lambda emulation: event, environment, result. */
import { afterEach, describe, expect, it } from "vitest";
import type { Emulator } from "../../../framework/emulation/emulator.ts";
import { createLambdaEmulator } from "../../../framework/emulation/lambda/emulator.ts";
import type { HttpRequest } from "../../../framework/model/http-message.ts";
import { until } from "../../until.ts";
import { alive, functionOf } from "./harness.ts";
import { patient } from "./patient.ts";

let emulator: Emulator | undefined;
afterEach(() => emulator?.close());
const open = (): Emulator => (emulator = createLambdaEmulator({ ...patient, onLog: () => {} }));

const request = (target: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  target,
  headers: [["host", "localhost:3000"]],
  body: new Uint8Array(),
  clientAddress: "127.0.0.1",
  scheme: "http",
  port: 3000,
  ...more,
});
const to = {
  routeKey: "ANY /hello/{name}",
  pathParameters: { name: "나" },
  requestId: "5e0c0c4e-0000-4000-8000-000000000001",
};
const text = (body: unknown): string => Buffer.from(body as Uint8Array).toString();

const echo = `export const handler = async (event, context) => {
  if (event.queryStringParameters?.fail) throw new Error("secret");
  return { statusCode: 201, headers: { "content-type": "text/plain" }, cookies: ["a=1", "b=2"],
  body: [event.pathParameters.name, event.rawPath, context.awsRequestId, context.invokedFunctionArn].join(" ") };
};`;

describe("createLambdaEmulator()", () => {
  it("responds with the function's result", async () => {
    const { response, cold, failure } = await open().invoke(functionOf(echo), request("/hello/%EB%82%98"), to);
    expect([response.status, cold, failure]).toEqual([201, true, undefined]);
    expect(response.headers).toEqual([
      ["content-type", "text/plain"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
      ["apigw-requestid", to.requestId],
    ]);
    expect(text(response.body)).toBe(
      `나 /hello/나 ${to.requestId} arn:aws:lambda:us-east-1:000000000000:function:hello:$LATEST`,
    );
  });

  it("reports an exception in the failure, not in the response", async () => {
    const { response, failure } = await open().invoke(functionOf(echo), request("/hello/x?fail=1"), to);
    expect([response.status, text(response.body), failure?.message]).toEqual([
      500,
      `{"message":"Internal Server Error"}`,
      "secret",
    ]);
  });

  it("responds 503 to a timeout", async () => {
    const slow = functionOf(`export const handler = () => new Promise((done) => setTimeout(done, 60000));`, {
      timeout: 1,
    });
    const { response, failure } = await open().invoke(slow, request("/"), to);
    expect([response.status, text(response.body), failure?.name]).toEqual([
      503,
      `{"message":"Service Unavailable"}`,
      "Sandbox.Timedout",
    ]);
  });

  it("responds 503 over the limit of concurrent events, and 500 to a result over 6 MB", async () => {
    emulator = createLambdaEmulator({ ...patient, onLog: () => {}, maxConcurrency: 1 });
    const fn = functionOf(
      `export const handler = async ({ rawPath }) => { await new Promise((done) => setTimeout(done, 150));
        return "x".repeat(rawPath === "/large" ? 6_400_000 : 1); };`,
    );
    const running = emulator;
    const answers = await Promise.all([1, 2, 3].map(() => running.invoke(fn, request("/"), to)));
    expect(answers.map(({ response }) => response.status)).toEqual([200, 503, 503]);
    expect(text(answers[1]!.response.body)).toBe(`{"message":"Service Unavailable"}`);
    const { response, failure } = await running.invoke(fn, request("/large"), to);
    expect([response.status, failure?.name]).toEqual([500, "Function.ResponseSizeTooLarge"]);
  });

  it("refuses requests over the limits of the HTTP API or Lambda before the function runs", async () => {
    const never = functionOf(`throw new Error("ran")`);
    const status = async (sent: HttpRequest): Promise<number> => {
      const { response, failure } = await open().invoke(never, sent, to);
      expect(failure).toBeUndefined();
      return response.status;
    };
    expect(await status(request("/%zz"))).toBe(400);
    expect(await status(request("/", { body: new Uint8Array(10 * 1024 * 1024 + 1) }))).toBe(413);
    // Under the API's 10 MB; over Lambda's 6 MB once it is base64.
    expect(await status(request("/", { method: "POST", body: new Uint8Array(5_000_000) }))).toBe(413);
  });

  it("ends the environments of a function that is retired", async () => {
    const running = open();
    const fn = functionOf(`export const handler = async () => ({ statusCode: 200, body: String(process.pid) });`);
    const { response } = await running.invoke(fn, request("/"), to);
    running.retire("hello");
    await until(() => !alive(Number(text(response.body))));
    expect((await running.invoke(fn, request("/"), to)).cold).toBe(true);
  });
});
