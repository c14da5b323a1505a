/** An HTTP proxy on loopback that refuses every request and records its first line. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A proxy that listens. */
export interface CountingProxy {
  /** `GET http://127.0.0.1:3000/`, `CONNECT sts.us-east-1.amazonaws.com:443`, in the order in which they came. */
  readonly requests: string[];
  /** Everything that tells a program to use it. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function startProxy(): Promise<CountingProxy> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.writeHead(502).end("from the proxy");
  });
  server.on("connect", (request, socket) => {
    requests.push(`CONNECT ${request.url}`);
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const names = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
    "npm_config_proxy",
    "npm_config_https_proxy",
  ];
  return {
    requests,
    env: { NODE_USE_ENV_PROXY: "1", ...Object.fromEntries(names.map((name) => [name, url])) },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
