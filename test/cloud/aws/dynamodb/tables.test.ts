/** The control plane of DynamoDB through the SDK's client: tables and their states, Time to Live, backups, tags. */
// @module-tag check
import {
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  GetItemCommand,
  ListTablesCommand,
  ListTagsOfResourceCommand,
  PutItemCommand,
  ScanCommand,
  TagResourceCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
  type CreateTableCommandInput,
} from "@aws-sdk/client-dynamodb";
import { afterEach, expect, it } from "vitest";
import type { CloudOptions } from "../../../../framework/cloud/cloud.ts";
import type { Fault } from "../../../../framework/cloud/fault.ts";
import { type Lab, openLab, refusalOf } from "../../lab.ts";
import { makeTable } from "./store-table.ts";

let lab: Lab;
afterEach(() => lab.close());
const open = async (options: Partial<CloudOptions> = {}): Promise<void> => void (lab = await openLab(options));

const TableName = "app--dev";
const describeTable = async () => (await lab.dynamodb.send(new DescribeTableCommand({ TableName }))).Table!;
const key = { n: { S: "n" }, k: { S: "k" } };
const enable = (AttributeName = "e", Enabled = true) =>
  lab.dynamodb.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: { AttributeName, Enabled } }));

it("creates a table that is CREATING in the answer, then ACTIVE, and keeps it over a restart", async () => {
  await open();
  const { TableDescription } = await makeTable(lab, TableName, { DeletionProtectionEnabled: true });
  expect(TableDescription).toMatchObject({
    TableStatus: "CREATING",
    TableArn: "arn:aws:dynamodb:us-east-1:000000000000:table/app--dev",
    BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
    DeletionProtectionEnabled: true,
    ItemCount: 0,
  });
  await lab.dynamodb.send(new PutItemCommand({ TableName, Item: { ...key, v: { S: "kept" } } }));
  await lab.restart();
  expect(await describeTable()).toMatchObject({ TableStatus: "ACTIVE", TableId: TableDescription!.TableId });
  const { Item } = await lab.dynamodb.send(new GetItemCommand({ TableName, Key: key }));
  expect(Item).toEqual({ ...key, v: { S: "kept" } });
  expect(await refusalOf(makeTable(lab, TableName))).toEqual({
    name: "ResourceInUseException",
    status: 400,
    message: "Table already exists: app--dev",
  });
});

it("deletes a table with its items, once it is not protected", async () => {
  await open();
  await makeTable(lab, TableName, { DeletionProtectionEnabled: true });
  await lab.dynamodb.send(new PutItemCommand({ TableName, Item: key }));
  expect(await refusalOf(lab.dynamodb.send(new DeleteTableCommand({ TableName })))).toMatchObject({
    name: "ValidationException",
    message: expect.stringContaining("currently protected against deletion"),
  });
  await lab.dynamodb.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }));
  await lab.dynamodb.send(new DeleteTableCommand({ TableName }));
  expect(await refusalOf(describeTable())).toEqual({
    name: "ResourceNotFoundException",
    status: 400,
    message: "Requested resource not found: Table: app--dev not found",
  });
  expect(await refusalOf(lab.dynamodb.send(new GetItemCommand({ TableName, Key: key })))).toMatchObject({
    name: "ResourceNotFoundException",
    message: "Requested resource not found",
  });
  await makeTable(lab, TableName);
  expect(await lab.dynamodb.send(new ScanCommand({ TableName }))).toMatchObject({ Items: [], Count: 0 });
});

