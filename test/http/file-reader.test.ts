/** Tests of reading ranges of files: no more than requested, no faster than consumed, and every file is closed. */
// @module-tag isolated
import { once } from "node:events";
import { mkdtempSync, readdirSync, readlinkSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BuiltAsset } from "../../framework/model/manifest.ts";
import { createFileReader } from "../../framework/http/file-reader.ts";
import { type NodeServer, serve } from "../../framework/node/server.ts";
import { withAssets } from "../../framework/node/built-app.ts";
import { until } from "../until.ts";

/** 64 GiB, of which nothing is on the disk: whoever reads it whole is not done before the test is. */
const size = 2 ** 36;
const folder = mkdtempSync(join(tmpdir(), "portico-reader-"));
const read = createFileReader(folder);
const huge = { file: "huge.bin", hash: "h", bytes: size };
const small = { file: "small.txt", hash: "s", bytes: 10 };
writeFileSync(join(folder, "small.txt"), "0123456789");
writeFileSync(join(folder, "huge.bin"), "");
truncateSync(join(folder, "huge.bin"), size);
afterAll(() => rmSync(folder, { recursive: true }));

const bytesOf = (content: Uint8Array | ReadableStream<Uint8Array>): Promise<Uint8Array> =>
  new Response(content as BodyInit).bytes();

describe.skipIf(process.platform === "win32")("the reader", () => {
  test.each([
    [0, 10, "0123456789"],
    [3, 5, "34"],
    [10, 10, ""],
  ])("gives the bytes from %i up to %i", async (first, end, text) => {
    expect(Buffer.from(await bytesOf(await read(small, first, end))).toString()).toBe(text);
  });

  test("a long range is streamed exactly", async () => {
    const bytes = Uint8Array.from({ length: 300_001 }, (_, at) => at % 251);
    writeFileSync(join(folder, "long.bin"), bytes);
    const content = await read({ file: "long.bin", hash: "l", bytes: bytes.length }, 1, 300_000);
    expect(content).toBeInstanceOf(ReadableStream);
    expect(Buffer.compare(await bytesOf(content), bytes.subarray(1, 300_000))).toBe(0);
  });

  test("only the end of a huge file is read", async () => {
    expect((await bytesOf(await read(huge, size - 5, size))).length).toBe(5);
  });

  test("a stream that is cancelled closes its file", async () => {
    const stream = (await read(huge, 0, size)) as ReadableStream<Uint8Array>;
    const reader = stream.getReader();
    expect((await reader.read()).value?.byteLength).toBe(64 * 1024);
    await reader.cancel();
    expect(openFiles()).toBe(0);
  });

  test("a file that is missing, has another size, or became shorter is an error", async () => {
    await expect(read({ ...small, file: "none.txt" }, 0, 10)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(read({ ...small, bytes: 11 }, 0, 11)).rejects.toThrow("small.txt has 10 bytes, not 11");
    writeFileSync(join(folder, "shrinks.bin"), new Uint8Array(200_000));
    const stream = await read({ file: "shrinks.bin", hash: "x", bytes: 200_000 }, 0, 200_000);
    truncateSync(join(folder, "shrinks.bin"), 70_000);
    await expect(bytesOf(stream)).rejects.toThrow("shrinks.bin became shorter");
  });
});

describe.skipIf(process.platform === "win32")("portico start, with a file of 64 GiB", () => {
  let server: NodeServer;
  beforeAll(async () => {
    const asset: BuiltAsset = { path: "/huge.bin", type: "application/octet-stream", ...huge };
    const app = withAssets(() => new Response("app"), { routes: [], assets: [asset] }, folder);
    server = await serve({ port: 0, fetch: app });
  });
  afterAll(() => server.close());

  const ask = async (headers: Readonly<Record<string, string>>, method = "GET"): Promise<IncomingMessage> => {
    const outgoing = request({
      port: server.port,
      host: "127.0.0.1",
      path: "/huge.bin",
      method,
      headers,
      agent: false,
    });
    outgoing.on("error", () => {});
    outgoing.end();
    const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
    return incoming.on("error", () => {});
  };

  test("HEAD, 304, 412, 416 and a range do not read the full file", async () => {
    const answers = [
      await ask({}, "HEAD"),
      await ask({ "if-none-match": '"h"' }),
      await ask({ "if-match": '"x"' }),
      await ask({ range: `bytes=${size}-` }),
      await ask({ range: "bytes=-7" }),
    ];
    const bodies = await Promise.all(answers.map(async (answer) => (await answer.toArray()).join("").length));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 304, 412, 416, 206]);
    expect(bodies).toEqual([0, 0, 0, 0, 7]);
    expect([answers[0]!.headers["content-length"], answers[4]!.headers["content-range"]]).toEqual([
      String(size),
      `bytes ${size - 7}-${size - 1}/${size}`,
    ]);
  });

  test("clients that do not read take no memory, and their files are closed when they disconnect", async () => {
    const before = process.memoryUsage().rss;
    const clients = await Promise.all(Array.from({ length: 20 }, () => ask({})));
    for (const client of clients) await once(client, "readable");
    // What a server that does not wait would fill meanwhile is gigabytes.
    await new Promise((resume) => setTimeout(resume, 300));
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 ** 2);
    for (const client of clients) client.destroy();
    await until(() => openFiles() === 0);
  });
});

/** How often the huge file is open; 0 where the system does not tell. */
function openFiles(): number {
  if (process.platform !== "linux") return 0;
  return readdirSync("/proc/self/fd").filter((fd) => targetOf(fd) === join(folder, "huge.bin")).length;
}

function targetOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // The one that listed the folder is closed by now.
    return undefined;
  }
}
