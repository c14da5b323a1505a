/** Tests of service bindings: requests and method calls from one Worker to the live version of another. */
// @module-tag check
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deploy, deployWorker, type CloudflareLab, liveVersion, openCloudflareLab, version } from "./cloudflare-lab.ts";

let lab: CloudflareLab;
beforeAll(async () => void (lab = await openCloudflareLab()));
afterAll(() => lab.close());

const called = (text: string): string => `import { WorkerEntrypoint, RpcTarget } from "cloudflare:workers";
class Counter extends RpcTarget { #count = 0; add(number) { return this.#count += number; } }
export default class extends WorkerEntrypoint {
  add(left, right) { return left + right + ${JSON.stringify(text)}; }
  get value() { return { when: new Date(0), text: ${JSON.stringify(text)} }; }
  counter() { return new Counter(); }
  async call(back) { return await back("from afar"); }
  boom() { throw new RangeError("boom"); }
  stream() { return new Response("streamed").body; }
  fetch(request) { return new Response("fetched " + new URL(request.url).pathname); }
}
export class Admin extends WorkerEntrypoint {
  who() { return "admin of " + this.env.NAME; }
  fetch() { return new Response("admin's"); }
}`;

const caller = `export default { async fetch(request, env) {
  const calls = {
    fetch: async () => (await env.FN.fetch("https://other.example/path")).text(),
    add: () => env.FN.add(1, 2),
    value: () => env.FN.value,
    counter: async () => { using counter = await env.FN.counter(); await counter.add(2); return counter.add(3); },
    pipelined: () => env.FN.counter().add(7),
    back: () => env.FN.call((text) => text + " and back"),
    boom: () => env.FN.boom(),
    none: () => env.FN.none(),
    stream: async () => new Response(await env.FN.stream()).text(),
    named: () => env.ADMIN.who(),
    namedFetch: async () => (await env.ADMIN.fetch("https://other.example/")).text(),
  };
  const wanted = new URL(request.url).searchParams.get("only");
  const selected = Object.entries(calls).filter(([name]) => !wanted || name === wanted);
  const results = await Promise.all(selected.map(async ([name, run]) => {
    try { return [name, await run()]; } catch (error) { return [name, String(error)]; }
  }));
  return Response.json(Object.fromEntries(results));
} };`;

const bindings = [
  { type: "service", name: "FN", service: "called" },
  { type: "service", name: "ADMIN", service: "called", entrypoint: "Admin" },
];
const env = { bindings: [{ type: "plain_text", name: "NAME", text: "called" }] };
const ask = async (query = ""): Promise<unknown> => (await lab.ask("caller", `/${query}`)).json();

describe("a Worker", () => {
  it("calls another's methods: values, properties, stubs, callbacks, errors, streams, entrypoints", async () => {
    await deployWorker(lab, "called", called("!"), env);
    // It is running before another Worker has a binding to it.
    expect(await (await lab.ask("called", "/own")).text()).toBe("fetched /own");
    await deployWorker(lab, "caller", caller, { bindings });
    expect(await ask()).toEqual({
      fetch: "fetched /path",
      add: "3!",
      value: { when: "1970-01-01T00:00:00.000Z", text: "!" },
      counter: 5,
      pipelined: 7,
      back: "from afar and back",
      boom: "RangeError: boom",
      none: expect.stringContaining("does not implement the method"),
      stream: "streamed",
      named: "admin of called",
      namedFetch: "admin's",
    });
  });

  it("calls the live version, before and after a switch and a restart", async () => {
    const one = await liveVersion(lab, "called");
    const two = await version(lab, "called", called("?"), env);
    expect(await ask("?only=add")).toEqual({ add: "3!" });
    await deploy(lab, "called", { [two]: 100 });
    expect(await ask("?only=add")).toEqual({ add: "3?" });
    await lab.restart();
    expect(await ask("?only=add")).toEqual({ add: "3?" });
    await deploy(lab, "called", { [one]: 100 });
    expect(await ask("?only=value")).toEqual({ value: { when: "1970-01-01T00:00:00.000Z", text: "!" } });
    await lab.call("DELETE", "/workers/scripts/called?force=true");
    expect(await ask("?only=add")).toEqual({ add: "Error: The Worker called has no deployment" });
  });

  it("calls its own methods", async () => {
    const own = `import { WorkerEntrypoint } from "cloudflare:workers";
      export class Inner extends WorkerEntrypoint { twice(number) { return 2 * number; } }
      export default { fetch: async (request, env) => new Response(String(await env.SELF.twice(21))) };`;
    await deployWorker(lab, "selfish", own, {
      bindings: [{ type: "service", name: "SELF", service: "selfish", entrypoint: "Inner" }],
    });
    expect(await (await lab.ask("selfish")).text()).toBe("42");
  });
});