it("takes as long as the latency says, and refuses changes and data meanwhile", async () => {
  await open({ latency: { table: 60_000 } });
  await makeTable(lab, TableName);
  expect(await describeTable()).toMatchObject({ TableStatus: "CREATING" });
  expect(await refusalOf(lab.dynamodb.send(new PutItemCommand({ TableName, Item: key })))).toMatchObject({
    name: "ResourceNotFoundException",
  });
  for (const call of [lab.dynamodb.send(new DeleteTableCommand({ TableName })), enable()])
    expect(await refusalOf(call)).toMatchObject({
      name: "ResourceInUseException",
      message: "Attempt to change a resource which is still in use: Table is being created: app--dev",
    });
  lab.ahead += 61_000;
  expect(await describeTable()).toMatchObject({ TableStatus: "ACTIVE" });
  const recovery = new UpdateContinuousBackupsCommand({
    TableName,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
  expect(await refusalOf(lab.dynamodb.send(recovery))).toMatchObject({ name: "ContinuousBackupsUnavailableException" });
  const update = await lab.dynamodb.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }));
  expect(update.TableDescription).toMatchObject({ TableStatus: "UPDATING" });
  await lab.dynamodb.send(new PutItemCommand({ TableName, Item: key }));
  lab.ahead += 61_000;
  await lab.dynamodb.send(recovery);
  await lab.dynamodb.send(new DeleteTableCommand({ TableName }));
  expect(await describeTable()).toMatchObject({ TableStatus: "DELETING" });
  expect(await refusalOf(makeTable(lab, TableName))).toMatchObject({ name: "ResourceInUseException" });
  lab.ahead += 61_000;
  expect(await refusalOf(describeTable())).toMatchObject({ name: "ResourceNotFoundException" });
});

it("enables Time to Live once, and changes it at most once an hour", async () => {
  await open();
  await makeTable(lab, TableName);
  const describeTtl = async () =>
    (await lab.dynamodb.send(new DescribeTimeToLiveCommand({ TableName }))).TimeToLiveDescription;
  expect(await describeTtl()).toEqual({ TimeToLiveStatus: "DISABLED" });
  await enable();
  expect(await describeTtl()).toEqual({ TimeToLiveStatus: "ENABLED", AttributeName: "e" });
  const refused = async (call: Promise<unknown>): Promise<string> => (await refusalOf(call)).message;
  expect(await refused(enable())).toBe("TimeToLive is already enabled");
  expect(await refused(enable("other", false))).toBe(
    "TimeToLive is active on a different AttributeName: current AttributeName is e",
  );
  expect(await refused(enable("e", false))).toBe(
    "Time to live has been modified multiple times within a fixed interval",
  );
  const expired = { ...key, e: { N: String(Math.floor(Date.now() / 1000) - 10) } };
  await lab.dynamodb.send(new DeleteItemCommand({ TableName, Key: key }));
  await lab.dynamodb.send(new PutItemCommand({ TableName, Item: expired }));
  const isThere = async () => (await lab.dynamodb.send(new GetItemCommand({ TableName, Key: key }))).Item !== undefined;
  expect(await isThere()).toBe(true);
  lab.ahead += 3_700_000;
  expect(await isThere()).toBe(false);
  await enable("e", false);
});

it("counts items only every six hours, so that nobody may rely on the count", async () => {
  await open();
  await makeTable(lab, TableName);
  await lab.dynamodb.send(new PutItemCommand({ TableName, Item: key }));
  expect(await describeTable()).toMatchObject({ ItemCount: 0, TableSizeBytes: 0 });
  lab.ahead += 6 * 3_600_000;
  expect(await describeTable()).toMatchObject({ ItemCount: 1, TableSizeBytes: 4 });
  expect(await lab.dynamodb.send(new ScanCommand({ TableName, Select: "COUNT" }))).toMatchObject({ Count: 1 });
});

