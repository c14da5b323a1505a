/** Releases of an app with jobs on Lambda: its queues, and what calls them, through rollbacks and removals. */
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  QueueDeletedRecently,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import {
  GetFunctionCommand,
  ListEventSourceMappingsCommand,
  UpdateAliasCommand,
  UpdateEventSourceMappingCommand,
} from "@aws-sdk/client-lambda";
import { DeleteScheduleCommand, GetScheduleCommand, UpdateScheduleCommand } from "@aws-sdk/client-scheduler";
import { afterEach, expect, test } from "vitest";
import { checkLiveJobs, liveJobs } from "../../../deploy/job-schedule.ts";
import { ensureClock, findClock } from "../../../deploy/lambda/job-clock.ts";
import { functionName } from "../../../deploy/lambda/names.ts";
import { planText } from "../../../deploy/plan.ts";
import { planForCloud } from "../../../deploy/planning.ts";
import { switchRelease } from "../../../deploy/switch.ts";
import { removeStage } from "../../../deploy/teardown.ts";
import type { App } from "../../../framework/model/app.ts";
import { type DeployFixture, type DeployOptions, isWrite, openDeployFixture, page, place } from "./deploy-fixture.ts";

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
const scheduled = (cron: string, more: Partial<App> = {}): DeployOptions => ({
  app: { jobs: { digest: { cron } }, clock: true, ...more },
});
/** Minutes in which no test runs. */
const never = "0 0 29 2 1";
const later = "1 0 29 2 1";
const lambda: App["lambda"] = { architecture: "arm64", logRetention: 30, policies: [] };
const url: Partial<App> = { group: "app", lambda: { ...lambda, front: "function-url" } };
const QueueUrl = "https://sqs.us-east-1.amazonaws.com/000000000000/road--local";

async function writeApp(): Promise<void> {
  await fixture.write("functions/_jobs/digest.ts", job("one"));
  await fixture.write("functions/send.ts", sender);
}

async function removeJobs(): Promise<void> {
  await fixture.write("functions/_jobs/digest.ts", undefined);
  await fixture.write("functions/send.ts", page("none"));
}

const answer = async (at: URL): Promise<string> => (await fetch(at)).text();
const runs = async (at: URL, word: string): Promise<void> => {
  await expect.poll(() => answer(at), { timeout: 60_000 }).toBe(`["${word}",7]`);
};

/** Calls since the last look that change a queue, a mapping, or a schedule. */
const triggerCalls = () =>
  fixture.takeCalls().flatMap((call) => {
    const { method, path, target } = call;
    if (!isWrite(call)) return [];
    if (target.startsWith("AmazonSQS")) return [target];
    const [, what] = /\/(event-source-mappings|schedules|schedule-groups)\b/.exec(path) ?? [];
    return what === undefined ? [] : [`${method} ${what}`];
  });

async function rollback(number?: number) {
  return switchRelease({
    platform: await fixture.platform({}, false),
    command: "rollback",
    smoke: [],
    onSwitch: async () => undefined,
    ...(number !== undefined && { number }),
  });
}

/** What `portico doctor` says of the jobs. */
const faults = async () =>
  checkLiveJobs(await (await fixture.platform({}, false)).observe(), "local").map(({ text }) => text);

const mappings = async () =>
  (await fixture.clients.lambda.send(new ListEventSourceMappingsCommand({}))).EventSourceMappings ?? [];

const remove = async (withData: boolean) =>
  removeStage({ platform: await fixture.platform({}, false), withData, onPlan: async () => undefined });

