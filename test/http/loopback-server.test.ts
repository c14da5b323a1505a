/** Tests of the loopback server: the requests that reach the handler, those that are refused, and responses. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { listen, type Listener, type ListenOptions } from "../../framework/http/loopback-server.ts";
import { headerValues, type HttpRequest, type HttpResponse } from "../../framework/model/http-message.ts";
import { raw } from "./raw-client.ts";

const open: Listener[] = [];
const errors: unknown[] = [];
afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close();
  errors.length = 0;
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const ok: HttpResponse = { status: 200, headers: [], body: bytes("ok") };

async function start(
  handle: ListenOptions["handle"] = async () => ok,
  options: Partial<ListenOptions> = {},
): Promise<Listener> {
  const listener = await listen({ port: 0, handle, onError: (error) => void errors.push(error), ...options });
  open.push(listener);
  return listener;
}

/** A server that shows what its handler got. */
async function recorder(options: Partial<ListenOptions> = {}): Promise<{ listener: Listener; seen: HttpRequest[] }> {
  const seen: HttpRequest[] = [];
  const listener = await start(async (request) => {
    seen.push(request);
    return ok;
  }, options);
  return { listener, seen };
}

const get = (target: string, host = "localhost"): string[] => [
  `GET ${target} HTTP/1.1`,
  `Host: ${host}`,
  "Connection: close",
  "",
  "",
];

describe("the request", () => {
  it("arrives as it was sent", async () => {
    const { listener, seen } = await recorder();
    await raw(listener.port, [
      "POST /a%2fb/../c//d?x=%41&x= HTTP/1.1",
      "Host: localhost",
      "X-A: 1",
      "x-a: 2",
      "Content-Length: 3",
      "Connection: close, x-hop",
      "X-Hop: 1",
      "",
      "abc",
    ]);
    expect(seen).toEqual([
      {
        method: "POST",
        target: "/a%2fb/../c//d?x=%41&x=",
        headers: [
          ["Host", "localhost"],
          ["X-A", "1"],
          ["x-a", "2"],
          ["Content-Length", "3"],
        ],
        body: Buffer.from("abc"),
        clientAddress: "127.0.0.1",
        scheme: "http",
        port: listener.port,
      },
    ]);
  });

  it.each([
    ["http://127.0.0.1:81/x?y", "/x?y", "127.0.0.1:81"],
    ["http://a.localhost?y", "/?y", "a.localhost"],
    ["HTTPS://LOCALHOST:1", "/", "LOCALHOST:1"],
    ["//evil.com/x", "//evil.com/x", "localhost"],
  ])("%s is %s of %s", async (sent, target, host) => {
    const { listener, seen } = await recorder();
    expect(await raw(listener.port, get(sent))).toMatch(/^HTTP\/1.1 200/);
    expect(seen.map((request) => request.target)).toEqual([target]);
    expect(seen.flatMap(({ headers }) => headerValues(headers, "host"))).toEqual([host]);
  });

  it.each(["*", "x", "ftp://evil.com/", "/a#b", "/a\tb", "?x", "/a b", "/\xec\x95\x88"])(
    "%j is answered 400",
    async (target) => {
      const { listener, seen } = await recorder();
      expect(await raw(listener.port, get(target))).toMatch(/^HTTP\/1.1 400/);
      expect(seen).toEqual([]);
    },
  );

  it("joins a chunked body and drops its framing", async () => {
    const { listener, seen } = await recorder();
    await raw(listener.port, [
      "POST / HTTP/1.1",
      "Host: localhost",
      "Transfer-Encoding: chunked",
      "Connection: close",
      "",
      "2",
      "ab",
      "1",
      "c",
      "0",
      "",
      "",
    ]);
    expect(seen[0]?.body).toEqual(Buffer.from("abc"));
    expect(seen[0]?.headers).toEqual([["Host", "localhost"]]);
  });

  it("is answered 413 if the body or its Content-Length is too long", async () => {
    const { listener, seen } = await recorder({ maxBody: 1000 });
    const response = await fetch(listener.url, { method: "POST", body: new Uint8Array(1001) });
    expect([response.status, await response.json()]).toEqual([413, { error: "Payload Too Large" }]);
    const waiting = ["POST / HTTP/1.1", "Host: localhost", "Content-Length: 1001", "Expect: 100-continue", "", ""];
    expect(await raw(listener.port, waiting)).toMatch(/^HTTP\/1.1 413/);
    expect((await fetch(listener.url, { method: "POST", body: new Uint8Array(1000) })).status).toBe(200);
    expect(seen).toHaveLength(1);
  });

  it("has a head of at most 32 KB, or of the limit that is set", async () => {
    const usual = await recorder();
    const large = await recorder({ maxHead: 100_000 });
    const long = ["GET / HTTP/1.1", "Host: localhost", `A: ${"a".repeat(50_000)}`, "Connection: close", "", ""];
    expect(await raw(usual.listener.port, long)).toMatch(/^HTTP\/1.1 431/);
    expect(await raw(large.listener.port, long)).toMatch(/^HTTP\/1.1 200/);
  });

  it("that never ends is answered 408", async () => {
    const { listener, seen } = await recorder({ headersMs: 60, requestMs: 200 });
    expect(await raw(listener.port, ["GET / HTTP/1.1", "Host: localhost", "X-Slow: "])).toMatch(/^HTTP\/1\.1 408/);
    expect(await raw(listener.port, ["POST / HTTP/1.1", "Host: localhost", "Content-Length: 10", "", "abc"])).toMatch(
      /^HTTP\/1\.1 408/,
    );
    expect(seen).toEqual([]);
  });

  it("gets its 100 Continue", async () => {
    const { listener } = await recorder();
    const text = await raw(listener.port, [
      "POST / HTTP/1.1",
      "Host: localhost",
      "Content-Length: 2",
      "Expect: 100-continue",
      "Connection: close",
      "",
      "ab",
    ]);
    expect(text).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200/);
  });
});

