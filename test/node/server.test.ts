/** Tests of the production server over HTTP: requests, responses, limits, proxies and shutdown. */
// @module-tag isolated
import { createServer, request as httpRequest } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { Readable } from "node:stream";
import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { type Access, type NodeServer, serve, type ServeOptions, toNode } from "../../framework/node/index.ts";
import type { Fetch } from "../../framework/runtime/route-function.ts";
import type { Call } from "../../framework/runtime/handler.ts";
import { parse, send } from "../dev/gateway-app.ts";
import { raw } from "../http/raw-client.ts";
import { until } from "../until.ts";

const open: NodeServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(fetch: Fetch, options: Partial<ServeOptions> = {}): Promise<NodeServer> {
  const server = await serve({ fetch, port: 0, ...options });
  open.push(server);
  return server;
}

const showUrl: Fetch = (request, call) => Response.json({ url: request.url, address: call.clientAddress });

test.each([
  ["/a%2fb/%7E%41?q=%zz+1&q=2", "/a%2Fb/~A?q=%zz+1&q=2"],
  ["/%EC%95%88", "/%EC%95%88"],
  ["/a/../b", "/b"],
  ["//evil.example/x", "//evil.example/x"],
  ["/a[b]|c", "/a%5Bb%5D%7Cc"],
])("the handler sees %s as %s", async (path, seen) => {
  const { port } = await start(showUrl);
  expect(parse((await send(port, path, { headers: { host: "app.example" } })).text).url).toBe(
    `http://app.example${seen}`,
  );
});

test.each([
  ["/x?", "/x?"],
  ["/%7E?", "/~?"],
  ["/%7E?a?", "/~?a?"],
  ['/x?"<>', "/x?%22%3C%3E"],
])("the query of %s is seen as in %s", async (target, seen) => {
  const { port } = await start(showUrl);
  const text = await raw(port, [`GET ${target} HTTP/1.1`, "Host: app.example", "Connection: close", "", ""]);
  expect(text).toContain(JSON.stringify(`http://app.example${seen}`));
});

test("HTTP/1.0 without Host gets the local address as host; HTTP/1.1 without Host is 400", async () => {
  const { port } = await start(showUrl);
  expect(await raw(port, ["GET /up HTTP/1.0", "", ""])).toContain(`"url":"http://127.0.0.1:${port}/up"`);
  expect(await raw(port, ["GET /up HTTP/1.0", "Host: app.example", "", ""])).toContain('"url":"http://app.example/up"');
  for (const host of [[], ["Host:"], ["Host: a b"]])
    expect(await raw(port, ["GET /up HTTP/1.1", ...host, "Connection: close", "", ""])).toMatch(/^HTTP\/1.1 400/);
});

test("HTTP/1.0 without a Host on IPv6", async () => {
  const { port } = await start(showUrl, { host: "::1" });
  const socket = connect(port, "::1", () => socket.write("GET /up HTTP/1.0\r\n\r\n"));
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  expect(Buffer.concat(parts).toString()).toContain(`"url":"http://[::1]:${port}/up"`);
});

test("an absolute target overrides Host", async () => {
  const { port } = await start((request) => Response.json({ url: request.url, host: request.headers.get("host") }));
  const text = await raw(port, [
    "GET http://app.example:81/a?b HTTP/1.1",
    "Host: other.example",
    "Connection: close",
    "",
    "",
  ]);
  expect(text).toContain('{"url":"http://app.example:81/a?b","host":"app.example:81"}');
});

test.each(["/%", "/%zz", "/%ff", "/a\\b"])("%s is 400", async (path) => {
  const { port } = await start(showUrl);
  const reply = await send(port, path);
  expect([reply.status, JSON.parse(reply.text)]).toEqual([400, { error: "Bad Request" }]);
});

test("a request whose path is made canonical keeps method, headers, body and signal", async () => {
  const { port } = await start(async (request) =>
    Response.json([request.method, request.headers.get("x-a"), await request.text(), request.signal.aborted]),
  );
  expect(
    JSON.parse((await send(port, "/%7E", { method: "POST", body: "text", headers: { "x-a": "1" } })).text),
  ).toEqual(["POST", "1", "text", false]);
});

