/** The operations of CloudWatch Logs, called by the AWS SDK's client, on a clock that the test moves. */
// @module-tag check
import { appendFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  type FilterLogEventsCommandInput,
  type InputLogEvent,
  paginateFilterLogEvents,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
  StartQueryCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type Lab, openLab, refusalOf } from "../../lab.ts";

let lab: Lab;
beforeAll(async () => void (lab = await openLab()));
afterAll(() => lab.close());

const createGroup = (logGroupName: string, tags?: Record<string, string>) =>
  lab.logs.send(new CreateLogGroupCommand({ logGroupName, tags }));
const createStream = (logGroupName: string, logStreamName: string) =>
  lab.logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
const put = (logGroupName: string, logStreamName: string, ...logEvents: InputLogEvent[]) =>
  lab.logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
const filter = (logGroupName: string, more: Partial<FilterLogEventsCommandInput> = {}) =>
  lab.logs.send(new FilterLogEventsCommand({ logGroupName, ...more }));
const messages = async (logGroupName: string, more: Partial<FilterLogEventsCommandInput> = {}) =>
  (await filter(logGroupName, more)).events!.map(({ message }) => message);

describe("log groups", () => {
  it("are created once, described by prefix, get a retention and are deleted", async () => {
    await createGroup("/portico/a/prod", { app: "a" });
    await createGroup("/portico/b/prod");
    expect(await refusalOf(createGroup("/portico/a/prod"))).toMatchObject({
      name: "ResourceAlreadyExistsException",
      status: 400,
    });
    const describeAll = async (more: object) => (await lab.logs.send(new DescribeLogGroupsCommand(more))).logGroups!;
    const arn = "arn:aws:logs:us-east-1:000000000000:log-group:/portico/a/prod";
    const [group] = await describeAll({ logGroupNamePrefix: "/portico/a" });
    expect(group).toMatchObject({ logGroupName: "/portico/a/prod", arn: `${arn}:*`, logGroupArn: arn, storedBytes: 0 });
    expect(group!.retentionInDays).toBeUndefined();
    expect(await describeAll({ logGroupNamePattern: "B/P" })).toHaveLength(1);
    const first = await lab.logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: "/portico/", limit: 1 }));
    expect(await describeAll({ logGroupNamePrefix: "/portico/", nextToken: first.nextToken })).toMatchObject([
      { logGroupName: "/portico/b/prod" },
    ]);
    const keep = (retentionInDays: number) =>
      lab.logs.send(new PutRetentionPolicyCommand({ logGroupName: "/portico/a/prod", retentionInDays }));
    await keep(14);
    expect((await describeAll({ logGroupNamePrefix: "/portico/a" }))[0]!.retentionInDays).toBe(14);
    expect(await refusalOf(keep(15))).toMatchObject({ name: "InvalidParameterException", status: 400 });
    await lab.logs.send(new DeleteLogGroupCommand({ logGroupName: "/portico/a/prod" }));
    const missing = await refusalOf(filter("/portico/a/prod"));
    expect(missing).toMatchObject({
      name: "ResourceNotFoundException",
      message: "The specified log group does not exist.",
    });
    expect(await refusalOf(createGroup("a b"))).toMatchObject({ name: "InvalidParameterException" });
    expect(await refusalOf(createGroup("aws/x"))).toMatchObject({ name: "InvalidParameterException" });
  });
});

