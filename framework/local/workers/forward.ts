/** One request to a running workerd: message parts in, workerd's answer as node:http has it out. */
import type { Agent, IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { WireHeaders } from "../../model/wire.ts";

// Not imported: a module's namespace reads every export, and node:http's getters load its fetch implementation (18 ms).
const { request: httpRequest } = process.getBuiltinModule("node:http");

/** What is sent on. */
export interface Forwarded {
  readonly method: string;
  /** Path and query, raw; whole, where the socket takes whole URLs. */
  readonly url: string;
  readonly headers: WireHeaders;
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
}

/** These belong to the hop. */
export const ofHop: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "expect"]);

/** Whether something is sent: bytes, or of a method that is expected to have some, that there are none. */
export const sendsBody = ({ method, body }: Pick<Forwarded, "method" | "body">): boolean =>
  body instanceof ReadableStream || (body !== null && (body.byteLength > 0 || !["GET", "HEAD", "OPTIONS", "DELETE"].includes(method)));

/**
 * Resolves when the head of the answer is there. The agent keeps connections for requests without a body: workerd closes one whose
 * request had a body that nobody read, without saying so. It also closes idle ones; the request that finds out never reached it, and is
 * sent again.
 */
export function forward(agent: Agent | false, port: number, { method, url, headers, body }: Forwarded): Promise<IncomingMessage> {
  const kept = headers.filter(([name]) => !ofHop.has(name.toLowerCase())).flat();
  const streamed = body instanceof ReadableStream;
  const bytes = body instanceof Uint8Array ? body : undefined;
  const hasBody = sendsBody({ method, body });
  if (hasBody && bytes) kept.push("content-length", String(bytes.byteLength));
  const options = { host: "127.0.0.1", port, agent: hasBody ? (false as const) : agent, setHost: false, maxHeaderSize: 2 ** 20 };
  const attempt = (): Promise<IncomingMessage> =>
    new Promise((done, fail) => {
      const hop = httpRequest({ ...options, method, path: url, headers: kept });
      hop.on("response", done);
      hop.on("error", (error: NodeJS.ErrnoException) =>
        hop.reusedSocket && error.code === "ECONNRESET" ? attempt().then(done, fail) : fail(error),
      );
      if (streamed) Readable.fromWeb(body as import("node:stream/web").ReadableStream).pipe(hop);
      else hop.end(bytes);
    });
  return attempt();
}

/** The headers of an answer without those of the hop. */
export function answeredHeaders(message: IncomingMessage): WireHeaders {
  const pairs = message.rawHeaders.flatMap((name, at, all) => (at % 2 ? [] : [[name.toLowerCase(), all[at + 1] ?? ""] as const]));
  return pairs.filter(([name]) => name !== "connection" && name !== "keep-alive" && name !== "transfer-encoding");
}
