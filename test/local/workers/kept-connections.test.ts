import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { keepConnections, SilentlyClosed } from "../../../framework/local/workers/kept-connections.ts";

/** A server of bare sockets, and connections to it. */
async function open(onSocket: (socket: Socket) => void) {
  const server: Server = createServer((socket) => {
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const connections = keepConnections((server.address() as AddressInfo).port);
  onTestFinished(async () => {
    await connections.close();
    server.close();
  });
  return connections;
}

const request = {
  method: "GET",
  url: "/a%2F?b=%zz",
  headers: [
    ["Host", "here"],
    ["X-Twice", "1"],
    ["X-Twice", "2"],
    ["Connection", "close"],
  ],
} as const;
const head = "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=\xe9\r\nConnection: keep-alive\r\n";

test("headers go and come as they are; a connection is used again", async () => {
  const asked: string[] = [];
  let opened = 0;
  const connections = await open((socket) => {
    opened++;
    socket.on("data", (data) => {
      asked.push(data.toString("latin1"));
      socket.write(`${head}Content-Length: 2\r\n\r\nhi`, "latin1");
    });
  });
  for (let times = 0; times < 3; times++) {
    const { status, headers, body } = await connections.ask(request);
    expect([status, Buffer.from(body as Uint8Array).toString()]).toEqual([200, "hi"]);
    expect(headers).toEqual([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=\xe9"],
      ["content-length", "2"],
    ]);
  }
  // It is free a moment after its answer is there.
  expect(opened).toBeLessThan(3);
  expect(asked[0]).toMatch(/^GET \/a%2F\?b=%zz HTTP\/1\.1\r\n/);
  expect(asked[0]!.toLowerCase()).toContain("x-twice: 1\r\nx-twice: 2\r\n");
  expect(asked[0]!.toLowerCase()).not.toContain("connection: close");
});

test("what says no length is a stream: read as it comes, held back, cut when it is not wanted", async () => {
  const ended = Promise.withResolvers<number>();
  const connections = await open((socket) => {
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
  const { body } = await connections.ask(request);
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  expect((await reader.read()).value?.[0]).toBe(120);
  await reader.cancel();
  expect(await ended.promise).toBeLessThan(32 * 2 ** 20);
});

test("a long answer is read to its end, whoever is the slower one", async () => {
  const length = 4 * 2 ** 20;
  const connections = await open((socket) => {
    socket.once("data", () => {
      socket.write(`${head}Content-Length: ${length}\r\n\r\n`, "latin1");
      for (let sent = 0; sent < length; sent += 65_536) socket.write("x".repeat(65_536));
    });
  });
  for (const slow of [false, true]) {
    const { body } = await connections.ask({ ...request, url: `/${slow}` });
    let got = 0;
    for await (const part of body as ReadableStream<Uint8Array>) {
      got += part.length;
      if (slow) await new Promise((next) => setImmediate(next));
    }
    expect(got).toBe(length);
  }
});

test("a connection that ends unasked is told apart from one that breaks midway", async () => {
  const answers = ["", `${head}Content-Length: 20\r\n\r\nhalf`, `${head}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`];
  const connections = await open((socket) => {
    socket.once("data", () => {
      socket.end(answers.shift()!, "latin1");
    });
  });
  await expect(connections.ask(request)).rejects.toBeInstanceOf(SilentlyClosed);
  await expect(connections.ask(request)).rejects.not.toBeInstanceOf(SilentlyClosed);
  const { body } = await connections.ask(request);
  await expect(new Response(body as ReadableStream).text()).rejects.toThrow();
});

test("an answer's head may have 1 MB", async () => {
  const sizes = [2 ** 19, 2 ** 21];
  const connections = await open((socket) => {
    socket.once("data", () => socket.write(`${head}X-Long: ${"a".repeat(sizes.shift()!)}\r\nContent-Length: 0\r\n\r\n`, "latin1"));
  });
  expect((await connections.ask(request)).status).toBe(200);
  await expect(connections.ask({ ...request, url: "/2" })).rejects.toMatchObject({ code: "UND_ERR_HEADERS_OVERFLOW" });
});
