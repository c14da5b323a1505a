/** Holds a request's body to a length: a message and a bound in, the word on a longer one out, however the body is framed. */
import type { IncomingMessage } from "node:http";

/** True when the message itself says that it is too long (RFC 9110 section 15.5.14). */
export const announcesTooMuch = ({ headers }: IncomingMessage, bound: number): boolean => Number(headers["content-length"] ?? 0) > bound;

/**
 * Calls `onTooMuch` once when a chunked body grows beyond the bound; what follows is dropped. The parser's own way in is counted,
 * since a listener for data would read on when the handler does not.
 */
export function boundBody(message: IncomingMessage, bound: number, onTooMuch: () => void): void {
  if (message.headers["transfer-encoding"] === undefined) return;
  const push = message.push.bind(message);
  let bytes = 0;
  message.push = (chunk: Buffer | null, ...rest) => {
    if (chunk === null) return push(chunk, ...rest);
    const before = bytes;
    bytes += chunk.length;
    if (bytes <= bound) return push(chunk, ...rest);
    if (before <= bound) onTooMuch();
    return true;
  };
}
