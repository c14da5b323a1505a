/** Tests that the adapters of the lightweight classes give the same requests and results as those of the platform's. */
// @module-tag isolated
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LightHeaders } from "../../framework/web-classes/headers.ts";
import { LightRequest } from "../../framework/web-classes/request.ts";
import { LightResponse } from "../../framework/web-classes/response.ts";
import { createFunction } from "../../framework/runtime/route-function.ts";
import { type HttpApiEvent, openHttpApi, toHttpApi, openFunctionUrl } from "../../framework/runtime/http-api.ts";
import {
  openLightHttpApi,
  openLightFunctionUrl,
  writeLightResponse,
} from "../../framework/runtime/light-web-classes.ts";
import { type ResponseStream, writeResponse } from "../../framework/runtime/lambda-stream.ts";

const platform = { Headers, Request, Response };

beforeEach(() => {
  vi.stubGlobal("Headers", LightHeaders);
  vi.stubGlobal("Request", LightRequest);
  vi.stubGlobal("Response", LightResponse);
});
afterEach(() => vi.unstubAllGlobals());

/** On the platform's classes. */
function onPlatform<Value>(run: () => Value): Value {
  for (const [name, value] of Object.entries(platform)) vi.stubGlobal(name, value);
  const value = run();
  vi.stubGlobal("Headers", LightHeaders);
  vi.stubGlobal("Request", LightRequest);
  vi.stubGlobal("Response", LightResponse);
  return value;
}

const event = (changes: Partial<HttpApiEvent> & { readonly method?: string } = {}): HttpApiEvent => ({
  rawPath: "/a",
  rawQueryString: "",
  headers: { host: "a.test", "x-forwarded-proto": "https" },
  ...changes,
  requestContext: {
    domainName: "own.test",
    stage: "$default",
    http: { method: changes.method ?? "GET", sourceIp: "192.0.2.1" },
  },
});

const tell = async (request: Request): Promise<unknown> => ({
  url: request.url,
  method: request.method,
  headers: [...request.headers],
  body: [...new Uint8Array(await request.arrayBuffer())],
});
const told = async (run: () => readonly [Request, ...unknown[]]): Promise<unknown> => {
  try {
    return await tell(run()[0]);
  } catch (error) {
    return (error as Error).name;
  }
};

const path = fc
  .array(
    fc.constantFrom(
      "a",
      "나",
      "%",
      "%2F",
      ".",
      "..",
      " ",
      "?",
      "#",
      "//",
      "\\",
      "'",
      "\ud800",
      "a.b",
      ":",
      "@",
      "{",
      "|",
    ),
    {
      maxLength: 6,
    },
  )
  .map((parts) => `/${parts.join("/")}`);
const query = fc
  .array(fc.constantFrom("a=1", "&", "%20", "+", "'", '"', "<", "한", "#", "?", "/..", "`", "|"), { maxLength: 5 })
  .map((parts) => parts.join(""));
const host = fc.constantFrom(
  "a.test",
  "A.TEST",
  "a.test:443",
  "a.test:8080",
  "1.2.3.4",
  "1.2",
  "xn--a",
  "evil.test/",
  "a@b",
  "[::1]",
  "a..b",
  "",
  "-a",
  "a_b.test",
  "a.1",
  "a.test:99999",
);
const header = fc.dictionary(
  fc.constantFrom("a", "b", "content-type", "set-cookie", "A", "cookie"),
  fc.constantFrom("1", " 2 ", "", "é", "\t", "text/css"),
);

test.each([
  ["HTTP API", openLightHttpApi, openHttpApi],
  ["function URL", openLightFunctionUrl, openFunctionUrl],
] as const)("a request behind an %s is the one that the platform makes", async (_, openLight, openPlain) => {
  await fc.assert(
    fc.asyncProperty(
      path,
      query,
      host,
      header,
      fc.option(fc.array(fc.constantFrom("a=1", "b=2"), { maxLength: 2 }), { nil: undefined }),
      fc.constantFrom("GET", "HEAD", "POST", "put", "PATCH", "TRACE"),
      fc.option(fc.constantFrom("", "text", "한"), { nil: undefined }),
      async (rawPath, rawQueryString, asked, more, cookies, method, body) => {
        const given = event({
          rawPath,
          rawQueryString,
          method,
          headers: { host: asked, "x-forwarded-proto": "https", ...more },
          ...(cookies && { cookies }),
          ...(body !== undefined && { body }),
        });
        const ours = await told(() => openLight(given));
        expect(ours).toEqual(await onPlatform(() => told(() => openPlain(given))));
      },
    ),
    { numRuns: 2000 },
  );
});

