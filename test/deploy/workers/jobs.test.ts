/** Releases of an app with jobs on Workers: its queues, and what calls them, through rollbacks and removals. */
import { afterEach, expect, test } from "vitest";
import { checkLiveJobs } from "../../../deploy/job-schedule.ts";
import { planForCloud } from "../../../deploy/planning.ts";
import { removeStage } from "../../../deploy/teardown.ts";
import { switchRelease } from "../../../deploy/switch.ts";
import type { ClientOptions } from "../../../deploy/workers/client.ts";
import type { App } from "../../../framework/model/app.ts";
import { type DeployFixture, isWrite, openDeployFixture, page } from "./deploy-fixture.ts";

let fixture: DeployFixture;
afterEach(() => fixture.close());

const job = (word: string): string =>
  `import { store } from "portico/store";
export default async (data: unknown, context: never) => {
  await store(context, "runs").set("last", [${JSON.stringify(word)}, data]);
};
`;
const sender = `import { send } from "portico/jobs";
import { store } from "portico/store";
export const POST = async (_: Request, context: never) => Response.json(await send(context, "digest" as never, 7));
export const GET = async (_: Request, context: never) =>
  Response.json((await store(context, "runs").get("last"))?.value ?? null);
`;
const scheduled = (cron: string, more: Partial<App> = {}): { readonly app: Partial<App> } => ({
  app: { jobs: { digest: { cron } }, clock: true, ...more },
});
/** Minutes in which no test runs. */
const never = "0 0 29 2 1";
const later = "1 0 29 2 1";

async function writeApp(): Promise<void> {
  await fixture.write("functions/_jobs/digest.ts", job("one"));
  await fixture.write("functions/send.ts", sender);
}

const list = async (path: string): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  fixture.client.call({ operation: "list", method: "GET", path });
const queues = () => list("/queues");
const answer = async (url: URL): Promise<string> => (await fetch(url)).text();
async function schedules(): Promise<readonly string[]> {
  const path = "/workers/scripts/road--local/schedules";
  const call = { operation: "getSchedules", method: "GET", path } as const;
  const found = await fixture.client.call<{ readonly schedules: readonly { readonly cron: string }[] }>(call);
  return found.schedules.map(({ cron }) => cron);
}

/** Calls since the last look that change a queue, a consumer or a schedule. */
const triggerCalls = () =>
  fixture
    .takeCalls()
    .filter((call) => isWrite(call) && /\/queues|\/schedules/.test(call.path))
    .map(
      ({ method, path }) => `${method} ${path.replace(/.*(?=\/queues|\/workers)/, "").replace(/[0-9a-f]{32}/g, "ID")}`,
    );

async function rollback(number?: number) {
  return switchRelease({
    platform: await fixture.platform({}, false),
    command: "rollback",
    smoke: [],
    onSwitch: async () => undefined,
    ...(number !== undefined && { number }),
  });
}

