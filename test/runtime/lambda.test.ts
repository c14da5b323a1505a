/** Tests of the Lambda adapter with events that AWS sends, and with malformed ones. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { lightFetch } from "../../framework/web-classes/fetch.ts";
import type { HttpRequest } from "../../framework/model/http-message.ts";
import type { Fetch } from "../../framework/runtime/route-function.ts";
import type { Call } from "../../framework/runtime/handler.ts";
import { type HttpEvent, type HttpResult, toLambda } from "../../framework/runtime/lambda.ts";
import { eventSources } from "./event-sources.ts";

const golden = (name: string): HttpEvent =>
  JSON.parse(readFileSync(new URL(`../fixtures/lambda/${name}.json`, import.meta.url), "utf8")) as HttpEvent;

const context = { awsRequestId: "request-1", getRemainingTimeInMillis: () => 3000 };
const call = (fetch: Fetch, event: unknown): Promise<HttpResult> => toLambda(fetch)(event as HttpEvent, context);

/** What the function sees; undefined where the adapter answered 400 by itself. */
async function opened(
  event: unknown,
): Promise<{ readonly request: Request; readonly body: string; readonly call: Call } | undefined> {
  let seen: Awaited<ReturnType<typeof opened>>;
  const result = await call(async (request, own) => {
    seen = { request, body: await request.text(), call: own };
    return new Response();
  }, event);
  expect(result.statusCode).toBe(seen ? 200 : 400);
  return seen;
}

const query = [
  ["repeat", "one"],
  ["repeat", "two"],
  ["redirect", "https://example.com/a/b"],
  ["literalPlus", "a b"],
  ["encodedPlus", "a+b"],
  ["empty", ""],
];

it.each(["http-api", "function-url", "rest-api", "load-balancer-multi", "load-balancer-single"])(
  "%s: what fetch gave goes on as it was decoded, without its encoding and the length of before",
  async (source) => {
    const upstream = createServer((_, out) =>
      out.writeHead(200, { "content-encoding": "gzip", "x-a": "1" }).end(gzipSync("from upstream")),
    );
    await new Promise<void>((listening) => upstream.listen(0, "127.0.0.1", listening));
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    try {
      for (const send of [fetch, lightFetch as unknown as typeof fetch]) {
        const result = await call(() => send(url), golden(source));
        expect(result).toMatchObject({ statusCode: 200, body: "from upstream", isBase64Encoded: false });
        const { headers = {}, multiValueHeaders = {} } = result as { headers?: object; multiValueHeaders?: object };
        expect(Object.keys({ ...headers, ...multiValueHeaders })).toEqual([
          "connection",
          "date",
          "keep-alive",
          "transfer-encoding",
          "x-a",
        ]);
      }
    } finally {
      upstream.closeAllConnections();
      upstream.close();
    }
  },
);

it.each([[[]], [null], [undefined]])("cookies %j are none, and make no header", async (cookies) => {
  const event = golden("http-api") as { cookies?: unknown };
  expect((await opened({ ...event, cookies }))?.request.headers.has("cookie")).toBe(false);
});

it("background work may be any thenable, or nothing", async () => {
  const done: string[] = [];
  // oxlint-disable-next-line unicorn/no-thenable -- as query builders are
  const work = { then: (resume: () => void) => (done.push("work"), resume()) };
  const result = await call(
    (_, own) => (own.waitUntil(work as never), own.waitUntil(undefined as never), new Response("ok")),
    golden("http-api"),
  );
  expect([result.body, done]).toEqual(["ok", ["work"]]);
});

