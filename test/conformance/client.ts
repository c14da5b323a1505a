/** A client that adds and mends nothing: a request in, one HTTP/1.1 exchange on a socket of its own, the raw answer out. */
import { once } from "node:events";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { WireHeaders } from "../../framework/model/wire.ts";
import type { Answer, Ask } from "./case.ts";

/** Sends one request. Host, Content-Length and Connection are added, unless given; nothing else is. */
export async function send(origin: string, ask: Ask): Promise<Answer> {
  const { protocol, hostname, port, host } = new URL(origin);
  const request = protocol === "https:" ? requestHttps : requestHttp;
  const { method = "GET", target } = ask;
  const body = bytesOf(ask.body);
  const outgoing = request({ hostname, port, method, path: target, headers: completed(ask, host, body.length), agent: false });
  const responded = once(outgoing, "response") as Promise<[IncomingMessage]>;
  // A server may answer and close before it has read the body; the answer is what counts.
  outgoing.on("error", () => {});
  outgoing.end(body);
  const [incoming] = await responded;
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
  return { status: incoming.statusCode ?? 0, headers: pairs(incoming.rawHeaders), bytes: Buffer.concat(chunks) };
}

/** A case's body as bytes; empty when there is none. */
export const bytesOf = (body: string | Uint8Array | undefined): Uint8Array =>
  typeof body === "string" ? Buffer.from(body) : (body ?? new Uint8Array());

function completed(ask: Ask, host: string, length: number): string[] {
  const headers: [string, string][] = (ask.headers ?? []).map(([name, value]) => [name, value]);
  const has = (name: string): boolean => headers.some(([key]) => key.toLowerCase() === name);
  if (!has("host")) headers.unshift(["Host", host]);
  if (ask.body !== undefined && !has("content-length")) headers.push(["Content-Length", String(length)]);
  headers.push(["Connection", "close"]);
  return headers.flat();
}

const pairs = (raw: readonly string[]): WireHeaders =>
  raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""] as const] : []));
