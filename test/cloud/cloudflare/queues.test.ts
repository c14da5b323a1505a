/** Tests of queues: messages are stored, delivered in batches, retried, and moved to the dead letter queue. */
// @module-tag check
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { valueAt, deploy, deployWorker, type CloudflareLab, openCloudflareLab, version } from "./cloudflare-lab.ts";

let lab: CloudflareLab;
const printed: string[] = [];
const logged: string[] = [];
beforeAll(async () => {
  lab = await openCloudflareLab({ onWorkerLog: ({ text }) => printed.push(text), onLog: (line) => logged.push(line) });
});
afterAll(() => lab.close());

const create = async (name: string, settings: object = {}): Promise<string> =>
  String(valueAt((await lab.call("POST", "/queues", { queue_name: name, settings })).result, "queue_id"));
const consume = (queue: string, script: string, settings: object = {}, more: object = {}) =>
  lab.call("POST", `/queues/${queue}/consumers`, { type: "worker", script_name: script, settings, ...more });

/** Sends the messages of the query, and answers the error of a refused one. */
const producer = `export default { async fetch(request, env) {
  const { searchParams } = new URL(request.url);
  try {
    if (searchParams.has("batch")) {
      const length = Number(searchParams.get("batch"));
      await env.Q.sendBatch(Array.from({ length }, (_, body) => ({ body })));
    } else if (searchParams.has("bytes")) {
      await env.Q.send("x".repeat(Number(searchParams.get("bytes"))), { contentType: "text" });
    } else {
      await env.Q.send({ when: new Date(0), set: new Set([1]) }, { contentType: "v8" });
      await env.Q.send("텍스트", { contentType: "text" });
      await env.Q.send({ a: 1 }, { contentType: "json", delaySeconds: 60 });
      await env.Q.send(new Uint8Array([1, 2]), { contentType: "bytes" });
    }
    return new Response("sent");
  } catch (error) { return new Response(error.message); }
} };`;
const bound = (queue: string) => ({ bindings: [{ type: "queue", name: "Q", queue_name: queue }] });
const send = async (script: string, query = ""): Promise<string> => (await lab.ask(script, `/${query}`)).text();
/** Ticks the clock until the Workers have printed so much. */
async function until(lines: number, step = 1000): Promise<void> {
  const tick = (): number => {
    lab.advance(step);
    return printed.length;
  };
  await expect.poll(tick, { interval: 50 }).toBeGreaterThanOrEqual(lines);
}

