/** GetItem, PutItem, DeleteItem and UpdateItem of the local table: results, and errors in DynamoDB's words. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestTable } from "./table-client.ts";

let table: Awaited<ReturnType<typeof openTestTable>>;
beforeAll(async () => void (table = await openTestTable()));
afterAll(() => table.close());

const key = (k: string, n = "items") => ({ n: { S: n }, k: { S: k } });
const validation = (message: unknown) => ({ status: 400, type: "ValidationException", message });

describe("writes", () => {
  it("are read back, with numbers in their only form", async () => {
    const item = { ...key("put"), v: { S: "한" }, c: { N: "1.50e2" }, m: { M: { l: { L: [{ N: "-0" }] } } } };
    expect(await table.call("PutItem", { Item: item })).toMatchObject({ status: 200, body: {} });
    const { body } = await table.call("GetItem", { Key: key("put"), ConsistentRead: true });
    expect(body).toEqual({ Item: { ...item, c: { N: "150" }, m: { M: { l: { L: [{ N: "0" }] } } } } });
    expect((await table.call("GetItem", { Key: key("nothing") })).body).toEqual({});
  });

  it("happen only if their condition holds; the item that refused is told when asked for", async () => {
    const put = (r: string, more: object) =>
      table.call("PutItem", {
        Item: { ...key("if"), r: { S: r } },
        ConditionExpression: "attribute_not_exists(k)",
        ...more,
      });
    await put("1", {});
    expect(await put("2", {})).toMatchObject({
      status: 400,
      type: "ConditionalCheckFailedException",
      body: { __type: "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException" },
    });
    const told = await put("2", { ReturnValuesOnConditionCheckFailure: "ALL_OLD" });
    expect(told.body["Item"]).toEqual({ ...key("if"), r: { S: "1" } });
    const gone = await table.call("DeleteItem", {
      Key: key("if"),
      ConditionExpression: "r = :r AND (attribute_not_exists(x) OR x > :now)",
      ExpressionAttributeValues: { ":r": { S: "1" }, ":now": { N: "1" } },
      ReturnValues: "ALL_OLD",
    });
    expect(gone.body["Attributes"]).toEqual({ ...key("if"), r: { S: "1" } });
  });

  it("of one item are one after the other: 40 additions at once count to 40", async () => {
    const add = () =>
      table.call("UpdateItem", {
        Key: key("count"),
        UpdateExpression: "SET c = if_not_exists(c, :zero) + :one",
        ExpressionAttributeValues: { ":zero": { N: "0" }, ":one": { N: "1" } },
        ReturnValues: "UPDATED_NEW",
      });
    const answers = await Promise.all(Array.from({ length: 40 }, add));
    const totals = answers.map(({ body }) => Number((body as { Attributes: { c: { N: string } } }).Attributes.c.N));
    expect(totals.toSorted((left, right) => left - right)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
  });

  it("update with SET, REMOVE and ADD from the item as it was", async () => {
    await table.call("PutItem", { Item: { ...key("up"), a: { N: "1" }, b: { N: "2" }, gone: { S: "x" } } });
    const { body } = await table.call("UpdateItem", {
      Key: key("up"),
      UpdateExpression: "SET a = b, b = a - :ten REMOVE gone ADD #n :ten",
      ExpressionAttributeNames: { "#n": "name" },
      ExpressionAttributeValues: { ":ten": { N: "10" } },
      ReturnValues: "ALL_NEW",
    });
    expect(body["Attributes"]).toEqual({ ...key("up"), a: { N: "2" }, b: { N: "-9" }, name: { N: "10" } });
  });

  it("keep 38 digits, which floating point does not", async () => {
    const most = "99999999999999999999999999999999999998";
    const add = (by: string) =>
      table.call("UpdateItem", {
        Key: key("digits"),
        UpdateExpression: "ADD c :by",
        ExpressionAttributeValues: { ":by": { N: by } },
        ReturnValues: "ALL_NEW",
      });
    await add(most);
    expect((await add("1")).body["Attributes"]).toMatchObject({ c: { N: "99999999999999999999999999999999999999" } });
    expect(await add("0.1")).toMatchObject(
      validation("Attempting to store more than 38 significant digits in a Number"),
    );
  });
});

describe("refusals", () => {
  it.each<readonly [operation: string, members: object, message: unknown]>([
    [
      "GetItem",
      {},
      "1 validation error detected: Value null at 'key' failed to satisfy constraint: Member must not be null",
    ],
    ["GetItem", { Key: { n: { S: "a" } } }, "The provided key element does not match the schema"],
    ["GetItem", { Key: { n: { S: "a" }, k: { N: "1" } } }, "The provided key element does not match the schema"],
    ["GetItem", { Key: key("") }, expect.stringContaining("cannot contain an empty string value. Key: k")],
    ["GetItem", { Key: key("é".repeat(513)) }, expect.stringContaining("size limit of 1024 bytes")],
    ["GetItem", { Key: key("k", "é".repeat(1025)) }, expect.stringContaining("size limit of2048 bytes")],
    [
      "PutItem",
      { Item: { n: { S: "a" } } },
      "One or more parameter values were invalid: Missing the key k in the item",
    ],
    [
      "PutItem",
      { Item: { ...key("a"), v: { S: "x".repeat(409_600) } } },
      "Item size has exceeded the maximum allowed size",
    ],
    ["PutItem", { Item: { ...key("a"), v: {} } }, expect.stringContaining("Supplied AttributeValue is empty")],
    ["PutItem", { Item: key("a"), ReturnValues: "ALL_NEW" }, "ReturnValues can only be ALL_OLD or NONE"],
    [
      "PutItem",
      { Item: key("a"), ExpressionAttributeValues: { ":a": { S: "x" } } },
      "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
    ],
    [
      "PutItem",
      {
        Item: key("a"),
        ConditionExpression: "a = :b",
        ExpressionAttributeValues: { ":b": { S: "" }, ":c": { S: "" } },
      },
      "Value provided in ExpressionAttributeValues unused in expressions: keys: {:c}",
    ],
    [
      "PutItem",
      { Item: key("a"), ConditionExpression: "a > > b" },
      'Invalid ConditionExpression: Syntax error; token: ">", near: "> > b"',
    ],
    [
      "UpdateItem",
      { Key: key("a"), UpdateExpression: "SET" },
      'Invalid UpdateExpression: Syntax error; token: "<EOF>", near: "SET"',
    ],
    [
      "UpdateItem",
      { Key: key("a"), UpdateExpression: "SET value = :v", ExpressionAttributeValues: { ":v": { S: "" } } },
      "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: value",
    ],
    [
      "UpdateItem",
      { Key: key("a"), UpdateExpression: "REMOVE k" },
      "One or more parameter values were invalid: Cannot update attribute k. This attribute is part of the key",
    ],
    [
      "UpdateItem",
      { Key: key("a"), UpdateExpression: "SET v = nothing" },
      "The provided expression refers to an attribute that does not exist in the item",
    ],
    ["UpdateItem", { Key: key("a"), UpdateExpression: `REMOVE ${"a".repeat(4090)}` }, expect.stringContaining("4097")],
  ])("%s %j", async (operation, members, message) => {
    expect(await table.call(operation, members)).toMatchObject(validation(message));
  });

  it.each([
    ["GetItem", { Key: key("a"), ProjectionExpression: "v" }, "projectionExpression"],
    ["GetItem", { Key: key("a"), AttributesToGet: ["v"] }, "attributesToGet"],
    ["PutItem", { Item: key("a"), Expected: {} }, "expected"],
    ["PutItem", { Item: key("a"), ReturnConsumedCapacity: "TOTAL" }, "returnConsumedCapacity"],
    ["UpdateItem", { Key: key("a"), AttributeUpdates: {} }, "attributeUpdates"],
    ["UpdateItem", { Key: key("a"), UpdateExpression: "DELETE a :a" }, "section DELETE"],
    ["UpdateItem", { Key: key("a"), UpdateExpression: "SET a.b = :a" }, "paths into maps and lists"],
    ["UpdateItem", { Key: key("a"), UpdateExpression: "SET a = list_append(a, :a)" }, "function list_append"],
    ["PutItem", { Item: key("a"), ConditionExpression: "contains(a, :a)" }, "function contains"],
    ["PutItem", { Item: key("a"), ConditionExpression: "size(a) = :a" }, "function size"],
    ["PutItem", { Item: key("a"), ConditionExpression: "a IN (:a)" }, "operator IN"],
  ])("%s names what is not honoured here: %j", async (operation, members, name) => {
    expect(await table.call(operation, members)).toMatchObject(validation(expect.stringContaining(name)));
  });

  it("refuses other JSON than the schema's, another table and another operation", async () => {
    const serialization = { status: 400, type: "SerializationException" };
    expect(await table.call("GetItem", "{")).toMatchObject(serialization);
    expect(await table.call("GetItem", "[]")).toMatchObject(serialization);
    expect(await table.call("GetItem", { Key: { n: { S: 1 } } })).toMatchObject({
      ...serialization,
      message: "NUMBER_VALUE cannot be converted to String",
    });
    expect(await table.call("CreateTable", {})).toMatchObject({
      type: "UnknownOperationException",
      message: expect.stringContaining("CreateTable"),
    });
    expect(await table.call("GetItem", { TableName: "other", Key: key("a") })).toMatchObject({
      type: "AccessDeniedException",
      body: { __type: "com.amazon.coral.service#AccessDeniedException" },
    });
  });
});
