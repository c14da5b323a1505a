/** Tests that the lazy Request behaves like the platform's in every use. */
// @module-tag isolated
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterAll, beforeAll, expect, it, test } from "vitest";
import { createRequest, installLazyRequest } from "../../framework/http/lazy-request.ts";

const Platform = globalThis.Request;
installLazyRequest();

const url = "http://app.example/a?b=c";
const headers = { "content-type": "text/plain", "x-a": "1" };
/** The same request from a server's hands and from the platform's own. */
const both = (method: string, body: string | null): readonly Request[] => [
  createRequest({
    method,
    url,
    headers: () => new Headers(headers),
    body: () => body,
    signal: () => new AbortController().signal,
  }),
  new Platform(url, { method, headers, body }),
];

const bytes = async (body: ReadableStream | null): Promise<string | null> =>
  body === null ? null : new Response(body).text();
const asks: readonly (readonly [string, (request: Request) => unknown])[] = [
  ["what it is", ({ method, url, bodyUsed }) => [method, url, bodyUsed]],
  [
    "its settings",
    ({ cache, credentials, destination, integrity, keepalive, mode, redirect, referrer }) => [
      cache,
      credentials,
      destination,
      integrity,
      keepalive,
      mode,
      redirect,
      referrer,
    ],
  ],
  ["headers", (request) => [...request.headers]],
  ["text", (request) => request.text()],
  ["bytes", async (request) => Buffer.from(await request.arrayBuffer()).toString()],
  ["json", (request) => request.json().catch((error: Error) => error.name)],
  ["blob", async (request) => (await request.blob()).type],
  ["formData", (request) => request.formData().catch((error: Error) => error.name)],
  ["body", (request) => bytes(request.body)],
  [
    "read twice",
    async (request) => [
      await request.text(),
      request.bodyUsed,
      await request.text().catch((error: Error) => error.name),
    ],
  ],
  ["clone", async (request) => [await request.clone().text(), await request.text()]],
  [
    "kinds",
    (request) => [
      request instanceof Request,
      request instanceof Platform,
      String(request),
      request.constructor.name,
      request.constructor === Request,
    ],
  ],
  [
    "changed headers are kept by what is made of it",
    (request) => (request.headers.set("x-a", "2"), new Request(request).headers.get("x-a")),
  ],
  ["a new one of it", async (request) => facts(new Request(request))],
  ["a new one with other headers", async (request) => facts(new Request(request, { headers: { "x-b": "2" } }))],
  ["a new one at another URL", (request) => new Request("http://other.example/", request).headers.get("x-a")],
  ["a new one uses it up", async (request) => [await new Request(request).text(), request.bodyUsed]],
  [
    "a class of one's own",
    (request) =>
      new (class Mine extends Request {
        mine = 1;
      })(request).mine,
  ],
];
const facts = async (request: Request): Promise<unknown> => [
  request.method,
  request.url,
  [...request.headers],
  await request.text(),
  request instanceof Request,
];

it.each(asks)("%s", async (_, ask) => {
  for (const [method, body] of [
    ["GET", null],
    ["POST", "text"],
    ["PUT", ""],
  ] as const) {
    const [plain, real] = await Promise.all(both(method, body).map(async (request) => ask(request)));
    expect(plain).toEqual(real);
  }
});

test("parts are made when they are first read, each once", () => {
  const made: string[] = [];
  const note =
    <T>(name: string, value: T) =>
    () => (made.push(name), value);
  const { signal } = new AbortController();
  const request = createRequest({
    method: "POST",
    url,
    headers: note("headers", new Headers()),
    body: note("body", "x"),
    signal: note("signal", signal),
  });
  expect([request.method, request.url, request.bodyUsed, made]).toEqual(["POST", url, false, []]);
  expect(request.signal).toBe(signal);
  expect(request.headers).toBe(request.headers);
  expect([request.body === request.body, request.signal === signal]).toEqual([true, true]);
  expect(made.toSorted()).toEqual(["body", "headers", "signal"]);
});

test("it prints as a Request does", () => {
  const [plain, real] = both("GET", null).map((request) => inspect(request, { depth: 0 }).slice(0, 60));
  expect(plain).toEqual(real);
});

test("new Request makes the platform's own", () => {
  expect(Object.getPrototypeOf(new Request(url))).toBe(Platform.prototype);
  expect(() => new Request("nowhere")).toThrow(TypeError);
  expect(() => (Request as unknown as () => void)()).toThrow(TypeError);
});

let origin = "";
const server = createServer((message, response) => {
  message.setEncoding("utf8");
  let text = "";
  message.on("data", (part: string) => (text += part));
  message.on("end", () => response.end(JSON.stringify([message.method, message.headers["x-a"], text])));
});
beforeAll(async () => {
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => void server.close());

test.each([
  ["GET", null],
  ["POST", "text"],
])("it is sent on with fetch: %s", async (method, body) => {
  const [plain] = both(method, body) as [Request];
  const again = createRequest({
    method,
    url: origin,
    headers: () => new Headers(headers),
    body: () => body,
    signal: () => new AbortController().signal,
  });
  const expected = [method, "1", body ?? ""];
  expect(await (await fetch(again)).json()).toEqual(expected);
  expect(await (await fetch(new Request(origin, plain))).json()).toEqual(expected);
});
