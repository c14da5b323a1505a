/** The proxy to workerd: kept connections, streams, retries and disconnects, against a server of bare sockets. */
import { once } from "node:events";
import { Agent } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { HttpHeaders } from "../../../framework/model/http-message.ts";
import { forward, type ProxyRequest, readResponse } from "../../../framework/emulation/workers/workerd-proxy.ts";

/** A server of bare sockets, and the proxy to it. */
async function open(onSocket: (socket: Socket) => void) {
  const server: Server = createServer((socket) => {
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => {
    agent.destroy();
    server.close();
  });
  return {
    /** Resolves when the last connection is free for another request. */
    free: () => until(() => Object.keys(agent.freeSockets).length > 0),
    send: async (request: ProxyRequest, client?: Parameters<typeof forward>[3]) =>
      readResponse(await forward(agent, port, request, client)),
  };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((next) => setImmediate(next));
}

const request = {
  method: "GET",
  url: "/a%2F?b=%zz",
  headers: [
    ["Host", "here"],
    ["X-Twice", "1"],
    ["X-Twice", "2"],
    ["Connection", "close"],
  ] as HttpHeaders,
  body: null,
} as const;
const head = "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=\xe9\r\nConnection: keep-alive\r\n";

test("sends and reads headers unchanged, and reuses the connection", async () => {
  const requests: string[] = [];
  let opened = 0;
  const proxy = await open((socket) => {
    opened++;
    socket.on("data", (data) => {
      requests.push(data.toString("latin1"));
      socket.write(`${head}Content-Length: 2\r\n\r\nhi`, "latin1");
    });
  });
  for (let times = 0; times < 3; times++) {
    const { status, headers, body } = await proxy.send(request);
    expect([status, Buffer.from(body as Uint8Array).toString()]).toEqual([200, "hi"]);
    expect(headers).toEqual([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=\xe9"],
      ["content-length", "2"],
    ]);
    await proxy.free();
  }
  expect(opened).toBe(1);
  expect(requests[0]).toMatch(/^GET \/a%2F\?b=%zz HTTP\/1\.1\r\n/);
  expect(requests[0]!.toLowerCase()).toContain("x-twice: 1\r\nx-twice: 2\r\n");
  expect(requests[0]!.toLowerCase()).not.toContain("connection: close");
});

test("streams a response without a length, with back-pressure, and closes it when it is cancelled", async () => {
  const ended = Promise.withResolvers<number>();
  const proxy = await open((socket) => {
    socket.once("data", () => {
      socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`, "latin1");
      const block = `4000\r\n${"x".repeat(16_384)}\r\n`;
      let sent = 0;
      const more = (): void => {
        while (sent < 64 * 2 ** 20 && !socket.destroyed && socket.write(block)) sent += 16_384;
        socket.once("drain", more);
      };
      more();
      socket.on("close", () => ended.resolve(sent));
    });
  });
  const { body } = await proxy.send(request);
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  expect((await reader.read()).value?.[0]).toBe(120);
  await reader.cancel();
  expect(await ended.promise).toBeLessThan(32 * 2 ** 20);
});

test("sends a request again when a reused connection closes, but not on a new one or after a head", async () => {
  const responses = [
    `${head}Content-Length: 2\r\n\r\nhi`,
    "",
    `${head}Content-Length: 20\r\n\r\nhalf`,
    "",
    `${head}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`,
  ];
  const proxy = await open((socket) => {
    socket.on("data", () => {
      const response = responses.shift()!;
      if (response.endsWith("hi")) socket.write(response, "latin1");
      else socket.end(response, "latin1");
    });
  });
  await proxy.send(request);
  await proxy.free();
  // The reused connection ends without a response; the second attempt breaks off in the body.
  await expect(proxy.send(request)).rejects.toThrow("aborted");
  expect(responses).toHaveLength(2);
  await expect(proxy.send(request)).rejects.toMatchObject({ code: "ECONNRESET" });
  const { body } = await proxy.send(request);
  await expect(new Response(body as ReadableStream).text()).rejects.toThrow();
});

test("resets the connection of a client that disconnects, and does not send its request again", async () => {
  let requests = 0;
  let disconnect = (): void => {};
  const proxy = await open((socket) => {
    socket.on("data", () => {
      requests++;
      if (requests === 1) socket.write(`${head}Content-Length: 2\r\n\r\nhi`, "latin1");
      else disconnect();
    });
  });
  const client = { onDisconnect: (tell: () => void) => (disconnect = tell) };
  await proxy.send(request);
  await proxy.free();
  await expect(proxy.send(request, client)).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(requests).toBe(2);
});

test("keeps the connection when a client disconnects after its response", async () => {
  let disconnect = (): void => {};
  const second = Promise.withResolvers<Socket>();
  let requests = 0;
  const proxy = await open((socket) => {
    socket.on("data", () => {
      if (++requests === 2) second.resolve(socket);
      else socket.write(`${head}Content-Length: 2\r\n\r\nhi`, "latin1");
    });
  });
  await proxy.send(request, { onDisconnect: (tell) => (disconnect = tell) });
  await proxy.free();
  const sent = proxy.send(request);
  const socket = await second.promise;
  disconnect();
  socket.write(`${head}Content-Length: 2\r\n\r\nhi`, "latin1");
  expect((await sent).status).toBe(200);
});

test("a response's head may have 1 MB", async () => {
  const sizes = [2 ** 19, 2 ** 21];
  const proxy = await open((socket) => {
    socket.on("data", () =>
      socket.write(`${head}X-Long: ${"a".repeat(sizes.shift()!)}\r\nContent-Length: 0\r\n\r\n`, "latin1"),
    );
  });
  expect((await proxy.send(request)).status).toBe(200);
  await expect(proxy.send({ ...request, url: "/2" })).rejects.toMatchObject({ code: "HPE_HEADER_OVERFLOW" });
});