test("the call has the declared env, a fresh id, and the socket's address; no proxy is trusted", async () => {
  const calls: Call[] = [];
  const { port } = await start((_, call) => (calls.push(call), Response.json(call.env)), { env: { GREETING: "hi" } });
  const headers = {
    host: "app.example",
    "x-forwarded-for": "1.2.3.4",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "evil.example",
  };
  expect(parse((await send(port, "/", { headers })).text)).toEqual({ GREETING: "hi" });
  await send(port, "/");
  expect(calls.map(({ clientAddress, platform }) => [clientAddress, platform])).toEqual([
    ["127.0.0.1", { name: "node" }],
    ["127.0.0.1", { name: "node" }],
  ]);
  expect(calls[0]!.requestId).not.toBe(calls[1]!.requestId);
});

test.each([
  [
    { "x-forwarded-for": "6.6.6.6, 1.2.3.4", "x-forwarded-proto": "https", "x-forwarded-host": "shop.example" },
    "https://shop.example/x?y",
    "1.2.3.4",
  ],
  [{ "x-forwarded-for": "1.2.3.4" }, "http://app.example/x?y", "1.2.3.4"],
  [
    { "x-forwarded-proto": "javascript", "x-forwarded-host": "evil.example/path?" },
    "http://app.example/x?y",
    "127.0.0.1",
  ],
  [{ "x-forwarded-host": "shop.example:8443" }, "http://shop.example:8443/x?y", "127.0.0.1"],
])("with trustProxy %j gives %s of %s", async (headers, url, address) => {
  const { port } = await start(showUrl, { trustProxy: true });
  expect(parse((await send(port, "/x?y", { headers: { host: "app.example", ...headers } })).text)).toEqual({
    url,
    address,
  });
});

test("HEAD, 204 and 304 have no body; set-cookie is repeated", async () => {
  const { port } = await start((request) => {
    const status = Number(new URL(request.url).searchParams.get("status"));
    const headers: [string, string][] = [
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ];
    return new Response([204, 304].includes(status) ? null : "text", { status, headers });
  });
  expect(await send(port, "/?status=200", { method: "HEAD" })).toMatchObject({
    status: 200,
    text: "",
    headers: { "set-cookie": ["a=1", "b=2"] },
  });
  expect(await send(port, "/?status=204")).toMatchObject({ status: 204, text: "" });
  expect(await send(port, "/?status=304")).toMatchObject({ status: 304, text: "" });
  const two = await raw(port, [
    "HEAD /?status=200 HTTP/1.1",
    "Host: a",
    "",
    "GET /?status=200 HTTP/1.1",
    "Host: a",
    "Connection: close",
    "",
    "",
  ]);
  expect(two.split("text")).toHaveLength(2 + two.split("content-type: text").length - 1);
});

test("binary bodies are streamed unchanged in both directions", async () => {
  const { port, url } = await start((request) => new Response(request.body));
  expect(port).toBeGreaterThan(0);
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);
  const response = await fetch(url, { method: "POST", body: bytes });
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
});

test.each(["at once", "later"])(
  "an error that cannot even be logged, thrown %s, is a bare 500, and told",
  async (when) => {
    const told: unknown[] = [];
    const fault = Object.assign(new Error("broken"), {
      [inspect.custom]: () => {
        throw new Error("no text");
      },
    });
    const fail = (): Promise<Response> => {
      if (when === "later") return Promise.reject(fault);
      throw fault;
    };
    const { url } = await start(fail, { onError: (error) => told.push(error) });
    const answer = await fetch(url);
    expect([answer.status, await answer.json()]).toEqual([500, { error: "Internal Server Error" }]);
    expect(told).toMatchObject([{ message: "no text" }]);
  },
);