describe("headers that no client can send", () => {
  test.each([{ "a b": "1" }, { a: "1\n2" }, { a: "한" }])(
    "are answered 400 when they are asked for: %o",
    async (headers) => {
      const [request] = openLightHttpApi(event({ headers: { host: "a.test", ...headers } }));
      const answer = createFunction((asked) => new Response(asked.headers.get("a")));
      expect((await answer(request, {} as never, {})).status).toBe(400);
      expect(() => onPlatform(() => openHttpApi(event({ headers: { host: "a.test", ...headers } })))).toThrow(
        TypeError,
      );
    },
  );
});

const answers: Readonly<Record<string, () => Response>> = {
  text: () => new Response("hi"),
  "text beyond Latin-1": () => new Response("안녕"),
  "text that is not well-formed": () => new Response("a\ud800b"),
  "text with a byte order mark": () => new Response("\ufeffa"),
  "text with headers": () => new Response("hi", { status: 201, headers: { "X-B": "1", a: "2" } }),
  "text with an encoding": () => new Response("hi", { headers: { "content-encoding": "br" } }),
  "no body": () => new Response(null, { status: 204, headers: { allow: "GET" } }),
  bytes: () => new Response(new Uint8Array([104, 105])),
  "bytes that are no text": () => new Response(new Uint8Array([0, 255])),
  "a form": () => new Response(new URLSearchParams({ a: "한 b" })),
  json: () => Response.json({ a: ["한"] }, { status: 203 }),
  "a blob": () => new Response(new Blob(["b"], { type: "text/css" })),
  "a stream": () => new Response(new Blob(["c"]).stream()),
  "a redirect": () => Response.redirect("https://a.test/", 301),
  cookies: () =>
    new Response("c", {
      headers: [
        ["set-cookie", "a=1"],
        ["Set-Cookie", "b=2"],
        ["x", "1"],
      ],
    }),
  "a header by a name of Object's": () =>
    new Response("p", {
      headers: [
        ["__proto__", "1"],
        ["constructor", "2"],
      ],
    }),
  "a class of its own": () =>
    new (class extends Response {
      override get status(): number {
        return 299;
      }
      override async arrayBuffer(): Promise<ArrayBuffer> {
        return new Uint8Array([111]).buffer;
      }
    })("not read"),
};

test.each(Object.entries(answers))("a result is what reading the response gives: %s", async (_, make) => {
  const [, , toResult] = openLightHttpApi(event());
  const response = make();
  const result = await toResult(response);
  expect(result).toEqual(await toHttpApi(make()));
  expect(result).toEqual(await onPlatform(async () => toHttpApi(make())));
});

/** What a client gets of a stream: the prelude, and the bytes behind it. */
async function streamed(write: typeof writeResponse, response: Response): Promise<readonly unknown[]> {
  const chunks: Uint8Array[] = [];
  const sent: unknown[] = [];
  const stream = {
    write: (chunk: string | Uint8Array) => chunks.push(Buffer.from(chunk as string)) > 0,
    end: () => sent.push(chunks.length > 0, [...Buffer.concat(chunks)]),
  } as unknown as ResponseStream;
  vi.stubGlobal("awslambda", {
    HttpResponseStream: { from: (out: ResponseStream, prelude: object) => (sent.push(prelude), out) },
  });
  await write(response, stream, "request-1");
  return sent;
}

test.each(Object.entries(answers))("what is streamed is what the platform's response gives: %s", async (_, make) => {
  const ours = await streamed(writeLightResponse, make());
  expect(ours).toHaveLength(3);
  expect(ours[1]).toBe(true);
  expect(ours).toEqual(await onPlatform(async () => streamed(writeResponse, make())));
  expect(ours).toEqual(await streamed(writeResponse, make()));
});

test("a response is read once", async () => {
  const [, , toResult] = openLightHttpApi(event());
  const response = new Response("hi");
  await toResult(response);
  expect(response.bodyUsed).toBe(true);
  await expect((async () => toResult(response))()).rejects.toThrow(TypeError);
});

test("on the platform's classes the adapter is the usual one", async () => {
  const [request, address, toResult] = onPlatform(() => openLightHttpApi(event({ cookies: ["a=1", "b=2"] })));
  expect(request).toBeInstanceOf(platform.Request);
  expect([request.headers.get("cookie"), address]).toEqual(["a=1; b=2", "192.0.2.1"]);
  expect(await onPlatform(async () => toResult(new platform.Response("hi")))).toMatchObject({
    statusCode: 200,
    body: "hi",
  });
});