describe("the guard", () => {
  it.each(["evil.com", "127.0.0.1.evil.com", "localhost.", "localhost@evil.com"])(
    "refuses a rebinding Host %s before the body",
    async (host) => {
      const { listener, seen } = await recorder();
      expect(await raw(listener.port, get("/", host))).toMatch(/^HTTP\/1.1 403/);
      // A length that never comes: the answer does not wait for it.
      expect(await raw(listener.port, ["POST / HTTP/1.1", `Host: ${host}`, "Content-Length: 5", "", ""])).toMatch(
        /^HTTP\/1.1 403/,
      );
      expect(seen).toEqual([]);
    },
  );

  it("refuses a missing and a repeated Host, whatever the absolute form says", async () => {
    const { listener, seen } = await recorder();
    expect(await raw(listener.port, ["GET / HTTP/1.1", "Connection: close", "", ""])).toMatch(/^HTTP\/1.1 403/);
    expect(await raw(listener.port, ["GET / HTTP/1.0", "", ""])).toMatch(/^HTTP\/1.1 403/);
    expect(
      await raw(listener.port, ["GET / HTTP/1.1", "Host: localhost", "Host: evil.com", "Connection: close", "", ""]),
    ).toMatch(/^HTTP\/1.1 40[03]/);
    expect(await raw(listener.port, get("http://localhost/", "evil.com"))).toMatch(/^HTTP\/1.1 403/);
    expect(await raw(listener.port, get("http://evil.com/", "localhost"))).toMatch(/^HTTP\/1.1 403/);
    expect(await raw(listener.port, get("http://localhost@evil.com/", "localhost"))).toMatch(/^HTTP\/1.1 403/);
    expect(seen).toEqual([]);
  });

  it("allows a name given with --host", async () => {
    const { listener } = await recorder({ hosts: ["box.lan"] });
    expect(await raw(listener.port, get("/", "box.lan:3000"))).toMatch(/^HTTP\/1.1 200/);
  });
});

