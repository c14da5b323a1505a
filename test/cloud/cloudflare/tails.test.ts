/** Tests of tails: the logs and exceptions of a deployed Worker, over the WebSocket that wrangler opens. */
// @module-tag check
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { valueAt, deployWorker, type CloudflareLab, openCloudflareLab } from "./cloudflare-lab.ts";

const code = `export default { fetch(request) {
  console.log("asked for", { path: new URL(request.url).pathname });
  if (request.url.endsWith("/boom")) throw new TypeError("boom");
  return new Response("fine");
} };`;

let lab: CloudflareLab;
let live = "";
beforeAll(async () => {
  lab = await openCloudflareLab();
  live = await deployWorker(lab, "loud", code, { annotations: {} });
});
afterAll(() => lab.close());

interface Listener {
  readonly id: string;
  readonly socket: WebSocket;
  /** The next item. */
  next(): Promise<unknown>;
}

async function listenTo(filters: readonly unknown[] = []): Promise<Listener> {
  const { result } = await lab.call("POST", "/workers/scripts/loud/tails", { filters });
  const socket = new WebSocket(String(valueAt(result, "url")), "trace-v1");
  const items: unknown[] = [];
  socket.on("message", (data: Buffer) => items.push(JSON.parse(data.toString())));
  await once(socket, "open");
  // Unmasked, as wrangler sends it.
  socket.send(JSON.stringify({ debug: false }), { mask: false });
  return {
    id: String(valueAt(result, "id")),
    socket,
    async next() {
      await expect.poll(() => items.length).toBeGreaterThan(0);
      return items.shift();
    },
  };
}

describe("a tail", () => {
  it("gets each invocation with its logs, and what was thrown", async () => {
    const { next, socket, id } = await listenTo();
    await lab.ask("loud", "/quiet");
    expect(await next()).toMatchObject({
      outcome: "ok",
      scriptName: "loud",
      scriptVersion: { id: live },
      exceptions: [],
      logs: [{ level: "log", message: ["asked for", { path: "/quiet" }] }],
      event: { request: { method: "GET", url: expect.stringMatching(/\/quiet$/) }, response: { status: 200 } },
    });
    expect((await lab.ask("loud", "/boom")).status).toBe(500);
    expect(await next()).toMatchObject({ outcome: "exception", exceptions: [{ name: "TypeError", message: "boom" }] });
    const closed = once(socket, "close");
    expect((await lab.call("DELETE", `/workers/scripts/loud/tails/${id}`)).status).toBe(200);
    await closed;
    expect((await lab.call("DELETE", `/workers/scripts/loud/tails/${id}`)).code).toBe(10058);
  });

  it("gets only what its filters let through", async () => {
    const { next, socket } = await listenTo([{ outcome: ["exception"] }, { header: { key: "x-who", query: "me" } }]);
    await lab.ask("loud", "/one", { headers: { "x-who": "me" } });
    await lab.ask("loud", "/boom");
    await lab.ask("loud", "/two/boom", { headers: { "x-who": "it is me" } });
    expect(await next()).toMatchObject({ event: { request: { url: expect.stringMatching(/\/two\/boom$/) } } });
    socket.close();
    expect((await lab.call("POST", "/workers/scripts/loud/tails", { filters: [{ moon: 1 }] })).code).toBe(10057);
  });

  it("refuses a client without its token or subprotocol, and a web page", async () => {
    const { result } = await lab.call("POST", "/workers/scripts/loud/tails", {});
    const url = String(valueAt(result, "url"));
    const refused = async (...args: ConstructorParameters<typeof WebSocket>) => {
      const [error] = (await once(new WebSocket(...args), "error")) as [Error];
      return error.message;
    };
    expect(
      await refused(
        url.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
        "trace-v1",
      ),
    ).toContain("403");
    expect(await refused(url)).toContain("400");
    expect(await refused(url, "trace-v1", { origin: "https://evil.example" })).toContain("403");
    lab.clockOffset += 6 * 60 * 60 * 1000;
    expect(await refused(url, "trace-v1")).toContain("403");
    lab.clockOffset = 0;
  });

  it("can be ten of one Worker", async () => {
    const open = () => lab.call("POST", "/workers/scripts/loud/tails", {});
    for (let count = (await lab.call("GET", "/workers/scripts/loud/tails")).result as unknown[]; count.length < 10;) {
      await open();
      count = (await lab.call("GET", "/workers/scripts/loud/tails")).result as unknown[];
    }
    expect((await open()).code).toBe(10059);
  });
});