test.each([
  ["an HTTP API", {}],
  ["a function URL", url],
] as const)("behind %s queues are made first, mapping and clock last, and what is sent runs", async (_front, front) => {
  fixture = await openDeployFixture();
  await writeApp();
  const { text, live } = await fixture.deploy(scheduled(never, front));
  expect(text).toMatch(/^\+ table +road--local +new$/m);
  expect(text).toMatch(/^\+ queue +road--local +new; Lambda polls it with about 648,000 SQS requests a month$/m);
  expect(text).toMatch(/^\+ queue +road--local-dead +new$/m);
  expect(text).toMatch(/^\+ schedule +road--local +new; 43,800 ticks a month$/m);
  expect(text).toMatch(/^\+ function +_jobs +\S+ KB +new$/m);
  const writes = fixture.takeCalls().filter(isWrite);
  const at = (part: RegExp): number => writes.findIndex(({ path, target }) => part.test(`${path} ${target}`));
  expect(at(/CreateQueue/)).toBeLessThan(at(/\/functions /));
  const ends = [/_jobs-\w+\/aliases/, /event-source-mappings/, /\/schedule-groups/, /\/schedules/].map(at);
  expect(ends).toEqual(ends.toSorted((one, other) => one - other));
  expect(ends[0]).toBeGreaterThan(at(front === url ? /app-\w+\/aliases/ : /\/stages/));
  const path = new URL("/send", live.url);
  expect((await fetch(path, { method: "POST" })).status).toBe(200);
  await runs(path, "one");
  fixture.takeCalls();
  expect((await fixture.deploy(scheduled(never, front))).changed).toBe(false);
  expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
});

test("schedules, jobs and rollbacks call no trigger; another concurrency changes the mapping alone", async () => {
  fixture = await openDeployFixture();
  await writeApp();
  await fixture.deploy(scheduled(never));
  fixture.takeCalls();
  const second = await fixture.deploy(scheduled(later));
  expect(second.text).toMatch(/^~ function +_jobs .*code, job digest 0 0 29 2 1 UTC → 1 0 29 2 1 UTC$/m);
  await fixture.write("functions/_jobs/digest.ts", job("two"));
  const { live } = await fixture.deploy(scheduled(later));
  const path = new URL("/send", live.url);
  await fetch(path, { method: "POST" });
  await runs(path, "two");
  await fixture.deploy({ app: { jobs: {}, clock: true } });
  await rollback();
  await rollback(2);
  expect(triggerCalls()).toEqual([]);
  await fetch(path, { method: "POST" });
  await runs(path, "one");
  const { text } = await fixture.deploy(scheduled(later, { jobConcurrency: 5 }));
  expect(text).toMatch(/^~ queue +road--local +jobs at once 2 → 5$/m);
  expect(triggerCalls()).toEqual(["PUT event-source-mappings"]);
});

test("a release without jobs lets messages wait, and a rollback has them run", async () => {
  fixture = await openDeployFixture();
  await writeApp();
  const { live } = await fixture.deploy(scheduled(never));
  await removeJobs();
  fixture.takeCalls();
  const { text } = await fixture.deploy();
  expect(text).toMatch(/^- function +_jobs +no longer in the app/m);
  expect(text).toMatch(/^= queue +road--local and road--local-dead +not used any more/m);
  expect(triggerCalls()).toEqual(["DELETE schedules", "DELETE event-source-mappings"]);
  expect((await fixture.deploy()).changed).toBe(false);
  expect(triggerCalls()).toEqual([]);
  await rollback();
  expect(triggerCalls()).toEqual(["POST event-source-mappings", "POST schedules"]);
  const path = new URL("/send", live.url);
  await fetch(path, { method: "POST" });
  await runs(path, "one");
});

test(
  "a kill between the two calls of a switch is a line of the plan, which the next deploy finishes",
  { tags: ["check"] },
  async () => {
    fixture = await openDeployFixture();
    await writeApp();
    const { live } = await fixture.deploy(scheduled(never));
    await fixture.write("functions/_jobs/digest.ts", job("two"));
    await fixture.write("functions/index.ts", page("two"));
    const killed = new Error("killed");
    const transport: NonNullable<DeployOptions["client"]>["transport"] = async ({ operation }, send) => {
      if (operation === "UpdateStage") throw killed;
      return send();
    };
    await expect(fixture.deploy({ ...scheduled(never), client: { transport } })).rejects.toBe(killed);
    await fixture.write("functions/_jobs/digest.ts", job("one"));
    await fixture.write("functions/index.ts", page("home"));
    const { plan } = await planForCloud(await fixture.platform(scheduled(never)));
    expect(planText(plan)).toMatch(/^~ job +live +finish: jobs follow release 1$/m);
    fixture.takeCalls();
    await fixture.deploy(scheduled(never));
    expect(triggerCalls()).toEqual([]);
    const path = new URL("/send", live.url);
    await fetch(path, { method: "POST" });
    await runs(path, "one");
    expect((await fixture.deploy(scheduled(never))).changed).toBe(false);
  },
);

