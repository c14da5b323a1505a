/** A way to a Postgres that a process has until it dies: at one of its queries, which was sent or was not. */
import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import type { Disturbance } from "../deploy/histories/stepped-run.ts";

/** In place of the server's own URL. */
export interface DyingConnection {
  url(of: string): string;
  /** Queries that were begun, on all connections. */
  readonly count: () => number;
  close(): Promise<void>;
}

/** The first byte of a query, and of one with values ("Message Formats" of PostgreSQL's protocol). */
const isQuery = (bytes: Buffer): boolean => bytes[0] === 0x51 || bytes[0] === 0x50;

export async function dyingConnection(port: number, { at, what }: Disturbance): Promise<DyingConnection> {
  const sockets = new Set<Socket>();
  let count = 0;
  let isDead = false;
  const die = (): void => {
    isDead = true;
    for (const socket of sockets) socket.destroy();
  };
  const proxy = createServer((socket) => {
    if (isDead) return socket.destroy();
    const upstream = connect(port, "127.0.0.1");
    for (const one of [socket, upstream]) {
      sockets.add(one);
      one.on("error", () => {}).on("close", () => [socket, upstream].forEach((other) => other.destroy()));
    }
    upstream.on("data", (bytes) => (isDead ? undefined : socket.write(bytes)));
    socket.on("data", (bytes) => {
      if (isQuery(bytes)) count += 1;
      const isLast = isQuery(bytes) && count === at;
      if (isLast && what === "kill before") return die();
      // Its answer is seen by nobody.
      if (isLast) upstream.removeAllListeners("data").once("data", die);
      upstream.write(bytes);
    });
  });
  await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening));
  return {
    url(of) {
      const url = new URL(of);
      url.port = String((proxy.address() as AddressInfo).port);
      return url.href;
    },
    count: () => count,
    async close() {
      die();
      await new Promise((closed) => proxy.close(closed));
    },
  };
}
