/** Events of an HTTP API, compared with events that AWS sent on 10 July 2026. */
import { describe, expect, it } from "vitest";
import { toEvent } from "../../../framework/emulation/http-api/event.ts";
import { apiPath } from "../../../framework/emulation/http-api/routing.ts";
import { maxBody, refusedByApi } from "../../../framework/emulation/http-api/limits.ts";
import type { HttpHeaders, HttpRequest } from "../../../framework/model/http-message.ts";
import { openHttpApi } from "../../../framework/runtime/http-api.ts";

function wire(target: string, headers: HttpHeaders = [], body: string | Uint8Array = "", method = "GET"): HttpRequest {
  return {
    method,
    target,
    headers: [["Host", "abc.execute-api.us-east-1.amazonaws.com"], ...headers],
    body: Buffer.from(body as string),
    clientAddress: "203.0.113.9",
    scheme: "https",
    port: 443,
  };
}

const to = { routeKey: "$default", pathParameters: {}, requestId: "ATfSmjLgPHcESJw=" };
const api = { apiId: "abc", accountId: "111122223333" };
const event = (...request: Parameters<typeof wire>): ReturnType<typeof toEvent> => toEvent(wire(...request), to, api);

describe("toEvent()", () => {
  it("equals the event that AWS sends for a plain GET", () => {
    const request = wire("/users/7?x=1", [
      ["Accept", "*/*"],
      ["User-Agent", "curl/8"],
      ["Cookie", "a=1"],
      ["X-Amzn-Trace-Id", "Root=1-6a5145a9-1bae89e2512ec92d5d9438a0"],
    ]);
    const destination = { routeKey: "GET /users/{id}", pathParameters: { id: "7" }, requestId: "ATfSmjLgPHcESJw=" };
    expect(toEvent(request, destination, api, new Date(1783711145766))).toEqual({
      version: "2.0",
      routeKey: "GET /users/{id}",
      rawPath: "/users/7",
      rawQueryString: "x=1",
      cookies: ["a=1"],
      headers: {
        accept: "*/*",
        "content-length": "0",
        host: "abc.execute-api.us-east-1.amazonaws.com",
        "user-agent": "curl/8",
        "x-amzn-trace-id": "Root=1-6a5145a9-1bae89e2512ec92d5d9438a0",
        "x-forwarded-for": "203.0.113.9",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
      },
      queryStringParameters: { x: "1" },
      pathParameters: { id: "7" },
      requestContext: {
        accountId: "111122223333",
        apiId: "abc",
        domainName: "abc.execute-api.us-east-1.amazonaws.com",
        domainPrefix: "abc",
        http: { method: "GET", path: "/users/7", protocol: "HTTP/1.1", sourceIp: "203.0.113.9", userAgent: "curl/8" },
        requestId: "ATfSmjLgPHcESJw=",
        routeKey: "GET /users/{id}",
        stage: "$default",
        time: "10/Jul/2026:19:19:05 +0000",
        timeEpoch: 1783711145766,
      },
      isBase64Encoded: false,
    });
  });

  it("decodes the path, keeps the raw query and decodes its parameters, as a captured event has them", () => {
    const query =
      "repeat=one&repeat=two&redirect=https%3A%2F%2Fexample.com%2Fa%2Fb&literalPlus=a+b&encodedPlus=a%2Bb&empty=";
    const made = event(
      `/capture/space%20value?${query}`,
      [
        ["Cookie", "a=1; b=2"],
        ["Cookie", "c=3"],
        ["X-R", "first"],
        ["x-r", "second"],
      ],
      "",
      "POST",
    );
    expect(made).toMatchObject({
      rawPath: "/capture/space value",
      rawQueryString: query,
      cookies: ["a=1", "b=2", "c=3"],
      requestContext: { http: { path: "/capture/space value" } },
    });
    expect(made.headers["x-r"]).toBe("first,second");
    expect(made.headers).not.toHaveProperty("cookie");
    expect(made.queryStringParameters).toEqual({
      repeat: "one,two",
      redirect: "https://example.com/a/b",
      literalPlus: "a b",
      encodedPlus: "a+b",
      empty: "",
    });
  });

  it("omits keys without a value", () => {
    expect(Object.keys(event("/"))).toEqual([
      "version",
      "routeKey",
      "rawPath",
      "rawQueryString",
      "headers",
      "requestContext",
      "isBase64Encoded",
    ]);
    expect(event("/?").rawQueryString).toBe("");
  });

  it("keeps names such as __proto__ of headers and query parameters as plain keys", () => {
    const made = event("/?__proto__=1&constructor=2", [["__proto__", "3"]]);
    expect(Object.entries(made.queryStringParameters ?? {})).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
    ]);
    expect(Object.keys(made.headers)).toContain("__proto__");
  });

  it.each([
    ["text/plain", true],
    ["text/html; charset=utf-8", true],
    ["application/json", true],
    ["Application/JSON;charset=UTF-8", true],
    ["application/xml", true],
    ["application/javascript", true],
    ["application/x-www-form-urlencoded", false],
    ["multipart/form-data; boundary=x", false],
    ["application/octet-stream", false],
    ["application/vnd.api+json", false],
    ["image/svg+xml", false],
    [undefined, false],
  ])("a body of type %s is text: %s", (type, isText) => {
    const made = event("/", type === undefined ? [] : [["Content-Type", type]], "안녕", "POST");
    expect(made).toMatchObject({
      body: isText ? "안녕" : Buffer.from("안녕").toString("base64"),
      isBase64Encoded: !isText,
    });
    expect(made.headers["content-length"]).toBe("6");
  });

  it("keeps the bytes of text that is not UTF-8", () => {
    const made = event("/", [["content-type", "text/plain"]], new Uint8Array([0xff, 0xfe]), "POST");
    expect(made).toMatchObject({ body: "//4=", isBase64Encoded: true });
  });

  it("sets the client address, whatever X-Forwarded-For says", () => {
    const { headers } = event("/", [
      ["X-Forwarded-For", "1.1.1.1"],
      ["X-Forwarded-Proto", "gopher"],
      ["X-Forwarded-Port", "1"],
      ["Content-Length", "9"],
    ]);
    expect(headers).toMatchObject({
      "x-forwarded-for": "1.1.1.1, 203.0.113.9",
      "x-forwarded-proto": "https",
      "x-forwarded-port": "443",
      "content-length": "0",
    });
    expect(headers["x-amzn-trace-id"]).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
  });

  it("is converted back to the same request by the runtime", async () => {
    const [request] = openHttpApi(
      event(
        "/hello/%EB%82%98%EC%9D%98%20%EB%B9%84?q=%41+b",
        [
          ["Cookie", "a=1; b=2"],
          ["content-type", "image/png"],
        ],
        new Uint8Array([0, 255]),
        "PUT",
      ),
    );
    expect(request.url).toBe(
      "https://abc.execute-api.us-east-1.amazonaws.com/hello/%EB%82%98%EC%9D%98%20%EB%B9%84?q=%41+b",
    );
    expect([request.method, request.headers.get("cookie")]).toEqual(["PUT", "a=1; b=2"]);
    expect(new Uint8Array(await request.arrayBuffer())).toEqual(new Uint8Array([0, 255]));
  });
});

