/** The table of an app under development: its file, its credentials, and the late deletion of expired items. */
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, it } from "vitest";
import { callTable, openTestTable } from "./table-client.ts";

let table: Awaited<ReturnType<typeof openTestTable>>;
afterEach(() => table.close());

const key = (k: string) => ({ n: { S: "n" }, k: { S: k } });

it("keeps items over a restart, and shares them with a second process on the same file", async () => {
  table = await openTestTable();
  await table.call("PutItem", { Item: { ...key("a"), v: { S: "kept" } } });
  await table.restart();
  const second = await table.open();
  const read = await callTable(second.variables("fn"), "GetItem", { TableName: "app--dev", Key: key("a") });
  expect(read.body["Item"]).toMatchObject({ v: { S: "kept" } });
  const add = (variables: Readonly<Record<string, string>>) =>
    callTable(variables, "UpdateItem", {
      TableName: "app--dev",
      Key: key("count"),
      UpdateExpression: "ADD c :one",
      ExpressionAttributeValues: { ":one": { N: "1" } },
    });
  const both = [table.variables(), second.variables("fn")];
  await Promise.all(Array.from({ length: 20 }, (_, index) => add(both[index % 2]!)));
  expect((await table.call("GetItem", { Key: key("count") })).body["Item"]).toMatchObject({ c: { N: "20" } });
  await second.close();
});

it("knows no credentials but its own, and its function may use no other operation", async () => {
  table = await openTestTable();
  const other = await openTestTable();
  const members = { TableName: "app--dev", Key: key("a") };
  const { AWS_ENDPOINT_URL_DYNAMODB: url = "" } = table.variables();
  const foreign = { ...other.variables(), AWS_ENDPOINT_URL_DYNAMODB: url };
  expect(await callTable(foreign, "GetItem", members)).toMatchObject({
    status: 400,
    type: "UnrecognizedClientException",
    message: "The security token included in the request is invalid.",
  });
  const forged = { ...table.variables(), AWS_SECRET_ACCESS_KEY: "x" };
  expect(await callTable(forged, "GetItem", members)).toMatchObject({ type: "InvalidSignatureException" });
  expect(await callTable({ ...table.variables(), AWS_REGION: "eu-central-1" }, "GetItem", members)).toMatchObject({
    type: "InvalidSignatureException",
  });
  expect(await table.call("Scan", {})).toMatchObject({
    status: 400,
    type: "AccessDeniedException",
    message:
      "User: arn:aws:sts::000000000000:assumed-role/app--dev/fn is not authorized to perform: dynamodb:Scan on " +
      "resource: arn:aws:dynamodb:us-east-1:000000000000:table/app--dev because no identity-based policy allows the " +
      "dynamodb:Scan action",
  });
  const unsigned = await fetch(url, { method: "POST", body: "{}" });
  expect([unsigned.status, await unsigned.text()]).toEqual([
    400,
    expect.stringContaining("com.amazon.coral.service#MissingAuthenticationTokenException"),
  ]);
  await other.close();
});

it("returns expired items until it deletes them, which is late", async () => {
  table = await openTestTable();
  const isThere = async (k: string) => {
    const { status, body } = await table.call("GetItem", { Key: key(k) });
    expect(status).toBe(200);
    return "Item" in body;
  };
  // The first call of a process deletes what has expired until then.
  expect(await isThere("a")).toBe(false);
  const seconds = Math.floor(Date.now() / 1000);
  await table.call("PutItem", { Item: { ...key("a"), e: { N: String(seconds - 60) } } });
  await table.call("PutItem", { Item: { ...key("text"), e: { S: String(seconds - 60) } } });
  await table.call("PutItem", { Item: { ...key("ancient"), e: { N: "1000" } } });
  await table.call("PutItem", { Item: { ...key("later"), e: { N: String(seconds + 7200) } } });
  expect(await isThere("a")).toBe(true);
  table.state.ahead = 3_600_001;
  expect(await isThere("a")).toBe(false);
  // DynamoDB deletes by numbers only, and nothing that expired over five years ago.
  expect([await isThere("text"), await isThere("ancient"), await isThere("later")]).toEqual([true, true, true]);
});

it("refuses the file of a newer version", async () => {
  table = await openTestTable();
  await table.call("PutItem", { Item: key("a") });
  const database = new DatabaseSync(table.file);
  database.exec("PRAGMA user_version = 99");
  database.close();
  await expect(table.open()).rejects.toMatchObject({ code: "STORE_FILE", message: expect.stringContaining("newer") });
});
