/** Refuses messages that node:http accepts and HTTP/1.1 forbids. */
import type { IncomingMessage, Server } from "node:http";

/** Methods that a Request cannot have (Fetch standard); servers answer 405. */
export const withoutRequest: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

const notAllowed = "HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/**
 * Configures a server. It reads every header: by default node silently drops those after the 2000th, among which may be
 * a second Host or a credential; the bytes of a head are limited anyway. It answers CONNECT with 405 (RFC 9110 section
 * 9.3.6), which node passes on as a bare socket or cuts off.
 */
export function validateHttp(server: Server): void {
  server.maxHeadersCount = 0;
  server.on("connect", (_, socket) => {
    socket.on("error", () => socket.destroy());
    socket.end(notAllowed);
  });
}

/**
 * The status for a message whose body has an ambiguous length: 501 for codings other than chunked, which node takes for
 * the body itself, and 400 for chunks in HTTP/1.0, which a proxy may not have understood (RFC 9112 section 6.1).
 */
export function framingRefusal({ headers, httpVersionMinor }: IncomingMessage): 400 | 501 | undefined {
  const coding = headers["transfer-encoding"];
  if (coding === undefined) return undefined;
  if (httpVersionMinor === 0) return 400;
  return coding.trim().toLowerCase() === "chunked" ? undefined : 501;
}
