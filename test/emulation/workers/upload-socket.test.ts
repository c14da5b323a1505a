/** A client that still has data to send when the server has responded and reset the connection. */
import { once } from "node:events";
import { request } from "node:http";
import { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { connectForUpload } from "../../../framework/emulation/workers/upload-socket.ts";

/** Answers a request's head, resets the connection, and only then wakes the thread that waits for it. */
const server = `
  const { createServer } = require("node:net");
  const { parentPort, workerData } = require("node:worker_threads");
  createServer((socket) => {
    socket.once("data", () => {
      socket.pause();
      socket.write("HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\nput", () => socket.resetAndDestroy());
    });
    socket.once("close", () => {
      Atomics.store(workerData, 0, 1);
      Atomics.notify(workerData, 0);
    });
  }).listen(0, "127.0.0.1", function () {
    parentPort.postMessage(this.address().port);
  });
`;

test("reads the answer of a server that resets the connection instead of reading the body", async () => {
  const isReset = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(server, { eval: true, workerData: isReset });
  onTestFinished(async () => void (await worker.terminate()));
  const [port] = (await once(worker, "message")) as [number];
  const headers = { host: "x", "content-length": 1_000_000 };
  const upload = request({ method: "POST", headers, createConnection: () => connectForUpload("127.0.0.1", port) });
  upload.on("error", () => {});
  upload.flushHeaders();
  const [socket] = (await once(upload, "socket")) as [ReturnType<typeof connectForUpload>];
  await once(socket, "connect");
  // This thread stands still, so that it reads nothing before the reset is there.
  Atomics.wait(isReset, 0, 0, 60_000);
  upload.end(new Uint8Array(1_000_000));
  const [answer] = (await once(upload, "response")) as [AsyncIterable<Buffer> & { readonly statusCode: number }];
  expect(answer.statusCode).toBe(200);
});
