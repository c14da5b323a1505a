/** What node:http lets through and HTTP/1.1 does not: a server and its messages in, refusals out. */
import type { IncomingMessage, Server } from "node:http";

const notAllowed = "HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/**
 * Every header is seen: by default node drops those after the 2000th without a word, a second Host or a credential among them; the bytes
 * of a head are bounded anyway. CONNECT, which node hands over as a bare socket or cuts off, is answered (RFC 9110 section 9.3.6).
 */
export function beStrict(server: Server): void {
  server.maxHeadersCount = 0;
  server.on("connect", (_, socket) => {
    socket.on("error", () => socket.destroy());
    socket.end(notAllowed);
  });
}

/**
 * The status of a message whose body nobody can tell: 501 for codings other than chunked, which node takes for the body itself, and 400
 * for chunks in HTTP/1.0, which another server before us may not have seen (RFC 9112 section 6.1).
 */
export function framingRefusal({ headers, httpVersionMinor }: IncomingMessage): 400 | 501 | undefined {
  const coding = headers["transfer-encoding"];
  if (coding === undefined) return undefined;
  if (httpVersionMinor === 0) return 400;
  return coding.trim().toLowerCase() === "chunked" ? undefined : 501;
}
