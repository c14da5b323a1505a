/** The servers of dev and the local cloud, held to HTTP/1.1. */
import { afterAll, beforeAll, describe } from "vitest";
import { listen, type Listener } from "../../framework/local/listen.ts";
import { echo, httpCases } from "./http-cases.ts";

let server: Listener;
let seen = 0;
beforeAll(async () => {
  server = await listen({
    port: 0,
    handle: async ({ method, target, body }) => {
      seen++;
      return { status: 200, headers: [], body: Buffer.from(echo(method, target, Buffer.from(body).toString("latin1"))) };
    },
  });
});
afterAll(() => server.close());

describe("the loopback listener", () => {
  httpCases(() => ({ port: server.port, seen: () => seen }));
});
