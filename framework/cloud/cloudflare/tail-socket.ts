/** The WebSocket of a tail on the control port, which sends trace items as text messages. */
import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket, WebSocketServer } from "ws";
import type { Clock } from "../clock.ts";
import type { TailSessions } from "./tail-sessions.ts";
import { tailPath } from "./tails.ts";
import { withMaskedFrames } from "./websocket-masking.ts";

/** The only subprotocol of tails. */
const protocol = "trace-v1";

/** Answers upgrades whose Host and Origin were checked. The WebSocket server is loaded by the first tail. */
export function createTailSocket(
  tails: TailSessions,
  clock: Clock,
): (message: IncomingMessage, socket: Duplex, head: Buffer) => void {
  let server: Promise<WebSocketServer> | undefined;
  return (message, socket, head) => {
    const session = sessionOf(message.url ?? "", tails, clock);
    const offered = (message.headers["sec-websocket-protocol"] ?? "").split(",").map((one) => one.trim());
    if (!session) return refuse(socket, "403 Forbidden");
    if (!offered.includes(protocol)) return refuse(socket, "400 Bad Request");
    server ??= openServer();
    const upgrade = (open: WebSocketServer): void =>
      open.handleUpgrade(message, withMaskedFrames(socket, head), Buffer.alloc(0), (client) =>
        attach(client, session, tails, clock),
      );
    server.then(upgrade, () => socket.destroy());
  };
}

async function openServer(): Promise<WebSocketServer> {
  const { WebSocketServer: Server } = await import("ws");
  return new Server({ noServer: true, handleProtocols: () => protocol, maxPayload: 65_536 });
}

function attach(client: WebSocket, session: string, tails: TailSessions, clock: Clock): void {
  const disconnect = tails.connect(
    session,
    { send: (text) => client.send(text), close: () => client.close(1001) },
    clock.now(),
  );
  client.on("close", () => disconnect?.());
  // The client's own `{"debug": …}` changes nothing here.
  client.on("error", () => client.terminate());
  if (!disconnect) client.close(1008);
}

/** The id of the session that the URL names, with its token. */
function sessionOf(url: string, tails: TailSessions, clock: Clock): string | undefined {
  const [, id = "", token = ""] = /^\/portico\/tails\/([0-9a-f]{32})\?token=([0-9a-f]{48})$/.exec(url) ?? [];
  const session = url.startsWith(tailPath) ? tails.find(id, clock.now()) : undefined;
  return session && timingSafeEqual(Buffer.from(session.token), Buffer.from(token)) ? id : undefined;
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
