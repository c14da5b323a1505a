/** The event of a function URL, against one that AWS sent. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { toUrlEvent } from "../../../framework/emulation/function-url/event.ts";
import type { HttpRequest } from "../../../framework/model/http-message.ts";

const golden = JSON.parse(
  readFileSync(new URL("../../fixtures/lambda/function-url.json", import.meta.url), "utf8"),
) as {
  readonly headers: Readonly<Record<string, string>>;
  readonly requestContext: { readonly requestId: string; readonly timeEpoch: number };
};
const url = { urlId: "abcdefg", region: "us-east-1" };
const request: HttpRequest = {
  method: "POST",
  target:
    "/capture/space%20value?repeat=one&repeat=two&redirect=https%3A%2F%2Fexample.com%2Fa%2Fb" +
    "&literalPlus=a+b&encodedPlus=a%2Bb&empty=",
  headers: [
    ["Host", "abcdefg.lambda-url.us-east-1.on.aws"],
    ["User-Agent", "capture/1"],
    ["Content-Type", "application/json"],
    ["Cookie", "session=abc; theme=dark"],
    ["X-Repeat", "first"],
    ["X-Repeat", "second"],
    ["X-Amzn-Trace-Id", "Root=1-6a5145a9-1bae89e2512ec92d5d9438a0"],
  ],
  body: Buffer.from('{"message":"안녕"}'),
  clientAddress: "203.0.113.9",
  scheme: "https",
  port: 443,
};
const event = (changes: Partial<HttpRequest> = {}) =>
  toUrlEvent(
    { ...request, ...changes },
    golden.requestContext.requestId,
    url,
    new Date(golden.requestContext.timeEpoch),
  );

it("equals the event that AWS sent, except for the TLS fields, which a loopback port does not have", () => {
  const { "x-amzn-tls-cipher-suite": _, "x-amzn-tls-version": __, ...headers } = golden.headers;
  const made = event();
  expect(made).toEqual({ ...golden, headers });
  expect(Object.keys(made.headers)).toEqual(Object.keys(headers));
});

it("keeps any path as the client sent it and decodes only http.path", () => {
  for (const [target, path] of [
    ["/a%2Fb/%ec%95%88", "/a/b/안"],
    ["/100%", "/100%"],
    ["/a/../b", "/a/../b"],
    ["//x", "//x"],
  ] as const) {
    expect(event({ target })).toMatchObject({
      rawPath: target,
      rawQueryString: "",
      requestContext: { http: { path } },
    });
  }
});

it("omits empty keys, joins Cookie headers, and encodes bytes as base64", () => {
  const bare = event({ target: "/", headers: [["host", "x"]], body: new Uint8Array() });
  expect(bare).not.toHaveProperty("cookies");
  expect(bare).not.toHaveProperty("queryStringParameters");
  expect(bare).not.toHaveProperty("pathParameters");
  expect(bare).not.toHaveProperty("body");
  expect(bare.headers).not.toHaveProperty("cookie");
  const headers = ["a=1", "b=2; c=3"].map((value) => ["cookie", value] as const);
  expect(event({ headers })).toMatchObject({ cookies: ["a=1", "b=2", "c=3"], headers: { cookie: "a=1; b=2; c=3" } });
  expect(event({ body: Buffer.from([255]) })).toMatchObject({ body: "/w==", isBase64Encoded: true });
});
