/** Tests of `fetch` with lightweight requests, against a real server. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lightFetch } from "../../framework/web-classes/fetch.ts";
import { LightHeaders } from "../../framework/web-classes/headers.ts";
import { LightRequest } from "../../framework/web-classes/request.ts";
import { LightResponse } from "../../framework/web-classes/response.ts";

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    if (request.url === "/moved") return response.writeHead(302, { location: "/" }).end();
    if (request.url === "/empty") return response.writeHead(204).end();
    const { method, url, rawHeaders } = request;
    const sent = rawHeaders.filter((_, at) => at % 2 === 0).filter((name) => !/^(host|connection)$/i.test(name));
    response.writeHead(201, "Made", { "set-cookie": ["a=1", "b=2"], "content-type": "application/json", "x-a": "1" });
    response.end(
      JSON.stringify({
        method,
        url,
        sent,
        length: request.headers["content-length"],
        body: Buffer.concat(chunks).toString(),
      }),
    );
  });
});
let origin = "";
beforeAll(async () => {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** The same call on both; the server's word on each. */
async function both(
  make: (R: typeof Request, send: typeof fetch, S: typeof Response) => Promise<Response>,
): Promise<void> {
  const tell = async (response: Response) => {
    const { status, statusText, ok, type, url, redirected } = response;
    const entries = [...response.headers].filter(([name]) => name !== "date");
    return {
      status,
      statusText,
      ok,
      type,
      url,
      redirected,
      entries,
      text: await response.clone().text(),
      bytes: await response.bytes(),
      used: response.bodyUsed,
    };
  };
  const platform = await tell(await make(Request, fetch, Response));
  const ours = await tell(await make(LightRequest as never, lightFetch as never, LightResponse as never));
  expect(ours).toEqual(platform);
}

test.each<[string, (R: typeof Request, send: typeof fetch, S: typeof Response) => Promise<Response>]>([
  ["a URL", (_, send) => send(origin)],
  ["a URL and an init", (_, send) => send(`${origin}/x?y`, { method: "POST", body: "a", headers: { "X-B": "1" } })],
  ["a request", (R, send) => send(new R(origin))],
  [
    "a request with text",
    (R, send) => send(new R(origin, { method: "PUT", body: "안녕", headers: { "X-Camel": "1" } })),
  ],
  ["a request with bytes", (R, send) => send(new R(origin, { method: "POST", body: new Uint8Array([97]) }))],
  ["a request with an empty body", (R, send) => send(new R(origin, { method: "POST", body: "" }))],
  ["a POST without a body", (R, send) => send(new R(origin, { method: "POST" }))],
  [
    "a request with a blob",
    (R, send) => send(new R(origin, { method: "POST", body: new Blob(["a"], { type: "text/css" }) })),
  ],
  ["a request with a query", (R, send) => send(new R(origin, { method: "POST", body: new URLSearchParams("a=1") }))],
  [
    "a request with a stream",
    (R, send) =>
      send(new R(origin, { method: "POST", body: new Blob(["abc"]).stream(), duplex: "half" } as RequestInit)),
  ],
  [
    "a request whose stream was asked for",
    (R, send) => {
      const request = new R(origin, { method: "POST", body: "abc" });
      void request.body;
      return send(request);
    },
  ],
  [
    "a request without its type",
    (R, send) => {
      const request = new R(origin, { method: "POST", body: "abc" });
      request.headers.delete("content-type");
      return send(request);
    },
  ],
  [
    "a request and an init",
    (R, send) => send(new R(origin, { method: "POST", body: "a" }), { method: "PUT", headers: { "x-b": "2" } }),
  ],
  ["a clone", (R, send) => send(new R(origin, { method: "POST", body: "a" }).clone())],
  ["a redirect", (R, send) => send(new R(`${origin}/moved`))],
  ["a redirect by hand", (R, send) => send(new R(`${origin}/moved`, { redirect: "manual" }))],
  ["no content", (R, send) => send(new R(`${origin}/empty`))],
  ["a data URL", (R, send) => send(new R("data:text/plain,hi"))],
  [
    "a copy of an answer",
    async (_, send, S) => {
      const answer = await send(origin);
      return new S(answer.body, answer);
    },
  ],
  ["an answer with another body", async (_, send, S) => new S("x", await send(origin))],
])("%s", async (_name, make) => both(make));

test("the body is used, and the response is a lightweight one with immutable headers", async () => {
  const request = new LightRequest(origin, { method: "POST", body: "a" });
  const answer = await lightFetch(request);
  expect(request.bodyUsed).toBe(true);
  expect(answer).toBeInstanceOf(LightResponse);
  expect(answer.headers).toBeInstanceOf(LightHeaders);
  expect(answer.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  expect(() => answer.headers.set("a", "1")).toThrow(TypeError);
  await expect(lightFetch(request)).rejects.toThrow(TypeError);
});

test("an abort reaches the platform's fetch", async () => {
  const controller = new AbortController();
  const answer = lightFetch(new LightRequest(origin, { signal: controller.signal }));
  controller.abort();
  await expect(answer).rejects.toMatchObject({ name: "AbortError" });
});

test("an invalid request rejects and does not throw", async () => {
  await expect(lightFetch("nothing")).rejects.toThrow(TypeError);
  await expect(lightFetch(new LightRequest("http://127.0.0.1:1/"))).rejects.toThrow(TypeError);
});