test("an error of fetch is a bare 500 with the request's id", async () => {
  const ids: string[] = [];
  const { port } = await start((_, { requestId }) => {
    ids.push(requestId);
    throw new Error("secret detail");
  });
  const { status, text } = await send(port, "/");
  expect([status, JSON.parse(text)]).toEqual([500, { error: "Internal Server Error", requestId: ids[0] }]);
});

test("the signal aborts when the client disconnects", async () => {
  const left = Promise.withResolvers<void>();
  const here = Promise.withResolvers<void>();
  const { port } = await start(
    (request) => {
      request.signal.addEventListener("abort", () => left.resolve());
      here.resolve();
      return new Promise(() => {});
    },
    { graceMs: 50 },
  );
  const message = httpRequest({ port, host: "127.0.0.1" });
  message.on("error", () => {});
  message.end();
  await here.promise;
  message.destroy();
  await left.promise;
});

test("close finishes running requests, waits for background work, and accepts no more", async () => {
  const here = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const work = Promise.withResolvers<void>();
  const done: string[] = [];
  const server = await serve({
    port: 0,
    fetch: async (_, call) => {
      call.waitUntil(work.promise.then(() => done.push("work")));
      here.resolve();
      await go.promise;
      return new Response("answered");
    },
  });
  const reply = fetch(server.url);
  await here.promise;
  const closed = server.close().then(() => done.push("closed"));
  await expect(send(server.port, "/")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  go.resolve();
  expect(await (await reply).text()).toBe("answered");
  expect(done).toEqual([]);
  work.resolve();
  await closed;
  expect(done).toEqual(["work", "closed"]);
});

test("close ends connections after graceMs", async () => {
  const here = Promise.withResolvers<void>();
  const server = await serve({
    port: 0,
    graceMs: 20,
    fetch: (_, call) => (call.waitUntil(new Promise(() => {})), here.resolve(), new Promise(() => {})),
  });
  const reply = send(server.port, "/");
  const cut = reply.catch((error: unknown) => error);
  await here.promise;
  await server.close();
  expect(await cut).toMatchObject({ code: "ECONNRESET" });
});

test("a rejected waitUntil is reported with the request's id, and other requests go on", async () => {
  const told: unknown[] = [];
  const ids: string[] = [];
  const { port } = await start(
    (_, call) => (ids.push(call.requestId), call.waitUntil(Promise.reject(new Error("later"))), new Response("ok")),
    {
      onError: (error, id) => told.push([String(error), id]),
    },
  );
  expect((await send(port, "/")).text).toBe("ok");
  expect(told).toEqual([["Error: later", ids[0]]]);
});

test("a body has a limit, with Content-Length or chunked, and the rest of a refused one is not awaited", async () => {
  const { port, url } = await start(async (request) => new Response(String((await request.arrayBuffer()).byteLength)), {
    maxBody: 1000,
    data: ":memory:",
  });
  expect((await send(port, "/", { method: "POST", body: new Uint8Array(1000) })).text).toBe("1000");
  expect((await send(port, "/", { method: "POST", body: new Uint8Array(1001) })).status).toBe(413);
  // Where upload forms would go, in a server whose app has none.
  expect((await send(port, "/.portico/files/x", { method: "POST", body: new Uint8Array(1001) })).status).toBe(413);
  const chunked = (size: number): ReadableStream<Uint8Array> =>
    new ReadableStream({
      start: (controller) => (
        controller.enqueue(new Uint8Array(size)),
        controller.enqueue(new Uint8Array(size)),
        controller.close()
      ),
    });
  const post = (size: number): Promise<Response> =>
    fetch(url, { method: "POST", body: chunked(size), duplex: "half" } as RequestInit);
  expect(await (await post(500)).text()).toBe("1000");
  expect((await post(501)).status).toBe(413);
});

test("headers and bodies that never end are answered 408", async () => {
  const { port } = await start(async (request) => new Response(await request.text()), {
    headersMs: 60,
    requestMs: 200,
  });
  expect(await raw(port, ["GET / HTTP/1.1", "Host: a", "X-Slow: "])).toMatch(/^HTTP\/1\.1 408/);
  expect(await raw(port, ["POST / HTTP/1.1", "Host: a", "Content-Length: 10", "", "abc"])).toMatch(/^HTTP\/1\.1 408/);
});

test("a stream is read as fast as the client reads, and is cancelled when it disconnects", async () => {
  let made = 0;
  const gone = Promise.withResolvers<void>();
  const { url } = await start(
    () =>
      new Response(
        new ReadableStream<Uint8Array>({
          pull: (controller) => (made++, controller.enqueue(new Uint8Array(65_536))),
          cancel: () => gone.resolve(),
        }),
      ),
  );
  const client = new AbortController();
  const reader = (await fetch(url, { signal: client.signal })).body!.getReader();
  await reader.read();
  let before = -1;
  for (let tries = 0; tries < 50 && before !== made; tries++) {
    before = made;
    await new Promise((done) => setTimeout(done, 50));
  }
  expect(made).toBe(before);
  expect(made).toBeLessThan(1000);
  client.abort();
  await gone.promise;
});

test.each([
  ["a text", () => new Response("x".repeat(30_000_000))],
  [
    "a stream",
    () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) })),
  ],
])("a client that asks for %s and reads none of it is cut off; a stream that is silent is not", async (_, answer) => {
  const silent = (): Response =>
    new Response(new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from("first")) }));
  const cut = Promise.withResolvers<Access>();
  const { port, url } = await start((request) => (request.url.endsWith("/silent") ? silent() : answer()), {
    answerMs: 100,
    onAccess: cut.resolve,
  });
  const waiting = (await fetch(`${url}/silent`)).body!.getReader();
  const stuck = connect(port, "127.0.0.1", () => stuck.pause().write("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  stuck.on("error", () => {});
  expect(await cut.promise).toMatchObject({ target: "/", aborted: true });
  stuck.destroy();
  expect(Buffer.from((await waiting.read()).value!).toString()).toBe("first");
  const more = waiting.read().then(
    () => "ended",
    () => "cut",
  );
  // It was silent for longer than the one that was cut, and still is when another is answered.
  const another = await fetch(`${url}/silent`);
  expect(await Promise.race([more, Promise.resolve("open")])).toBe("open");
  await another.body!.cancel();
  await waiting.cancel();
});