describe("an event that AWS sent", () => {
  it.each([
    ["http-api", "https://abc.execute-api.us-east-1.amazonaws.com", "first,second", query],
    ["function-url", "https://abcdefg.lambda-url.us-east-1.on.aws", "first,second", query],
    ["rest-api", "https://abc.execute-api.us-east-1.amazonaws.com", "first, second", query],
    ["load-balancer-multi", "https://lb.example.com", "first, second", query],
    ["load-balancer-single", "https://lb.example.com", "second", query.slice(1)],
  ])("%s is the client's request", async (name, origin, repeated, pairs) => {
    const { request, body, call: own } = (await opened(golden(name))) ?? {};
    const url = new URL(request?.url ?? "");
    expect([request?.method, url.origin, url.pathname]).toEqual(["POST", origin, "/capture/space%20value"]);
    expect([...url.searchParams]).toEqual(pairs);
    expect(request?.headers.get("cookie")).toBe("session=abc; theme=dark");
    expect(request?.headers.get("x-repeat")).toBe(repeated);
    expect(body).toBe('{"message":"안녕"}');
    expect([own?.clientAddress, own?.requestId, own?.platform.name]).toEqual(["203.0.113.9", "request-1", "lambda"]);
  });

  const pairs = query.map(([key, value], index) => `${key}=${index === 3 ? "a+b" : encodeURIComponent(value ?? "")}`);
  const request: HttpRequest = {
    method: "POST",
    target: `/capture/space%20value?${pairs.join("&")}`,
    headers: [
      ["host", "lb.example.com"],
      ["cookie", "session=abc; theme=dark"],
      ["user-agent", "capture/1"],
      ["x-repeat", "first"],
      ["x-repeat", "second"],
    ],
    body: new Uint8Array(),
    clientAddress: "203.0.113.9",
    scheme: "https",
    port: 443,
  };
  const path = [
    "rawPath",
    "path",
    "rawQueryString",
    "queryStringParameters",
    "multiValueQueryStringParameters",
    "cookies",
  ] as const;
  it.each([
    ["HTTP API", "http-api"],
    ["function URL", "function-url"],
    ["REST API", "rest-api"],
    ["load balancer, multi-value", "load-balancer-multi"],
    ["load balancer, single-value", "load-balancer-single"],
  ])("is what the %s of these tests makes", (source, name) => {
    const made = eventSources.find((one) => one.name === source)?.toEvent(request) as unknown as Record<
      string,
      unknown
    >;
    const sent = golden(name) as unknown as Record<string, unknown>;
    for (const key of path) expect(made[key] ?? null, key).toEqual(sent[key] ?? null);
    const headers = { ...((made["multiValueHeaders"] ?? made["headers"]) as object) };
    expect(Object.fromEntries(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value]))).toMatchObject(
      {
        "x-repeat": { "http-api": "first,second", "function-url": "first,second", "load-balancer-single": "second" }[
          name
        ] ?? ["first", "second"],
      },
    );
  });
});

/** A minimal event of each kind. */
const least: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "HTTP API": {
    rawPath: "/a",
    headers: null,
    requestContext: { domainName: "d.example.com", stage: "$default", http: { method: "GET", sourceIp: "::1" } },
  },
  "function URL": {
    rawPath: "/a",
    headers: null,
    requestContext: {
      domainName: "d.lambda-url.x.on.aws",
      stage: "$default",
      http: { method: "GET", sourceIp: "::1" },
    },
  },
  "REST API": {
    httpMethod: "GET",
    path: "/a",
    headers: null,
    multiValueHeaders: null,
    queryStringParameters: null,
    requestContext: { stage: "live" },
  },
  "load balancer": { httpMethod: "GET", path: "/a", requestContext: { elb: {} } },
};