describe("messages", () => {
  it("wait for a consumer, over a restart too, and arrive as they were sent", async () => {
    const queue = await create("jobs");
    await deployWorker(lab, "sender", producer, bound("jobs"));
    expect(await send("sender")).toBe("sent");
    expect(logged).toEqual(["queue jobs has no consumer: its messages wait until one is added"]);
    await lab.restart();
    const code = `export default { queue(batch) {
      for (const { body, attempts } of batch.messages) {
        const text = body instanceof ArrayBuffer ? new Uint8Array(body).join()
          : body.when ? body.when.toISOString() + body.set.has(1)
          : JSON.stringify(body);
        console.log(batch.queue, attempts, text);
      }
    } };`;
    await deployWorker(lab, "taker", code);
    expect((await consume(queue, "taker", { batch_size: 2 })).result).toMatchObject({
      script: "taker",
      settings: { batch_size: 2, max_retries: 3 },
    });
    await until(3);
    expect(printed.splice(0)).toEqual(["jobs 1 1970-01-01T00:00:00.000Ztrue", 'jobs 1 "텍스트"', "jobs 1 1,2"]);
    await until(1, 30_000);
    expect(printed.splice(0)).toEqual(['jobs 1 {"a":1}']);
    expect((await consume(queue, "taker")).code).toBe(11004);
    expect((await lab.call("GET", "/queues?name=jobs")).result).toMatchObject([
      { producers: [{ script: "sender" }], consumers: [{ script: "taker" }] },
    ]);
  });

  it("come again when the handler fails or says so, and go to the dead letter queue in the end", async () => {
    const [queue, dead] = [await create("hard"), await create("dead")];
    await deployWorker(lab, "hard-sender", producer, bound("hard"));
    const code = `export default { queue(batch) {
      for (const message of batch.messages) {
        console.log(batch.queue, message.body, message.attempts);
        if (message.body === 0) message.ack();
        else message.retry({ delaySeconds: 5 });
      }
      if (batch.queue === "dead") batch.ackAll();
    } };`;
    await deployWorker(lab, "hard-taker", code);
    await consume(queue, "hard-taker", { max_retries: 1, max_wait_time_ms: 0 }, { dead_letter_queue: "dead" });
    expect(await send("hard-sender", "?batch=2")).toBe("sent");
    await until(3);
    expect(printed.splice(0)).toEqual(["hard 0 1", "hard 1 1", "hard 1 2"]);
    await expect
      .poll(() => logged)
      .toContainEqual(expect.stringMatching(/^queue hard: message [0-9a-f]{32} went to dead after 2 attempts$/));
    await deployWorker(lab, "thrower", `export default { queue() { console.log("threw"); throw new Error("no"); } };`);
    await consume(dead, "thrower", { max_retries: 0, max_wait_time_ms: 0 });
    await until(1);
    await expect
      .poll(() => logged)
      .toContainEqual(expect.stringMatching(/^queue dead: message [0-9a-f]{32} was removed after 1 attempts$/));
    printed.length = 0;
  });

  it("come again after the cloud ended during a run, which was an attempt", async () => {
    const queue = await create("cut");
    await deployWorker(lab, "cut-sender", producer, bound("cut"));
    const code = `export default { async queue({ messages: [{ attempts }] }) {
      console.log("attempt", attempts);
      await new Promise(() => setTimeout(() => {}, 1e9));
    } };`;
    await deployWorker(lab, "cut-taker", code);
    await consume(queue, "cut-taker", { max_retries: 1, max_wait_time_ms: 0 });
    await send("cut-sender", "?batch=1");
    await until(1);
    expect((await lab.call("GET", `/queues/${queue}/metrics`)).result).toEqual({
      backlog_count: 1,
      backlog_bytes: expect.any(Number),
      oldest_message_timestamp_ms: expect.any(Number),
    });
    await lab.restart();
    await until(2);
    expect(printed.splice(0)).toEqual(["attempt 1", "attempt 2"]);
    logged.length = 0;
    await lab.restart();
    lab.advance(1000);
    expect(logged).toEqual([expect.stringMatching(/^queue cut: message [0-9a-f]{32} was removed after 2 attempts$/)]);
    expect(printed).toEqual([]);
  });

  it("are refused to their sender above 128 KB and above 100 of a batch", async () => {
    await create("small");
    await deployWorker(lab, "small-sender", producer, bound("small"));
    expect(await send("small-sender", "?bytes=128000")).toBe("sent");
    expect(await send("small-sender", "?bytes=128001")).not.toBe("sent");
    expect(await send("small-sender", "?batch=100")).toBe("sent");
    expect(await send("small-sender", "?batch=101")).not.toBe("sent");
  });

  it("stand still while delivery is paused, and are dropped when the queue keeps them no longer", async () => {
    const queue = await create("paused", { delivery_paused: true, message_retention_period: 60 });
    await deployWorker(lab, "paused-sender", producer, bound("paused"));
    await deployWorker(
      lab,
      "paused-taker",
      `export default { queue: (batch) => console.log("got " + batch.messages.map(({ body }) => body).join()) };`,
    );
    await consume(queue, "paused-taker", { max_wait_time_ms: 0 });
    await send("paused-sender", "?batch=1");
    lab.advance(61_000);
    await send("paused-sender", "?batch=2");
    lab.advance(30_000);
    expect((await lab.call("PATCH", `/queues/${queue}`, { settings: { delivery_paused: false } })).status).toBe(200);
    await until(1);
    expect(printed.splice(0)).toEqual(["got 0,1"]);
  });
});

describe("a consumer", () => {
  it("is a Worker's live version, is changed, and goes before its Worker and its queue", async () => {
    const queue = await create("life");
    await deployWorker(lab, "life-sender", producer, bound("life"));
    const says = (text: string): string => `export default { queue: () => console.log(${JSON.stringify(text)}) };`;
    await deployWorker(lab, "life-taker", says("one"));
    const consumer = String(valueAt((await consume(queue, "life-taker")).result, "consumer_id"));
    const changed = { type: "worker", script_name: "life-taker", settings: { max_wait_time_ms: 0 } };
    expect((await lab.call("PUT", `/queues/${queue}/consumers/${consumer}`, changed)).result).toMatchObject({
      settings: { max_wait_time_ms: 0 },
    });
    await deploy(lab, "life-taker", { [await version(lab, "life-taker", says("two"))]: 100 });
    await send("life-sender", "?batch=1");
    await until(1);
    expect(printed.splice(0)).toEqual(["two"]);
    expect((await consume(queue, "nobody")).code).toBe(10007);
    expect((await lab.call("POST", `/queues/${queue}/consumers`, { type: "http_pull" })).message).toContain(
      "does not support pull consumers",
    );
    expect((await lab.call("DELETE", "/workers/scripts/life-taker?force=true")).code).toBe(10064);
    expect((await lab.call("DELETE", `/queues/${queue}/consumers/${consumer}`)).status).toBe(200);
    expect((await lab.call("DELETE", "/workers/scripts/life-taker")).status).toBe(200);
    expect((await lab.call("DELETE", `/queues/${queue}`)).code).toBe(11005);
    await deploy(lab, "life-sender", { [await version(lab, "life-sender", says("unbound"))]: 100 });
    expect((await lab.call("DELETE", `/queues/${queue}`)).status).toBe(200);
  });
});
