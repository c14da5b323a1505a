/** A proxy in front of a local cloud that records every call. */
import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A call as it was on the wire. */
export interface RecordedCall {
  readonly method: string;
  /** Decoded. */
  readonly path: string;
  /** The header by which JSON services tell operations apart, or nothing. */
  readonly target: string;
  readonly body: string;
}

/** Passes the signed Host on too. */
export async function openRecordingProxy(port: number) {
  let calls: RecordedCall[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      calls.push({
        method: request.method ?? "",
        path: decodeURIComponent(request.url ?? ""),
        target: String(request.headers["x-amz-target"] ?? ""),
        body: body.subarray(0, 4096).toString("latin1"),
      });
      const forward = send(
        { host: "127.0.0.1", port, method: request.method, path: request.url, headers: request.headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
          answer.pipe(response);
        },
      );
      forward.on("error", () => response.destroy());
      forward.end(body);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take: (): readonly RecordedCall[] => {
      const taken = calls;
      calls = [];
      return taken;
    },
    close: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