test("an upload that the handler does not read is not taken into memory", async () => {
  const go = Promise.withResolvers<Response>();
  const { port } = await start(() => go.promise, { maxBody: 1e9 });
  let sent = 0;
  const message = httpRequest({ port, host: "127.0.0.1", method: "POST", headers: { "content-length": 1e9 } });
  message.on("error", () => {});
  const full = Promise.withResolvers<void>();
  const more = (): void => {
    while (message.write(new Uint8Array(65_536), () => (sent += 65_536))) if (sent > 100e6) break;
    full.resolve();
  };
  message.on("drain", more);
  more();
  await full.promise;
  await new Promise((done) => setTimeout(done, 300));
  // What kernel buffers hold, and no more.
  expect(sent).toBeLessThan(50e6);
  const answer = new Promise<number | undefined>((done) =>
    message.on("response", ({ statusCode }) => done(statusCode)),
  );
  go.resolve(new Response("enough"));
  expect(await answer).toBe(200);
  message.destroy();
});

/** Answers with what a proxy would get: compressed bytes and their length. */
async function startUpstream(): Promise<string> {
  const bytes = gzipSync("from upstream");
  const { url } = await start(
    (request) =>
      new Response(request.method === "HEAD" ? null : bytes, { headers: { "content-encoding": "gzip", "x-a": "1" } }),
  );
  return url;
}

test("a response of fetch is sent decoded, without its original encoding and length", async () => {
  const upstream = await startUpstream();
  const { url } = await start((request) => fetch(upstream, { method: request.method }));
  const answer = await fetch(url);
  expect([
    answer.status,
    answer.headers.get("content-encoding"),
    answer.headers.get("x-a"),
    await answer.text(),
  ]).toEqual([200, null, "1", "from upstream"]);
  expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
});

