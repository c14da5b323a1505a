/** HTTP/1.1 conformance of the production server. */
// @module-tag isolated
import { afterAll, beforeAll, describe } from "vitest";
import { type NodeServer, serve } from "../../framework/node/index.ts";
import { echo, httpCases } from "../http/http-conformance.ts";

let server: NodeServer;
let seen = 0;
beforeAll(async () => {
  server = await serve({
    port: 0,
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url);
      const body = request.method === "GET" ? "" : await request.text();
      seen++;
      return new Response(echo(request.method, pathname + search, body));
    },
  });
});
afterAll(() => server.close());

describe("the production server", () => {
  httpCases(() => ({ port: server.port, seen: () => seen }));
});