describe("events", () => {
  it("must be in order; too old and too new ones are rejected by index", async () => {
    await createGroup("put");
    await createStream("put", "s");
    expect(await refusalOf(createStream("put", "s"))).toMatchObject({ name: "ResourceAlreadyExistsException" });
    expect(await refusalOf(put("put", "other", { timestamp: Date.now(), message: "x" }))).toMatchObject({
      name: "ResourceNotFoundException",
      message: "The specified log stream does not exist.",
    });
    const now = Date.now();
    const mixed = lab.logs.send(
      new PutLogEventsCommand({
        logGroupName: "put",
        logStreamName: "s",
        logEvents: [
          { timestamp: now, message: "b" },
          { timestamp: now - 1, message: "a" },
        ],
      }),
    );
    expect(await refusalOf(mixed)).toMatchObject({ name: "InvalidParameterException" });
    const old = await put("put", "s", { timestamp: now - 15 * 86_400_000, message: "old" });
    expect(old.rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 1 });
    const ahead = await put(
      "put",
      "s",
      { timestamp: now, message: "now" },
      { timestamp: now + 3 * 3_600_000, message: "new" },
    );
    expect(ahead.rejectedLogEventsInfo).toEqual({ tooNewLogEventStartIndex: 1 });
    const wide = put("put", "s", { timestamp: now - 25 * 3_600_000, message: "a" }, { timestamp: now, message: "b" });
    expect(await refusalOf(wide)).toMatchObject({ name: "InvalidParameterException" });
    expect(await refusalOf(put("put", "s", { timestamp: now, message: "x".repeat(1_048_576) }))).toMatchObject({
      name: "InvalidParameterException",
    });
    expect(await messages("put")).toEqual(["now"]);
  });

  it("are filtered over all streams by time, stream and terms, in pages", async () => {
    await createGroup("filter");
    const start = Date.now();
    for (const stream of ["2026/a", "2026/b", "other"]) {
      await createStream("filter", stream);
      for (let at = 0; at < 5; at += 1)
        await put("filter", stream, { timestamp: start + at, message: `${stream} line ${at} ERROR` });
    }
    const all: string[] = [];
    const ids = new Set<string>();
    for await (const { events } of paginateFilterLogEvents(
      { client: lab.logs },
      { logGroupName: "filter", limit: 4 },
    )) {
      expect(events!.length).toBeLessThanOrEqual(4);
      for (const { eventId, message, logStreamName } of events!) {
        ids.add(eventId!);
        all.push(message!);
        expect(message!.startsWith(logStreamName!)).toBe(true);
      }
    }
    expect(ids.size).toBe(15);
    expect(all.slice(0, 4)).toEqual([
      "2026/a line 0 ERROR",
      "2026/b line 0 ERROR",
      "other line 0 ERROR",
      "2026/a line 1 ERROR",
    ]);
    expect(await messages("filter", { startTime: start + 4, logStreamNamePrefix: "2026/" })).toEqual([
      "2026/a line 4 ERROR",
      "2026/b line 4 ERROR",
    ]);
    expect(await messages("filter", { endTime: start, logStreamNames: ["other"] })).toEqual(["other line 0 ERROR"]);
    expect(await messages("filter", { filterPattern: '"line 3" -other' })).toEqual([
      "2026/a line 3 ERROR",
      "2026/b line 3 ERROR",
    ]);
    expect(await messages("filter", { filterPattern: "ERROR nothing" })).toEqual([]);
    expect(await messages("filter", { filterPattern: '?"line 1" ?"line 2"', logStreamNames: ["other"] })).toEqual([
      "other line 1 ERROR",
      "other line 2 ERROR",
    ]);
    for (const filterPattern of ["{ $.level = 5 }", "[a, b]", "%x.*%", "a=b", '"open']) {
      expect(await refusalOf(filter("filter", { filterPattern })), filterPattern).toMatchObject({
        name: "InvalidParameterException",
      });
    }
    expect(await refusalOf(filter("filter", { logStreamNames: ["nobody"] }))).toMatchObject({
      name: "ResourceNotFoundException",
    });
  });

  it("survive a kill in the middle of a line, and have a maximum size", async () => {
    await createGroup("disk");
    await createStream("disk", "s");
    await put("disk", "s", { timestamp: Date.now(), message: "whole" });
    const folder = join(lab.folder, "logs");
    const files = readdirSync(folder).map((name) => join(folder, name));
    expect(new Set(files.map((file) => statSync(file).mode & 0o777))).toEqual(new Set([0o600]));
    for (const file of files) appendFileSync(file, '[999,1,2,"ha');
    await lab.restart();
    expect(await messages("disk")).toEqual(["whole"]);
    await put("disk", "s", { timestamp: Date.now(), message: "after" });
    expect(await messages("disk")).toEqual(["whole", "after"]);
    const sizes = () => readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    const before = sizes();
    for (let at = 0; at < 20; at += 1)
      await put("disk", "s", { timestamp: Date.now(), message: "x".repeat(1_000_000) });
    expect(sizes() - before).toBeLessThan(9 * 1024 * 1024);
    expect((await messages("disk")).length).toBeGreaterThan(0);
    await createGroup("many");
    for (let at = 0; at < 1005; at += 1) await createStream("many", `s${at}`);
    expect(await refusalOf(filter("many", { logStreamNames: ["s0"] }))).toMatchObject({
      name: "ResourceNotFoundException",
    });
    expect(readdirSync(folder).length).toBeLessThan(1000 + 10 * files.length);
  });
});

it("refuses unsupported members and patterns by name", async () => {
  const query = lab.logs.send(
    new StartQueryCommand({ logGroupName: "disk", startTime: 0, endTime: 1, queryString: "fields @message" }),
  );
  expect(await refusalOf(query)).toMatchObject({
    name: "UnknownOperationException",
    message: expect.stringContaining("StartQuery"),
  });
});

it("events expire after the retention of their group", async () => {
  // Its own client: one that has seen the later time would sign with it.
  const shared = lab;
  lab = await openLab();
  onTestFinished(async () => {
    await lab.close();
    lab = shared;
  });
  await createGroup("kept");
  await createStream("kept", "s");
  await put("kept", "s", { timestamp: Date.now(), message: "today" });
  await lab.logs.send(new PutRetentionPolicyCommand({ logGroupName: "kept", retentionInDays: 1 }));
  expect(await messages("kept")).toEqual(["today"]);
  lab.ahead = 86_400_001;
  expect(await messages("kept")).toEqual([]);
});