test(
  "a lost mapping is adopted, each function may what it needs, and a removal wants --data",
  { tags: ["check"] },
  async () => {
    fixture = await openDeployFixture();
    await writeApp();
    let lost = 0;
    const transport: NonNullable<DeployOptions["client"]>["transport"] = async ({ operation }, send) => {
      const made = await send();
      if (operation !== "CreateEventSourceMapping" || lost++ > 0) return made;
      throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    };
    const { live, text } = await fixture.deploy({ ...scheduled(never), client: { transport } });
    expect(lost).toBeGreaterThan(0);
    expect((await fixture.deploy(scheduled(never))).changed).toBe(false);
    const path = new URL("/send", live.url);
    await fetch(path, { method: "POST" });
    await runs(path, "one");

    const permissions = (name: string): string =>
      new RegExp(`^! permission +role ${name} .*$`, "m").exec(text)?.[0] ?? "";
    const find = async (id: string) => {
      const FunctionName = functionName({ app: "road", stage: "local" }, id);
      const { Configuration } = await fixture.clients.lambda.send(new GetFunctionCommand({ FunctionName }));
      return {
        variable: Configuration?.Environment?.Variables?.["PORTICO_JOBS"],
        may: permissions(Configuration?.Role?.split("/").at(-1) ?? ""),
      };
    };
    expect(await find("index")).toMatchObject({ variable: undefined, may: expect.not.stringContaining("sqs") });
    const sending = await find("send");
    expect(sending.variable).toBe(QueueUrl);
    expect(sending.may).toMatch(/ sqs:SendMessage on arn:aws:sqs:us-east-1:000000000000:road--local$/);
    expect((await find("_jobs")).may).toContain("sqs:ReceiveMessage");

    const queues = ["road--local", "road--local-dead"].map((name) => ({ kind: "queue", name, entries: 0 }));
    const first = await remove(false);
    expect(first.kept).toMatchObject([{ kind: "table" }, ...queues]);
    expect(first.removed[0]).toEqual({ kind: "schedule", name: "road--local" });
    expect(await remove(false)).toMatchObject({ removed: [] });
    const second = await remove(true);
    expect(second.removed.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "queue road--local",
      "queue road--local-dead",
      "table road--local",
    ]);
    expect(await remove(true)).toEqual({ removed: [], kept: [] });
  },
);

test("a queue of that name which is not ours is refused before any write", async () => {
  fixture = await openDeployFixture();
  await writeApp();
  await fixture.clients.sqs.send(new CreateQueueCommand({ QueueName: "road--local" }));
  fixture.takeCalls();
  await expect(fixture.deploy(scheduled(never))).rejects.toMatchObject({ code: "NAME_TAKEN" });
  expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
  await removeJobs();
  await fixture.deploy();
  await remove(true);
  const { Attributes } = await fixture.clients.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }),
  );
  expect(Attributes).toHaveProperty("QueueArn");
  await fixture.clients.sqs.send(new DeleteQueueCommand({ QueueUrl }));
});

test("in a VPC, and with a role of one's own, the plan says what else is needed", async () => {
  fixture = await openDeployFixture();
  await writeApp();
  const vpc = { subnets: ["subnet-1"], securityGroups: ["sg-1"] };
  const role = "arn:aws:iam::000000000000:role/mine";
  const { plan } = await planForCloud(await fixture.platform(scheduled(never, { lambda: { ...lambda, vpc, role } })));
  expect(planText(plan)).toMatch(/^\+ queue +road--local .*through an interface endpoint for SQS or a NAT gateway/m);
  expect(planText(plan)).toMatch(
    /^= role .*sqs:SendMessage on .* and scheduler.amazonaws.com must be able to assume it/m,
  );
});