test("a body in memory is sent with its true length; a stream that does not match its length is cut off", async () => {
  const said = { headers: { "content-length": "30" } };
  const bodies: readonly (() => BodyInit | null)[] = [
    () => "hello",
    () => new Blob(["hello"]),
    () => null,
    () => new ReadableStream({ start: (controller) => (controller.enqueue(Buffer.from("hello")), controller.close()) }),
    () => Readable.toWeb(Readable.from(slowly())) as ReadableStream,
  ];
  async function* slowly(): AsyncGenerator<Buffer> {
    await new Promise((done) => setTimeout(done, 5));
    yield Buffer.from("hello");
  }
  const { port } = await start(
    (request) => new Response(bodies[Number(new URL(request.url).pathname.slice(1))]!(), said),
    {
      onError: () => {},
    },
  );
  for (const [at, text] of ["hello", "hello", "", "hello"].entries()) {
    expect(await send(port, `/${at}`)).toMatchObject({ text, headers: { "content-length": String(text.length) } });
  }
  await expect(send(port, "/4")).rejects.toThrow();
});

test.each([
  ["a text", "text"],
  ["a number", 7],
  ["nothing", undefined],
])("a stream of %s is no body: 500 where nothing was sent yet, else a cut connection", async (_, chunk) => {
  const told: unknown[] = [];
  const { port } = await start(
    (request) =>
      new Response(
        new ReadableStream({
          start(controller) {
            if (request.url.endsWith("/later"))
              for (let sent = 0; sent < 3; sent++) controller.enqueue(Buffer.from("bytes"));
            controller.enqueue(chunk);
            controller.close();
          },
        }),
      ),
    { onError: (error) => told.push(error) },
  );
  expect((await send(port, "/first")).status).toBe(500);
  await expect(send(port, "/later")).rejects.toThrow();
  expect(told).toMatchObject([{ name: "TypeError" }, { name: "TypeError" }]);
});

test("a response that cannot be sent is reported, and is a bare 500 for the client", async () => {
  const told: unknown[] = [];
  const { port } = await start(() => new Response("text", { headers: { "x-a": "control \x01 byte" } }), {
    onError: (error) => told.push(error),
  });
  const { status, text } = await send(port, "/");
  expect([status, JSON.parse(text), told.length]).toEqual([500, { error: "Internal Server Error" }, 1]);
});

test("the access log has every request, also refused ones and those whose client disconnected", async () => {
  const log: Access[] = [];
  const here = Promise.withResolvers<void>();
  const { port } = await start(
    (request) => (request.url.endsWith("/wait") ? (here.resolve(), new Promise(() => {})) : new Response("text")),
    {
      onAccess: (access) => log.push(access),
      graceMs: 50,
    },
  );
  await send(port, "/a?b");
  await send(port, "/%zz", { method: "POST" });
  const message = httpRequest({ port, host: "127.0.0.1", path: "/wait" });
  message.on("error", () => {});
  message.end();
  await here.promise;
  message.destroy();
  await until(() => log.length === 3);
  expect(log.map(({ method, target, status, bytes, aborted }) => [method, target, status, bytes, aborted])).toEqual([
    ["GET", "/a?b", 200, 4, false],
    ["POST", "/%zz", 400, 0, false],
    ["GET", "/wait", 200, 0, true],
  ]);
});

test("a port in use is a UserError", async () => {
  const { port } = await start(showUrl);
  await expect(serve({ fetch: showUrl, port })).rejects.toMatchObject({
    code: "PORT_IN_USE",
    fix: expect.stringContaining(`--port ${port + 1}`),
  });
  await expect(serve({ fetch: showUrl, port: 0, host: "192.0.2.1" })).rejects.toMatchObject({ code: "HOST_UNKNOWN" });
});

test("toNode is a listener for http.createServer", async () => {
  const server = createServer(toNode(showUrl));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  expect(parse((await send(port, "/x", { headers: { host: "h" } })).text).url).toBe("http://h/x");
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});
