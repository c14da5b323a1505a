/** A proxy in front of a service that loses requests and answers, delays requests, and answers with errors. */
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A running proxy. */
export interface FaultyProxy {
  readonly url: URL;
  close(): Promise<void>;
}

/** @param random decides what happens to each request: a fifth of them fail */
export async function startFaultyProxy(target: URL, random: () => number): Promise<FaultyProxy> {
  const late = new Set<Promise<unknown>>();
  const agent = new Agent({ keepAlive: true });
  const send = (incoming: IncomingMessage, body: Buffer): Promise<{ status: number; body: Buffer }> =>
    new Promise((resolve, reject) => {
      const { method, headers } = incoming;
      const call = request(target, { method: method!, headers, agent }, (answer) => {
        buffer(answer).then((text) => resolve({ status: answer.statusCode!, body: text }), reject);
      });
      call.on("error", reject).end(body);
    });
  const handle = async (incoming: IncomingMessage, out: ServerResponse): Promise<void> => {
    const body = await buffer(incoming);
    const fate = random();
    if (fate < 0.04) return void incoming.socket.destroy();
    if (fate < 0.08) {
      incoming.socket.destroy();
      const delayed = new Promise((done) => setTimeout(done, random() * 40)).then(() => send(incoming, body));
      late.add(delayed);
      return;
    }
    if (fate < 0.1) return void out.writeHead(400).end(`{"__type":"com.amazon.coral#ThrottlingException"}`);
    const answer = await send(incoming, body);
    if (fate < 0.15) return void incoming.socket.destroy();
    if (fate < 0.2) return void out.writeHead(500).end(`{"__type":"com.amazon.coral#InternalServerError"}`);
    out.writeHead(answer.status).end(answer.body);
  };
  const server = createServer((incoming, out) => {
    handle(incoming, out).catch((error: unknown) => incoming.socket.destroy(error as Error));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
    async close() {
      await Promise.allSettled(late);
      agent.destroy();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
