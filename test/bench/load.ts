/** Sends GET requests over keep-alive connections as fast as they are answered; requests per second out. Plain sockets, so that the client costs little. */
import { connect } from "node:net";

/** One connection that asks again as soon as it was answered, until told to stop. */
function hammer(port: number, path: string, stopAt: number): Promise<number> {
  return new Promise((done, fail) => {
    let answered = 0;
    let head = "";
    const socket = connect(port, "127.0.0.1");
    const ask = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
    socket.setNoDelay(true);
    socket.on("connect", () => socket.write(ask));
    socket.on("error", fail);
    socket.on("data", (chunk) => {
      head += chunk.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = /\r\ncontent-length: (\d+)/i.exec(head.slice(0, end))?.[1];
      const chunked = length === undefined;
      if (chunked ? !head.endsWith("0\r\n\r\n") : head.length < end + 4 + Number(length)) return;
      if (!head.startsWith("HTTP/1.1 200")) return fail(new Error(head.slice(0, 200)));
      answered++;
      head = "";
      if (performance.now() < stopAt) socket.write(ask);
      else socket.end(() => done(answered));
    });
  });
}

/** Requests per second over `connections` sockets for about `milliseconds`. */
export async function requestsPerSecond(port: number, path: string, connections: number, milliseconds: number): Promise<number> {
  const started = performance.now();
  const counts = await Promise.all(Array.from({ length: connections }, () => hammer(port, path, started + milliseconds)));
  return counts.reduce((sum, count) => sum + count, 0) / ((performance.now() - started) / 1000);
}