describe.each(Object.entries(least))("a %s event", (kind, event) => {
  const pathKey = "rawPath" in event ? "rawPath" : "path";
  const with_ = (changes: object): object => ({ ...event, ...changes });

  it("needs no maps and no Host", async () => {
    const seen = await opened(event);
    expect(new URL(seen?.request.url ?? "").pathname).toBe("/a");
    expect([...(seen?.request.headers ?? [])]).toEqual([]);
    expect(seen?.body).toBe("");
  });

  it("may have numbers, nulls, mixed case and any script in its headers", async () => {
    const seen = await opened(
      with_({ headers: { "Content-Length": 5, "X-Null": null, "x-name": "안녕", __proto__: null } }),
    );
    expect(Object.fromEntries(seen?.request.headers ?? [])).toEqual({
      "content-length": "5",
      "x-name": Buffer.from("안녕").toString("latin1"),
    });
  });

  it.each([
    "//evil.example/x",
    "@evil.example/x",
    "/@evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    ":8080/x",
    "",
    ".evil.example",
    "/a b",
    "/?#",
  ])("cannot move the origin by the path %j", async (path) => {
    const seen = await opened(
      with_({ [pathKey]: path, headers: { host: "good.example:8443", "x-forwarded-proto": "https" } }),
    );
    expect(new URL(seen?.request.url ?? "").origin).toBe("https://good.example:8443");
  });

  it.each([
    ...[
      "good.example/evil",
      "evil.example?",
      "a@evil.example",
      "evil.example#",
      "e vil",
      "[",
      "\u0000",
      "a\\b",
      "a:b:c",
    ],
    ...["evil.example:99999999", "evil.example:x", "1.2.3.999", "::"],
  ])("takes the front's own domain for the Host %j", async (host) => {
    const seen = await opened(with_({ headers: { host, "x-forwarded-proto": "https" } }));
    const own = kind === "HTTP API" ? "d.example.com" : kind === "function URL" ? "d.lambda-url.x.on.aws" : "localhost";
    expect(new URL(seen?.request.url ?? "").origin).toBe(`https://${own}`);
  });

  it.each(["xadmin", "https://evil.example/x", "a/b?c"])("has a path that lacks its slash, %j, whole", async (path) => {
    const seen = await opened(with_({ [pathKey]: path }));
    expect(decodeURIComponent(new URL(seen?.request.url ?? "").pathname)).toBe(`/${path}`);
  });

  it.each([
    { [pathKey]: "/\ud800" },
    { headers: { "bad name": "x" } },
    { headers: { a: "x\r\ny: z" } },
    { headers: { a: "\u0000" } },
    { [pathKey]: null },
  ])("is answered 400 with %j", async (changes) => {
    expect(await opened(with_(changes))).toBeUndefined();
  });

  it("is answered 400 with a method that Fetch forbids", async () => {
    for (const method of ["TRACE", "CONNECT", "TRACK", "a b"]) {
      const context_ = event["requestContext"] as { http?: object };
      const changes = context_.http
        ? { requestContext: { ...context_, http: { ...context_.http, method } } }
        : { httpMethod: method };
      expect(await opened(with_(changes))).toBeUndefined();
    }
  });

  it("keeps bytes that are not UTF-8, and gives a body without a type none", async () => {
    const bytes = [0, 255, 128, 65];
    const post =
      "http" in (event["requestContext"] as object)
        ? { requestContext: { ...(event["requestContext"] as object), http: { method: "POST", sourceIp: "" } } }
        : { httpMethod: "POST" };
    let seen: number[] = [];
    const take: Fetch = async (request) => {
      seen = [...new Uint8Array(await request.arrayBuffer()), ...(request.headers.has("content-type") ? [-1] : [])];
      return new Response();
    };
    await call(take, with_({ ...post, body: Buffer.from(bytes).toString("base64"), isBase64Encoded: true }));
    expect(seen).toEqual(bytes);
    await call(take, with_({ ...post, body: "é" }));
    expect(seen).toEqual([0xc3, 0xa9]);
  });

  it("drops the body of GET and HEAD", async () => {
    expect((await opened(with_({ body: "x" })))?.body).toBe("");
  });
});

describe("a malformed escape in the path", () => {
  it.each(["function URL", "REST API", "load balancer"])("is 400 behind a %s", async (kind) => {
    const event = least[kind] ?? {};
    expect(await opened({ ...event, ["rawPath" in event ? "rawPath" : "path"]: "/100%" })).toBeUndefined();
  });

  it("is a percent sign behind an HTTP API, which has decoded it", async () => {
    expect((await opened({ ...least["HTTP API"], rawPath: "/100%" }))?.request.url).toBe(
      "https://d.example.com/100%25",
    );
  });
});

it.each([
  [{ rawPath: "/a", headers: { "X-A": "1" } }, "GET https://localhost/a"],
  [{ rawPath: "/a", routeKey: "POST /a", rawQueryString: "b=1", body: "x" }, "POST https://localhost/a?b=1"],
  [{ rawPath: "/a", routeKey: "ANY /a", requestContext: null }, "GET https://localhost/a"],
  [
    { rawPath: "/a", routeKey: "$default", requestContext: { domainName: "d.example.com" } },
    "GET https://d.example.com/a",
  ],
  [{ httpMethod: "PUT", path: "/a", body: "x" }, "PUT https://localhost/a"],
  [{ version: "1.0", httpMethod: "GET", path: "/a", requestContext: {} }, "GET https://localhost/a"],
  [{ httpMethod: "GET", path: "xadmin", headers: { host: "a.example" } }, "GET https://a.example/xadmin"],
])("the app is asked what %j says, which has no whole requestContext", async (event, asked) => {
  const seen = await opened(event);
  expect(`${seen?.request.method} ${seen?.request.url}`).toBe(asked);
  expect(seen?.call.clientAddress).toBeUndefined();
});

it.each([null, {}, { Records: [] }, { requestContext: { connectionId: "a" } }, "text"])(
  "answers 400 to %j, which is no HTTP request",
  async (event) => {
    expect(await opened(event)).toBeUndefined();
  },
);