it("keeps the setting of point-in-time recovery, and has an error of its own for a missing table", async () => {
  await open();
  await makeTable(lab, TableName);
  const describeBackups = async () =>
    (await lab.dynamodb.send(new DescribeContinuousBackupsCommand({ TableName }))).ContinuousBackupsDescription
      ?.PointInTimeRecoveryDescription;
  expect(await describeBackups()).toEqual({ PointInTimeRecoveryStatus: "DISABLED" });
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 7 };
  await lab.dynamodb.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }));
  await lab.restart();
  expect(await describeBackups()).toMatchObject({ PointInTimeRecoveryStatus: "ENABLED", RecoveryPeriodInDays: 7 });
  const missing = new DescribeContinuousBackupsCommand({ TableName: "missing" });
  expect(await refusalOf(lab.dynamodb.send(missing))).toEqual({
    name: "TableNotFoundException",
    status: 400,
    message: "Table not found: missing",
  });
});

it("takes faults, of data operations too: a lost answer has taken effect, a refusal has none", async () => {
  const faults = new Map<string, Fault>([
    ["PutItem", { kind: "lose" }],
    ["DeleteItem", { kind: "refuse", status: 400, code: "ProvisionedThroughputExceededException", message: "slow" }],
  ]);
  await open({ fault: ({ operation }) => faults.get(operation) });
  await makeTable(lab, TableName);
  expect(await refusalOf(lab.dynamodb.send(new PutItemCommand({ TableName, Item: key })))).toMatchObject({
    status: undefined,
  });
  expect(await refusalOf(lab.dynamodb.send(new DeleteItemCommand({ TableName, Key: key })))).toMatchObject({
    name: "ProvisionedThroughputExceededException",
    status: 400,
  });
  expect((await lab.dynamodb.send(new GetItemCommand({ TableName, Key: key }))).Item).toEqual(key);
});

it("keeps tags", async () => {
  await open();
  const { TableDescription } = await makeTable(lab, TableName, { Tags: [{ Key: "portico:app", Value: "app" }] });
  const ResourceArn = TableDescription!.TableArn;
  await lab.dynamodb.send(new TagResourceCommand({ ResourceArn, Tags: [{ Key: "b", Value: "2" }] }));
  const { Tags } = await lab.dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn }));
  expect(Tags).toEqual([
    { Key: "portico:app", Value: "app" },
    { Key: "b", Value: "2" },
  ]);
  const other = new ListTagsOfResourceCommand({ ResourceArn: `${ResourceArn}2` });
  expect(await refusalOf(lab.dynamodb.send(other))).toMatchObject({ name: "ResourceNotFoundException" });
});

it("refuses tables that it cannot be, and operations that it does not have, by name", async () => {
  await open();
  const refused: readonly (readonly [change: Partial<CreateTableCommandInput>, message: string])[] = [
    [{ BillingMode: "PROVISIONED" }, "billingMode"],
    [{ AttributeDefinitions: [{ AttributeName: "n", AttributeType: "N" }] }, "keys of type S only"],
    [{ KeySchema: [{ AttributeName: "x", KeyType: "HASH" }] }, "Some index key attributes are not defined"],
    [
      { KeySchema: [{ AttributeName: "n", KeyType: "HASH" }] },
      "Number of attributes in KeySchema does not exactly match",
    ],
    [{ KeySchema: [{ AttributeName: "n", KeyType: "RANGE" }] }, "Invalid KeySchema: The first KeySchemaElement"],
    [{ StreamSpecification: { StreamEnabled: true } }, "streamSpecification"],
    [{ GlobalSecondaryIndexes: [] }, "globalSecondaryIndexes"],
    [{ TableName: "a b" }, "regular expression pattern: [a-zA-Z0-9_.-]+"],
    [{ TableName: "ab" }, "greater than or equal to 3"],
    [{ Tags: [{ Key: "aws:x", Value: "" }] }, "key"],
  ];
  for (const [change, message] of refused)
    expect(await refusalOf(makeTable(lab, TableName, change)), message).toMatchObject({
      name: "ValidationException",
      message: expect.stringContaining(message),
    });
  expect(await refusalOf(lab.dynamodb.send(new ListTablesCommand({})))).toMatchObject({
    name: "UnknownOperationException",
    message: expect.stringContaining("ListTables"),
  });
});
