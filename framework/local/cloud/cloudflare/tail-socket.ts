/** The WebSocket of a tail: an upgrade on the control port in, trace items out as text messages. */
import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket, WebSocketServer } from "ws";
import type { Edge } from "./edge.ts";
import { masking } from "./masked-frames.ts";
import { tailPath } from "./tails.ts";

/** The only subprotocol that the tail speaks. */
const protocol = "trace-v1";

/** Takes upgrades over, once their Host and Origin are checked. The WebSocket server is loaded by the first tail. */
export function createTailSocket(edge: Edge): (message: IncomingMessage, socket: Duplex, head: Buffer) => void {
  let server: Promise<WebSocketServer> | undefined;
  return (message, socket, head) => {
    const session = sessionOf(message.url ?? "", edge);
    const offered = (message.headers["sec-websocket-protocol"] ?? "").split(",").map((one) => one.trim());
    if (!session) return refuse(socket, "403 Forbidden");
    if (!offered.includes(protocol)) return refuse(socket, "400 Bad Request");
    server ??= openServer();
    const take = (open: WebSocketServer): void =>
      open.handleUpgrade(message, masking(socket, head), Buffer.alloc(0), (client) => attach(client, session, edge));
    server.then(take, () => socket.destroy());
  };
}

async function openServer(): Promise<WebSocketServer> {
  const { WebSocketServer: Server } = await import("ws");
  return new Server({ noServer: true, handleProtocols: () => protocol, maxPayload: 65_536 });
}

function attach(client: WebSocket, session: string, edge: Edge): void {
  const left = edge.tails.connect(session, { send: (text) => client.send(text), close: () => client.close(1001) }, edge.clock.now());
  client.on("close", () => left?.());
  // The client's own `{"debug": …}` changes nothing here.
  client.on("error", () => client.terminate());
  if (!left) client.close(1008);
}

/** The session whose id and token the URL has. */
function sessionOf(url: string, edge: Edge): string | undefined {
  const [, id = "", token = ""] = /^\/portico\/tails\/([0-9a-f]{32})\?token=([0-9a-f]{48})$/.exec(url) ?? [];
  const session = url.startsWith(tailPath) ? edge.tails.find(id, edge.clock.now()) : undefined;
  return session && timingSafeEqual(Buffer.from(session.token), Buffer.from(token)) ? id : undefined;
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
