/** HTTP/1.1 conformance of the loopback server, which dev and the local cloud use. */
import { afterAll, beforeAll, describe } from "vitest";
import { listen, type Listener } from "../../framework/http/loopback-server.ts";
import { echo, httpCases } from "./http-conformance.ts";

let server: Listener;
let seen = 0;
beforeAll(async () => {
  server = await listen({
    port: 0,
    handle: async ({ method, target, body }) => {
      seen++;
      return {
        status: 200,
        headers: [],
        body: Buffer.from(echo(method, target, Buffer.from(body).toString("latin1"))),
      };
    },
  });
});
afterAll(() => server.close());

describe("the loopback listener", () => {
  httpCases(() => ({ port: server.port, seen: () => seen }));
});