test("the queues are made first, the consumer and the clock last, and what is sent runs", async () => {
  fixture = await openDeployFixture();
  await writeApp();
  const { text, live } = await fixture.deploy(scheduled(never));
  expect(text).toMatch(/^\+ table +road--local +new$/m);
  expect(text).toMatch(/^\+ queue +road--local +new$/m);
  expect(text).toMatch(/^\+ queue +road--local-dead +new$/m);
  expect(text).toMatch(/^\+ schedule +\* \* \* \* \* +new$/m);
  expect(text).toMatch(/^\+ binding +PORTICO_JOBS +new$/m);
  expect(text).toMatch(/^\+ job +digest +\S+ KB +new$/m);
  const writes = fixture.takeCalls().filter(isWrite);
  const at = (part: string): number => writes.findIndex(({ path }) => path.includes(part));
  expect(at("/queues")).toBeLessThan(at("/versions"));
  expect(writes.slice(-2).map(({ path }) => path.replace(/.*\//, ""))).toEqual(["consumers", "schedules"]);
  expect(JSON.parse(writes.at(-2)?.body ?? "")).toEqual({
    type: "worker",
    script_name: "road--local",
    dead_letter_queue: "road--local-dead",
    settings: { batch_size: 1, max_wait_time_ms: 0, max_retries: 100, retry_delay: 60, max_concurrency: 2 },
  });
  expect(await schedules()).toEqual(["* * * * *"]);
  const url = new URL("/send", live.url);
  expect((await fetch(url, { method: "POST" })).status).toBe(200);
  await expect.poll(() => answer(url), { timeout: 60_000 }).toBe(`["one",7]`);
  expect((await fixture.deploy(scheduled(never))).changed).toBe(false);
});

test("a changed schedule, a changed job and rollbacks make no call to any trigger", async () => {
  fixture = await openDeployFixture();
  await writeApp();
  await fixture.deploy(scheduled(never));
  fixture.takeCalls();
  const second = await fixture.deploy(scheduled(later));
  expect(second.text).toMatch(/^~ job +digest .*schedule 0 0 29 2 1 UTC → 1 0 29 2 1 UTC$/m);
  await fixture.write("functions/_jobs/digest.ts", job("two"));
  await fixture.deploy(scheduled(later));
  await fixture.deploy({ app: { jobs: {}, clock: true } });
  await rollback();
  await rollback(1);
  expect(triggerCalls()).toEqual([]);
  expect(await schedules()).toEqual(["* * * * *"]);
});

test("another concurrency changes the consumer alone", async () => {
  fixture = await openDeployFixture();
  await writeApp();
  await fixture.deploy(scheduled(never));
  fixture.takeCalls();
  const { text } = await fixture.deploy(scheduled(never, { jobConcurrency: 5 }));
  expect(text).toMatch(/^~ queue +road--local +jobs at once 2 → 5$/m);
  expect(triggerCalls()).toEqual(["PUT /queues/ID/consumers/ID"]);

  // What the doctor says where somebody deleted the consumer.
  const faults = async () =>
    checkLiveJobs(await (await fixture.platform({}, false)).observe(), "local").map(({ text: fault }) => fault);
  expect(await faults()).toEqual([]);
  const queue = (await queues()).find(({ queue_name }) => queue_name === "road--local");
  const [consumer] = queue!["consumers"] as readonly { readonly consumer_id: string }[];
  const path = `/queues/${String(queue!["queue_id"])}/consumers/${consumer?.consumer_id}`;
  await fixture.client.call({ operation: "deleteConsumer", method: "DELETE", path });
  expect(await faults()).toEqual(["nothing reads the queue road--local: what does is off or gone"]);
});

test("a release without jobs lets messages wait, and a rollback has them run", async () => {
  fixture = await openDeployFixture();
  await writeApp();
  const { live } = await fixture.deploy(scheduled(never));
  await fixture.write("functions/_jobs/digest.ts", undefined);
  await fixture.write("functions/send.ts", page("none"));
  fixture.takeCalls();
  const { text } = await fixture.deploy();
  expect(text).toMatch(/^- job +digest +no longer in the app$/m);
  expect(text).toMatch(/^= queue +road--local and road--local-dead +not used any more; kept for earlier releases$/m);
  expect(triggerCalls()).toEqual(["DELETE /queues/ID/consumers/ID", "PUT /workers/scripts/road--local/schedules"]);
  expect((await fixture.deploy()).changed).toBe(false);
  await rollback();
  expect(triggerCalls()).toEqual(["POST /queues/ID/consumers", "PUT /workers/scripts/road--local/schedules"]);
  const url = new URL("/send", live.url);
  await fetch(url, { method: "POST" });
  await expect.poll(() => answer(url), { timeout: 60_000 }).toBe(`["one",7]`);
});

test("a removal takes the queues along, in the order that Cloudflare wants", async () => {
  fixture = await openDeployFixture();
  await writeApp();
  await fixture.deploy(scheduled(never));
  const remove = async () =>
    removeStage({ platform: await fixture.platform({}, false), withData: true, onPlan: async () => undefined });
  const { removed } = await remove();
  expect(removed.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    "worker road--local",
    "queue road--local",
    "queue road--local-dead",
    "table road--local",
  ]);
  expect(await queues()).toEqual([]);
  expect(await remove()).toEqual({ removed: [], kept: [] });
});

/** Runs a command again and again, each time until its first change of a queue or a trigger took effect. */
async function untilDone(run: (client: ClientOptions) => Promise<unknown>): Promise<readonly string[]> {
  const changing = /^(?:createQueue|createConsumer|putSchedules|deleteConsumer|deleteQueue)$/;
  const deaths: string[] = [];
  for (;;) {
    let last: string | undefined;
    const transport: NonNullable<ClientOptions["transport"]> = async ({ operation }, send) => {
      if (last !== undefined) throw new Error("died");
      const result = await send();
      if (changing.test(operation)) {
        last = operation;
        throw new Error("died");
      }
      return result;
    };
    const error = await run({ transport }).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    if (last === undefined) {
      expect(error).toBeUndefined();
      return deaths;
    }
    deaths.push(last);
    expect(deaths.length, deaths.join()).toBeLessThan(20);
  }
}

test("runs that die after each change of queues and triggers end as whole ones", { tags: ["check"] }, async () => {
  fixture = await openDeployFixture();
  await writeApp();
  const made = await untilDone((client) => fixture.deploy({ ...scheduled(never), client }));
  expect(made).toEqual(["createQueue", "createQueue", "createConsumer", "putSchedules"]);
  const { changed, live } = await fixture.deploy(scheduled(never));
  expect(changed).toBe(false);
  await fixture.write("functions/_jobs/digest.ts", undefined);
  await fixture.write("functions/send.ts", page("none"));
  expect(await untilDone((client) => fixture.deploy({ client }))).toEqual(["deleteConsumer", "putSchedules"]);
  expect((await fixture.deploy()).changed).toBe(false);
  expect(await schedules()).toEqual([]);
  await rollback(live.number);
  const url = new URL("/send", live.url);
  await fetch(url, { method: "POST" });
  await expect.poll(() => answer(url), { timeout: 60_000 }).toBe(`["one",7]`);
  const removals = await untilDone(async (client) =>
    removeStage({
      platform: await fixture.platform({ client }, false),
      withData: false,
      onPlan: async () => undefined,
    }),
  );
  expect(removals).toEqual(["deleteConsumer", "deleteQueue", "deleteQueue"]);
  expect(await queues()).toEqual([]);
});

test("queues that a killed removal left are removed by the next one", async () => {
  fixture = await openDeployFixture();
  for (const queue_name of ["road--local", "road--local-dead"])
    await fixture.client.call({ operation: "createQueue", method: "POST", path: "/queues", json: { queue_name } });
  const platform = await fixture.platform({}, false);
  const { removed } = await removeStage({ platform, withData: false, onPlan: async () => undefined });
  expect(removed.map(({ kind }) => kind)).toEqual(["queue", "queue"]);
});

test("a queue of that name that another Worker uses is refused; an unused one is taken over", async () => {
  fixture = await openDeployFixture();
  await writeApp();
  const call = { operation: "createQueue", method: "POST", path: "/queues" } as const;
  await fixture.client.call({ ...call, json: { queue_name: "road--local" } });
  await fixture.deploy({ app: { name: "other", ...scheduled(never).app } });
  const [queue] = (await queues()).filter((one) => one["queue_name"] === "road--local");
  const path = `/queues/${String(queue!["queue_id"])}/consumers`;
  const json = { type: "worker", script_name: "other--local", settings: {} };
  const consumer = await fixture.client.call<{ readonly consumer_id: string }>({ ...call, path, json });
  fixture.takeCalls();
  await expect(fixture.deploy(scheduled(never))).rejects.toMatchObject({ code: "NAME_TAKEN" });
  expect(fixture.takeCalls().filter((one) => isWrite(one) && !one.body.includes("SELECT"))).toEqual([]);
  await fixture.client.call({ operation: "end", method: "DELETE", path: `${path}/${consumer.consumer_id}` });
  const { live } = await fixture.deploy(scheduled(never));
  expect(live.number).toBe(1);
});

test("an account that has as many cron triggers as the Free plan allows is told so in the plan", async () => {
  fixture = await openDeployFixture({ plan: "free" });
  await fixture.deploy({ app: { name: "other" } });
  const crons = [1, 2, 3, 4, 5].map((minute) => ({ cron: `${minute} 0 1 1 *` }));
  const path = "/workers/scripts/other--local/schedules";
  await fixture.client.call({ operation: "putSchedules", method: "PUT", path, json: crons });
  await writeApp();
  const { plan } = await planForCloud(await fixture.platform(scheduled(never)));
  expect(plan.changes.find(({ kind }) => kind === "schedule")?.note).toContain("the Free plan has room for 5");
  const silent = await planForCloud(await fixture.platform({ app: { jobs: {}, clock: false } }));
  expect(silent.plan.changes.filter(({ kind }) => kind === "schedule")).toEqual([]);
});