test(
  "what somebody moved or turned off is a line of the plan; a deploy of one route leaves the jobs",
  { tags: ["check"] },
  async () => {
    fixture = await openDeployFixture();
    await writeApp();
    await fixture.deploy(scheduled(never));
    await fixture.write("functions/_jobs/digest.ts", job("two"));
    const { live } = await fixture.deploy(scheduled(never));
    const FunctionName = functionName({ app: "road", stage: "local" }, "_jobs");
    await fixture.clients.lambda.send(new UpdateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1" }));
    const { scheduler } = fixture.clients;
    const named = { GroupName: "road--local", Name: "road--local" };
    const { Target, ScheduleExpression } = await scheduler.send(new GetScheduleCommand(named));
    const FlexibleTimeWindow = { Mode: "OFF" } as const;
    await scheduler.send(
      new UpdateScheduleCommand({ ...named, Target, ScheduleExpression, FlexibleTimeWindow, State: "DISABLED" }),
    );
    const [mapping] = await mappings();
    await fixture.clients.lambda.send(new UpdateEventSourceMappingCommand({ UUID: mapping?.UUID, Enabled: false }));
    expect(await faults()).toEqual([
      "not so yet: jobs follow release 2",
      "nothing reads the queue road--local: what does is off or gone",
      "the clock is off or gone",
    ]);
    fixture.takeCalls();
    const { text } = await fixture.deploy(scheduled(never));
    expect(await faults()).toEqual([]);
    expect(text).toMatch(/^~ job +live +finish: jobs follow release 2$/m);
    expect(text).toMatch(/^\+ schedule +road--local /m);
    expect(triggerCalls()).toEqual(["PUT event-source-mappings", "PUT schedules"]);
    expect((await fixture.deploy(scheduled(never))).changed).toBe(false);

    await fixture.write("functions/_jobs/digest.ts", job("three"));
    await fixture.write("functions/index.ts", page("three"));
    fixture.takeCalls();
    const only = await fixture.deploy({ ...scheduled(later), only: "/" });
    expect(only.text).toMatch(/^= function .*_jobs.* unchanged$/m);
    expect(triggerCalls()).toEqual([]);
    expect(await answer(new URL(live.url))).toContain("three");
    const path = new URL("/send", live.url);
    await fetch(path, { method: "POST" });
    await runs(path, "two");
    expect(liveJobs(await (await fixture.platform({}, false)).observe())).toEqual([
      { name: "digest", cron: never, zone: "UTC" },
    ]);
  },
);

test(
  "a deploy says once that it waits for the name of a queue that was just deleted",
  { tags: ["check"] },
  async () => {
    fixture = await openDeployFixture();
    await writeApp();
    const waits: string[] = [];
    let refused = 0;
    const transport: NonNullable<DeployOptions["client"]>["transport"] = async ({ operation }, send) => {
      if (operation === "CreateQueue" && refused++ < 2)
        throw new QueueDeletedRecently({ message: "wait 60 seconds", $metadata: {} });
      return send();
    };
    await fixture.deploy({ ...scheduled(never), client: { transport, onWait: (text) => waits.push(text) } });
    expect(waits).toEqual(["waiting for the name road--local-dead: SQS frees it a minute after its queue was deleted"]);
  },
);

test("a clock that somebody made or deleted since it was looked for is set all the same", async () => {
  fixture = await openDeployFixture();
  await writeApp();
  await fixture.deploy(scheduled(never));
  const owner = { app: "road", stage: "local" };
  const { clients } = fixture;
  const found = await findClock(clients, owner, place);
  const roleArn = found?.schedule?.roleArn ?? "";
  const input = { clients, owner, place, roleArn, isFresh: () => false };
  await clients.scheduler.send(new DeleteScheduleCommand({ GroupName: "road--local", Name: "road--local" }));
  const isOff = { owner: "ours", schedule: { roleArn, isOn: false } } as const;
  await ensureClock(input, isOff);
  expect(await findClock(clients, owner, place)).toEqual(found);

  const named = { GroupName: "road--local", Name: "road--local" };
  const { Target, ScheduleExpression } = await clients.scheduler.send(new GetScheduleCommand(named));
  const FlexibleTimeWindow = { Mode: "OFF" } as const;
  await clients.scheduler.send(
    new UpdateScheduleCommand({ ...named, Target, ScheduleExpression, FlexibleTimeWindow, State: "DISABLED" }),
  );
  await ensureClock(input, { owner: "ours", schedule: undefined });
  expect(await findClock(clients, owner, place)).toEqual(found);
});

test(
  "a removal finds the queues of a release that died before its record, after one without jobs",
  { tags: ["check"] },
  async () => {
    fixture = await openDeployFixture();
    await fixture.deploy();
    await writeApp();
    const { transport, died } = dying();
    await expect(fixture.deploy({ ...scheduled(never), client: { transport } })).rejects.toThrow("died");
    expect(died()).toBe("CreateQueue");
    const { removed } = await remove(true);
    expect(removed).toContainEqual({ kind: "queue", name: "road--local-dead" });
    expect(await remove(true)).toEqual({ removed: [], kept: [] });
  },
);

/** Calls that change what calls the jobs, and their queues. */
const changing = /^(?:Create|Update|Delete)(?:Queue|Alias|EventSourceMapping|Schedule|ScheduleGroup)$/;

/** A transport that dies after its first such call took effect, and says which it was. */
function dying() {
  let last: string | undefined;
  const transport: NonNullable<DeployOptions["client"]>["transport"] = async ({ operation }, send) => {
    if (last !== undefined) throw new Error("died");
    const result = await send();
    if (changing.test(operation)) {
      last = operation;
      throw new Error("died");
    }
    return result;
  };
  return { transport, died: () => last };
}

/** Runs a command again and again, each time until its first change took effect; gives the calls that it died after. */
async function untilDone(run: (client: DeployOptions["client"]) => Promise<unknown>): Promise<readonly string[]> {
  const deaths: string[] = [];
  for (;;) {
    const { transport, died } = dying();
    const error = await run({ transport }).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    const last = died();
    if (last === undefined) {
      expect(error).toBeUndefined();
      return deaths;
    }
    deaths.push(last);
    expect(deaths.length, deaths.join()).toBeLessThan(20);
  }
}

test("runs that die after each change of queues and triggers lose no message", { tags: ["check"] }, async () => {
  fixture = await openDeployFixture();
  await writeApp();
  const deaths = await untilDone((client) => fixture.deploy({ ...scheduled(never), ...(client && { client }) }));
  expect(deaths).toEqual([
    "CreateQueue",
    "CreateQueue",
    "CreateAlias",
    "CreateEventSourceMapping",
    "CreateScheduleGroup",
    "CreateSchedule",
  ]);
  const { changed, live } = await fixture.deploy(scheduled(never));
  expect(changed).toBe(false);
  const path = new URL("/send", live.url);
  await fetch(path, { method: "POST" });
  await runs(path, "one");

  await removeJobs();
  const gone = await untilDone((client) => fixture.deploy({ ...(client && { client }) }));
  expect(gone).toEqual(["DeleteSchedule", "DeleteEventSourceMapping", "DeleteAlias"]);
  expect((await fixture.deploy()).changed).toBe(false);
  await fixture.clients.sqs.send(
    new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify({ job: "digest", data: 8, id: "kept" }) }),
  );
  const number = live.number;
  await untilDone(async (client) =>
    switchRelease({
      platform: await fixture.platform({ ...(client && { client }) }, false),
      command: "rollback",
      number,
      smoke: [],
      onSwitch: async () => undefined,
    }),
  );
  await expect.poll(() => answer(path), { timeout: 60_000 }).toBe(`["one",8]`);
  await untilDone(async (client) =>
    removeStage({
      platform: await fixture.platform({ ...(client && { client }) }, false),
      withData: true,
      onPlan: async () => undefined,
    }),
  );
  expect(await remove(true)).toEqual({ removed: [], kept: [] });
});