describe("a named stage", () => {
  const at = (rawPath: string, stage = "c12"): object => ({
    ...least["HTTP API"],
    rawPath,
    requestContext: { domainName: "d", stage, http: { method: "GET", sourceIp: "" } },
  });
  it.each([
    ["/c12/a", "/a"],
    ["/c12", "/"],
    ["/c12/", "/"],
    ["/c123/a", "/c123/a"],
    ["/a", "/a"],
    ["/c12@evil.example/", "/c12@evil.example/"],
  ])("is taken off %s", async (rawPath, expected) => {
    const url = new URL((await opened(at(rawPath)))?.request.url ?? "");
    expect([url.host, url.pathname]).toEqual(["d", expected]);
  });

  it("is not taken off the path of the default one", async () => {
    expect((await opened(at("/$default/a", "$default")))?.request.url).toBe("https://d/$default/a");
  });
});

describe("a load balancer's client", () => {
  it.each([
    ["192.0.2.1, 203.0.113.9", "203.0.113.9"],
    ["203.0.113.9:51234", "203.0.113.9"],
    ["evil, 2001:db8::1", "2001:db8::1"],
    ["[2001:db8::1]:443", "2001:db8::1"],
  ])("is the last of %s", async (via, expected) => {
    const seen = await opened({ ...least["load balancer"], headers: { "x-forwarded-for": via } });
    expect(seen?.call.clientAddress).toBe(expected);
  });
});

describe("a result", () => {
  const two = (): Response => {
    const response = new Response("hi");
    response.headers.append("set-cookie", "a=1; Path=/");
    response.headers.append("set-cookie", "b=2");
    return response;
  };
  const body = { body: "hi", isBase64Encoded: false };

  it("has its cookies where its event source expects them", async () => {
    const type = "text/plain;charset=UTF-8";
    const cookies = ["a=1; Path=/", "b=2"];
    expect(await call(two, golden("http-api"))).toEqual({
      statusCode: 200,
      headers: { "content-type": type },
      cookies,
      ...body,
    });
    expect(await call(two, golden("function-url"))).toEqual({
      statusCode: 200,
      headers: { "content-type": type },
      cookies,
      ...body,
    });
    const lists = { "content-type": [type], "set-cookie": cookies };
    expect(await call(two, golden("rest-api"))).toEqual({ statusCode: 200, multiValueHeaders: lists, ...body });
    expect(await call(two, golden("load-balancer-multi"))).toEqual({
      statusCode: 200,
      multiValueHeaders: lists,
      ...body,
    });
    expect(await call(two, golden("load-balancer-single"))).toEqual({
      statusCode: 200,
      headers: { "content-type": type, "set-cookie": cookies[0], "Set-cookie": cookies[1] },
      ...body,
    });
  });

  it("is base64 only if it must be", async () => {
    const encoded = async (sent: BodyInit, headers: HeadersInit = {}): Promise<boolean | undefined> =>
      (await call(() => new Response(sent, { headers }), golden("http-api"))).isBase64Encoded;
    expect(await encoded("안녕\u0000")).toBe(false);
    expect(await encoded(new Uint8Array([0xef, 0xbb, 0xbf, 65]))).toBe(false);
    expect(await encoded(new Uint8Array([0xff]))).toBe(true);
    expect(await encoded("plain", { "content-encoding": "gzip" })).toBe(true);
  });

  it("of an app that throws is a failed invocation", async () => {
    const boom: Fetch = () => {
      throw new Error("secret");
    };
    await expect(call(boom, golden("http-api"))).rejects.toThrow("secret");
  });

  it("comes from a Hono app's fetch too", async () => {
    const app = new Hono().get("/a", (c) => c.json({ q: c.req.query("q") }));
    const result = await toLambda(app.fetch)(
      { ...least["load balancer"], queryStringParameters: { q: "1" } } as unknown as HttpEvent,
      context,
    );
    expect(JSON.parse((result as { body: string }).body)).toEqual({ q: "1" });
  });
});

describe("waitUntil", () => {
  it("delays a buffered answer until the work is done, and logs what is rejected", async () => {
    const done: string[] = [];
    const result = await call((_, { waitUntil }) => {
      waitUntil(new Promise<void>((resolve) => setImmediate(() => resolve(void done.push("late")))));
      waitUntil(Promise.reject(new Error("logged")));
      return new Response("hi");
    }, golden("http-api"));
    expect([done, (result as { body: string }).body]).toEqual([["late"], "hi"]);
  });

  it("waits no longer than until one second before the timeout", async () => {
    const short = { awsRequestId: "r", getRemainingTimeInMillis: () => 1010 };
    const handler = toLambda((_, { waitUntil }) => {
      waitUntil(new Promise(() => {}));
      return new Response("hi");
    });
    expect(await handler(golden("http-api"), short)).toMatchObject({ statusCode: 200, body: "hi" });
  });
});
