/** Sends raw bytes to a port, which no HTTP client would send, and reads all that comes back. */
import { connect } from "node:net";

/** Sends the text (lines joined with CRLF) as Latin-1 and reads until the server closes, or until `until` was read. */
export function raw(port: number, lines: readonly string[], until?: string): Promise<string> {
  return new Promise((done, fail) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(lines.join("\r\n"), "latin1"));
    socket.setEncoding("latin1");
    socket.on("data", (part: string) => {
      text += part;
      if (until !== undefined && text.includes(until)) socket.destroy();
    });
    socket.on("close", () => done(text));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      ["ECONNRESET", "EPIPE"].includes(error.code ?? "") ? done(text) : fail(error),
    );
  });
}
