/** Limits the size of request bodies, with a Content-Length or chunked. */
import type { IncomingMessage } from "node:http";

/** Whether Content-Length is above the limit (RFC 9110 section 15.5.14). */
export const exceedsLimit = ({ headers }: IncomingMessage, limit: number): boolean =>
  Number(headers["content-length"] ?? 0) > limit;

/**
 * Calls `onExceeded` once when a chunked body exceeds the limit, and drops the rest. It counts in `push`, which the
 * parser calls, since a listener for "data" would make the stream flow before the handler reads it.
 */
export function limitBody(message: IncomingMessage, limit: number, onExceeded: () => void): void {
  if (message.headers["transfer-encoding"] === undefined) return;
  const push = message.push.bind(message);
  let bytes = 0;
  message.push = (chunk: Buffer | null, ...rest) => {
    if (chunk === null) return push(chunk, ...rest);
    const before = bytes;
    bytes += chunk.length;
    if (bytes <= limit) return push(chunk, ...rest);
    if (before <= limit) onExceeded();
    return true;
  };
}