describe("the HTTP API", () => {
  it.each(["/%", "/%zz", "/a%2", "/%ff", "/%C3%28", "/100%25", "/%25zz"])("refuses the malformed path %s", (target) => {
    expect(apiPath(target)).toBeUndefined();
    const refused = refusedByApi(wire(target), "id");
    expect([refused?.status, refused?.headers, Buffer.from(refused?.body as Uint8Array).toString()]).toEqual([
      400,
      [
        ["content-type", "application/json"],
        ["apigw-requestid", "id"],
      ],
      `{"message":"Bad Request"}`,
    ]);
    expect(() => event(target)).toThrow(URIError);
  });

  // As captured at a live API (hotsock/voker, vokerhttp/testdata/ingress-paths.json).
  it.each([
    ["/capture/plain", "/capture/plain"],
    ["/capture/space%20value", "/capture/space value"],
    ["/capture/question%3Fvalue", "/capture/question"],
    ["/capture/percent%25done", undefined],
    ["/capture/hash%23value", "/capture/hash#value"],
    ["/capture/slash%2Fvalue", "/capture/slash/value"],
    ["/capture/unicode-%CE%BB-%E4%B8%96%E7%95%8C", "/capture/unicode-λ-世界"],
    ["/capture/literal%252Fvalue", "/capture/literal/value"],
    ["/capture/literal%253Fvalue", "/capture/literal?value"],
    ["/capture/literal%2525value", "/capture/literal%value"],
  ])("decodes the path %s as a live API does", (sent, seen) => {
    expect(apiPath(sent)).toBe(seen);
    const refused = refusedByApi(wire(sent), "id");
    expect(refused?.status).toBe(seen === undefined ? 400 : undefined);
    if (seen !== undefined)
      expect(event(`${sent}?value=a%3Fb%25c`)).toMatchObject({ rawPath: seen, rawQueryString: "value=a%3Fb%25c" });
  });

  it("does not check the query", () => {
    expect(apiPath("/a?%")).toBe("/a");
    expect(refusedByApi(wire("/a?%"), "id")).toBeUndefined();
  });

  it("limits the sizes of body and head exactly", () => {
    expect(refusedByApi(wire("/", [], new Uint8Array(maxBody)), "id")).toBeUndefined();
    expect(refusedByApi(wire("/", [], new Uint8Array(maxBody + 1)), "id")?.status).toBe(413);
    const head = "GET / HTTP/1.1\r\nHost: abc.execute-api.us-east-1.amazonaws.com\r\nX: \r\n".length;
    expect(refusedByApi(wire("/", [["X", "x".repeat(10_240 - head)]]), "id")).toBeUndefined();
    expect(refusedByApi(wire("/", [["X", "x".repeat(10_241 - head)]]), "id")?.status).toBe(431);
  });
});
