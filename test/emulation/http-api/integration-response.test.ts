/** The responses that an HTTP API makes of functions' results. */
import { describe, expect, it } from "vitest";
import { toResponse } from "../../../framework/emulation/http-api/integration-response.ts";
import type { InvocationResult } from "../../../framework/emulation/lambda/invocation.ts";

const answer = (
  payload: string,
  more: Partial<InvocationResult> = {},
): { status: number; headers: unknown; text: string } => {
  const { status, headers, body } = toResponse(
    { payload: Buffer.from(payload), cold: false, durationMs: 1, ...more },
    "id",
  );
  return {
    status,
    headers: headers.filter(([name]) => name !== "apigw-requestid"),
    text: Buffer.from(body as Uint8Array).toString("latin1"),
  };
};
const result = (value: unknown): ReturnType<typeof answer> => answer(JSON.stringify(value));
const json = [["content-type", "application/json"]];
const broken = { status: 500, headers: json, text: `{"message":"Internal Server Error"}` };

describe("toResponse()", () => {
  it.each([`{"a":1}`, `"hi"`, "null", "[1, 2]", "42", "false", `[{"statusCode":201}]`])(
    "infers 200 JSON for %s",
    (payload) => {
      expect(answer(payload)).toEqual({ status: 200, headers: json, text: payload });
    },
  );

  it("uses the result's status, headers, cookies and body", () => {
    expect(
      result({
        statusCode: 201,
        headers: { "Content-Type": "text/html", "X-A": "1, 2" },
        cookies: ["a=1; Path=/", "b=2"],
        body: "hi",
      }),
    ).toEqual({
      status: 201,
      headers: [
        ["content-type", "text/html"],
        ["x-a", "1, 2"],
        ["set-cookie", "a=1; Path=/"],
        ["set-cookie", "b=2"],
      ],
      text: "hi",
    });
  });

  it("decodes base64 where isBase64Encoded is set", () => {
    expect(
      result({ statusCode: 200, body: "AP8=", isBase64Encoded: true, headers: { "content-type": "a/b" } }).text,
    ).toBe("\u0000\u00ff");
    expect(result({ statusCode: 200, body: "AP8=", isBase64Encoded: false }).text).toBe("AP8=");
  });

  it("adds a content type only to a body without one", () => {
    expect(result({ statusCode: 200, body: "x" }).headers).toEqual([["content-type", "text/plain;charset=utf-8"]]);
    expect(result({ statusCode: 204 }).headers).toEqual([]);
    expect(result({ statusCode: 200, headers: null, cookies: null, body: null }).headers).toEqual([]);
  });

  it("drops headers that the API sets itself", () => {
    const headers = {
      Connection: "close",
      "Transfer-Encoding": "chunked",
      "Content-Length": "99",
      Date: "x",
      Server: "x",
      "Keep-Alive": "x",
      "x-a": "1",
      "Apigw-Requestid": "mine",
    };
    expect(result({ statusCode: 204, headers }).headers).toEqual([["x-a", "1"]]);
  });

  it.each([
    { statusCode: "200" },
    { statusCode: 200.5 },
    { statusCode: 100 },
    { statusCode: 600 },
    { statusCode: null },
    { statusCode: 200, body: { a: 1 } },
    { statusCode: 200, body: 1 },
    { statusCode: 200, headers: { a: 1 } },
    { statusCode: 200, headers: { a: ["b"] } },
    { statusCode: 200, headers: { "a b": "c" } },
    { statusCode: 200, headers: { a: "b\r\nc: d" } },
    { statusCode: 200, headers: { a: "한" } },
    { statusCode: 200, headers: [] },
    { statusCode: 200, cookies: "a=1" },
    { statusCode: 200, cookies: [1] },
    { statusCode: 200, cookies: ["a\r\nb"] },
    { statusCode: 200, body: "no base64!", isBase64Encoded: true },
  ])("is 500 for %j", (value) => {
    expect(result(value)).toEqual(broken);
  });

  it("is 500 for invalid JSON and a function error, 503 for a timeout, without the cause", () => {
    expect(answer("{")).toEqual(broken);
    expect(answer("")).toEqual(broken);
    expect(answer(`{"errorMessage":"secret"}`, { functionError: "Unhandled" })).toEqual(broken);
    expect(answer(`{"errorMessage":"x"}`, { functionError: "Unhandled", timedOut: true })).toEqual({
      status: 503,
      headers: json,
      text: `{"message":"Service Unavailable"}`,
    });
  });

  it("always has the request's id", () => {
    for (const payload of [`{"statusCode":200}`, "1", "{"]) {
      expect(toResponse({ payload: Buffer.from(payload), cold: false, durationMs: 1 }, "id").headers).toContainEqual([
        "apigw-requestid",
        "id",
      ]);
    }
  });
});
