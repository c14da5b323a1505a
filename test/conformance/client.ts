/** A client that adds and mends nothing: a request in, one HTTP/1.1 exchange on a socket of its own, the raw answer out. */
import { request } from "node:http";
import type { WireHeaders } from "../../framework/model/wire.ts";
import type { Answer, Ask } from "./case.ts";

/** Sends one request. Host, Content-Length and Connection are added, unless given; nothing else is. */
export function send(origin: string, ask: Ask): Promise<Answer> {
  const { hostname, port, host } = new URL(origin);
  const { method = "GET", target } = ask;
  const body = bytesOf(ask.body);
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname: hostname.replace(/^\[|\]$/g, ""), port, method, path: target, headers: completed(ask, host, body.length), agent: false });
    outgoing.on("error", reject);
    outgoing.on("response", async (incoming) => {
      try {
        const chunks: Uint8Array[] = [];
        for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
        resolve({ status: incoming.statusCode ?? 0, headers: pairs(incoming.rawHeaders), bytes: Buffer.concat(chunks) });
      } catch (error) {
        reject(error);
      }
    });
    outgoing.end(body);
  });
}

/** A case's body as bytes; empty when there is none. */
export const bytesOf = (body: string | Uint8Array | undefined): Uint8Array => (typeof body === "string" ? Buffer.from(body) : (body ?? new Uint8Array()));

function completed(ask: Ask, host: string, length: number): string[] {
  const headers: [string, string][] = (ask.headers ?? []).map(([name, value]) => [name, value]);
  const has = (name: string): boolean => headers.some(([key]) => key.toLowerCase() === name);
  if (!has("host")) headers.unshift(["Host", host]);
  if (ask.body !== undefined && !has("content-length")) headers.push(["Content-Length", String(length)]);
  headers.push(["Connection", "close"]);
  return headers.flat();
}

const pairs = (raw: readonly string[]): WireHeaders => raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""] as const] : []));
