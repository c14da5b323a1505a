/**
 * Throughput measurement: GET requests over keep-alive connections, with wrk if it is installed, else plain sockets.
 */
import { execFile } from "node:child_process";
import { connect } from "node:net";
import { promisify } from "node:util";

/** One connection that sends the next request after each response, as long as `isMore` is true. */
function hammer(port: number, path: string, isMore: () => boolean): Promise<number> {
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
      if (isMore()) socket.write(ask);
      else socket.end(() => done(answered));
    });
  });
}

async function ownLoad(port: number, path: string, connections: number, seconds: number): Promise<number> {
  const started = performance.now();
  const isMore = (): boolean => performance.now() < started + seconds * 1000;
  const counts = await Promise.all(Array.from({ length: connections }, () => hammer(port, path, isMore)));
  return counts.reduce((sum, count) => sum + count, 0) / ((performance.now() - started) / 1000);
}

/** wrk with one thread, which takes a tenth of the CPU time of Node's sockets. Fails for an unsuccessful response. */
async function wrk(port: number, path: string, connections: number, seconds: number): Promise<number | undefined> {
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, `http://127.0.0.1:${port}${path}`];
  try {
    const { stdout } = await promisify(execFile)("wrk", args);
    if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
    return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return undefined;
  }
}

/** Requests per second over `connections` sockets for about `seconds`. */
export async function requestsPerSecond(port: number, path: string, connections = 32, seconds = 1): Promise<number> {
  return (await wrk(port, path, connections, seconds)) ?? ownLoad(port, path, connections, seconds);
}

/** Sends a number of requests over `connections` sockets, for measurements of the server's CPU time per request. */
export async function sendRequests(port: number, path: string, count: number, connections = 32): Promise<void> {
  let left = count - connections;
  await Promise.all(Array.from({ length: connections }, () => hammer(port, path, () => left-- > 0)));
}