describe("upgrades", () => {
  const upgrade = (host: string, ...more: string[]): string[] => [
    "GET / HTTP/1.1",
    `Host: ${host}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    ...more,
    "",
    "",
  ];

  it("are refused without a handler", async () => {
    const { listener, seen } = await recorder();
    expect(await raw(listener.port, upgrade("localhost"))).toMatch(/^HTTP\/1.1 426 Upgrade Required/);
    expect(seen).toEqual([]);
  });

  it("reach the handler only from this host and its own pages", async () => {
    const taken: string[] = [];
    const hook = (message: IncomingMessage, socket: Duplex): void => {
      taken.push(message.url ?? "");
      socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n");
    };
    const { listener } = await recorder({ upgrade: hook });
    expect(await raw(listener.port, upgrade("evil.com"))).toMatch(/^HTTP\/1.1 403/);
    expect(await raw(listener.port, upgrade("localhost", "Origin: http://evil.com"))).toMatch(/^HTTP\/1.1 403/);
    expect(taken).toEqual([]);
    expect(await raw(listener.port, upgrade("localhost", "Origin: http://localhost"))).toMatch(/^HTTP\/1.1 101/);
    expect(taken).toEqual(["/"]);
  });

  it("to another protocol are ignored, as HTTP allows", async () => {
    const { listener } = await recorder();
    const text = await raw(listener.port, [
      "GET / HTTP/1.1",
      "Host: localhost",
      "Connection: Upgrade, HTTP2-Settings, close",
      "Upgrade: h2c",
      "HTTP2-Settings: AAMAAABkAAQAAP__",
      "",
      "",
    ]);
    expect(text).toMatch(/^HTTP\/1.1 200/);
  });
});

describe("the answer", () => {
  it("keeps repeated headers and drops framing that is not the handler's", async () => {
    const headers = [
      ["Set-Cookie", "a=1"],
      ["set-cookie", "b=2"],
      ["X-A", "1"],
      ["X-A", "2"],
      ["Content-Length", "999"],
      ["Connection", "x-b"],
      ["X-B", "1"],
      ["Transfer-Encoding", "gzip"],
    ] as const;
    const listener = await start(async () => ({ status: 201, headers, body: bytes("hi") }));
    const text = await raw(listener.port, get("/"));
    expect(text).toMatch(
      /^HTTP\/1.1 201 Created\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-A: 1\r\nX-A: 2\r\ncontent-length: 2\r\n/,
    );
    expect(text).not.toMatch(/999|gzip|X-B/);
    expect(text).toMatch(/\r\n\r\nhi$/);
  });

  it("to HEAD has the length and no body, streams included", async () => {
    let cancelled = 0;
    const stream = (): ReadableStream<Uint8Array> => new ReadableStream({ cancel: () => void cancelled++ });
    const listener = await start(async ({ target }) => ({
      status: 200,
      headers: [["content-length", "5"]],
      body: target === "/stream" ? stream() : bytes("hello"),
    }));
    for (const target of ["/", "/stream"]) {
      const text = await raw(listener.port, [
        `HEAD ${target} HTTP/1.1`,
        "Host: localhost",
        "Connection: close",
        "",
        "",
      ]);
      expect(text).toMatch(/content-length: 5\r\n/);
      expect(text).toMatch(/\r\n\r\n$/);
    }
    expect(cancelled).toBe(1);
  });

  it("204 and 304 have no body", async () => {
    const listener = await start(async ({ target }) => ({
      status: Number(target.slice(1)),
      headers: [],
      body: bytes("x"),
    }));
    for (const status of [204, 304]) expect(await raw(listener.port, get(`/${status}`))).toMatch(/\r\n\r\n$/);
  });

  it("streams as fast as the client reads and stops when it disconnects", async () => {
    let made = 0;
    const gone = Promise.withResolvers<void>();
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        made++;
        controller.enqueue(new Uint8Array(65_536));
      },
      cancel: () => gone.resolve(),
    });
    const listener = await start(async () => ({ status: 200, headers: [], body }));
    const client = new AbortController();
    const response = await fetch(listener.url, { signal: client.signal });
    const reader = response.body!.getReader();
    await reader.read();
    await new Promise((done) => setTimeout(done, 100));
    const ahead = made;
    expect(ahead).toBeLessThan(1000);
    client.abort();
    await gone.promise;
    expect(errors).toEqual([]);
  });

  it("tells the handler that the client disconnected, even if the stream has no new data", async () => {
    const left = Promise.withResolvers<void>();
    const listener = await start((_, { signal }) => {
      signal.addEventListener("abort", () => left.resolve());
      return Promise.resolve({
        status: 200,
        headers: [],
        body: new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(bytes("a")) }),
      });
    });
    expect(await raw(listener.port, get("/"), "1\r\na\r\n")).toMatch(/^HTTP\/1.1 200/);
    await left.promise;
  });

  it.each([
    ["rejects", async (): Promise<HttpResponse> => Promise.reject(new Error("secret"))],
    ["gives no status", async (): Promise<HttpResponse> => ({ ...ok, status: 42 })],
    [
      "gives a header that HTTP cannot carry",
      async (): Promise<HttpResponse> => ({ ...ok, headers: [["a", "b\r\nc: d"]] }),
    ],
  ])("is a bare 500 when the handler %s", async (_, handle) => {
    const listener = await start(handle);
    const response = await fetch(listener.url);
    expect([response.status, await response.json()]).toEqual([500, { error: "Internal Server Error" }]);
    expect(errors).toHaveLength(1);
  });

  it("is cut off when its stream fails or does not match its length", async () => {
    const listener = await start(async ({ target }) => {
      const stream = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          if (target === "/fail") controller.error(new Error("midway"));
          else controller.close();
        },
        start: (controller) => controller.enqueue(bytes("a")),
      });
      return { status: 200, headers: target === "/fail" ? [] : [["content-length", "2"]], body: stream };
    });
    for (const target of ["/fail", "/short"])
      await expect(fetch(listener.url + target).then((response) => response.text())).rejects.toThrow();
    expect(errors).toEqual([
      expect.objectContaining({ code: "STREAM_FAILED", message: "a response body failed: midway" }),
      expect.objectContaining({ code: "STREAM_FAILED" }),
    ]);
  });

  it("is dropped when the handler fails after a disconnect, and the server goes on", async () => {
    const left = Promise.withResolvers<void>();
    const here = Promise.withResolvers<void>();
    const listener = await start(async ({ target }, { signal }) => {
      if (target === "/ok") return ok;
      here.resolve();
      signal.addEventListener("abort", () => left.resolve());
      await left.promise;
      throw new Error("too late");
    });
    const client = new AbortController();
    const cut = fetch(listener.url, { signal: client.signal });
    await here.promise;
    client.abort();
    await expect(cut).rejects.toThrow();
    await left.promise;
    expect((await fetch(`${listener.url}/ok`)).status).toBe(200);
    expect(errors).toEqual([]);
  });

  it("is cut off when it is too late for a 500", async () => {
    const listener = await start(async () => ({ status: 204, headers: [["a", "b\r\nc: d"]], body: bytes("") }));
    expect(await raw(listener.port, get("/"))).not.toContain("204");
    expect(errors).toHaveLength(1);
  });
});

describe("the port", () => {
  it("in use is a UserError that names the flag", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    await expect(start(undefined, { port, portFlag: "--cloud-port" })).rejects.toMatchObject({
      code: "PORT_IN_USE",
      message: `port ${port} is in use`,
      fix: expect.stringContaining(`--cloud-port ${port + 1}`),
    });
    taken.close();
  });

  it("is free after close, which ends idle and busy connections", async () => {
    const busy = Promise.withResolvers<void>();
    const listener = await listen({ port: 0, handle: () => (busy.resolve(), new Promise(() => {})) });
    const cut = fetch(listener.url).then(
      () => "answered",
      () => "cut",
    );
    await busy.promise;
    await listener.close();
    expect(await cut).toBe("cut");
    const again = await start(undefined, { port: listener.port });
    expect(again.port).toBe(listener.port);
  });
});
