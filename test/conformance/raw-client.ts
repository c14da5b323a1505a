/** An HTTP/1.1 client that sends requests as they are written and returns raw responses, each on its own socket. */
import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { connectForUpload } from "../../framework/emulation/workers/upload-socket.ts";
import type { HttpHeaders } from "../../framework/model/http-message.ts";
import type { Answer, Ask } from "./case.ts";

/** Sends one request. Adds only Host, Content-Length and Connection, unless given. */
export async function send(origin: string, ask: Ask): Promise<Answer> {
  const { protocol, hostname, port, host } = new URL(origin);
  const request = protocol === "https:" ? requestHttps : requestHttp;
  const { method = "GET", target } = ask;
  const body = bytesOf(ask.body);
  // Plain HTTP goes to 127.0.0.1 alone; a server there may close before it has read the body.
  const connection =
    protocol === "https:"
      ? { agent: false as const }
      : { createConnection: () => connectForUpload(hostname, Number(port)) };
  const headers = withDefaults(ask, host, body.length);
  const outgoing = request({ hostname, port, method, path: target, headers, ...connection });
  const responded = answerTo(outgoing);
  outgoing.end(body);
  const incoming = await responded;
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) {
    chunks.push(chunk as Uint8Array);
    if (ask.disconnects) break;
  }
  // Where the body was refused, not all of it was sent.
  outgoing.destroy();
  return { status: incoming.statusCode ?? 0, headers: pairs(incoming.rawHeaders), bytes: Buffer.concat(chunks) };
}

/**
 * The response of a request. A server may respond and close before it has read the body; then writing fails, and the
 * response is read afterwards. An error counts only if the socket is closed without a response.
 */
function answerTo(outgoing: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  let failure: Error = new Error("the connection was closed without an answer");
  outgoing.on("response", resolve);
  outgoing.on("error", (error) => (failure = error));
  outgoing.on("close", () => reject(failure));
  return promise;
}

/** A case's body as bytes; empty if there is none. */
export const bytesOf = (body: string | Uint8Array | undefined): Uint8Array =>
  typeof body === "string" ? Buffer.from(body) : (body ?? new Uint8Array());

function withDefaults(ask: Ask, host: string, length: number): string[] {
  const headers: [string, string][] = (ask.headers ?? []).map(([name, value]) => [name, value]);
  const has = (name: string): boolean => headers.some(([key]) => key.toLowerCase() === name);
  if (!has("host")) headers.unshift(["Host", host]);
  if (ask.body !== undefined && !has("content-length")) headers.push(["Content-Length", String(length)]);
  headers.push(["Connection", "close"]);
  return headers.flat();
}

const pairs = (raw: readonly string[]): HttpHeaders =>
  raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""] as const] : []));
