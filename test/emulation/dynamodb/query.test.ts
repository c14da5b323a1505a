/** Query of the local table: the order of keys, conditions of keys, filters, and pages. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestTable } from "./table-client.ts";

let table: Awaited<ReturnType<typeof openTestTable>>;
const texts = ["", "a", "a/", "a/1", "a/é", "a0", "b", "é", "\uffff", "😀"].filter((text) => text !== "");
beforeAll(async () => {
  table = await openTestTable();
  for (const [index, text] of texts.toReversed().entries())
    await table.call("PutItem", { Item: { n: { S: "q" }, k: { S: text }, c: { N: String(index) } } });
  await table.call("PutItem", { Item: { n: { S: "q2" }, k: { S: "other" } } });
});
afterAll(() => table.close());

interface Page {
  readonly Items: readonly { readonly k: { readonly S: string } }[];
  readonly Count: number;
  readonly ScannedCount: number;
  readonly LastEvaluatedKey?: object;
}

async function page(condition: string, values: object = {}, more: object = {}): Promise<Page> {
  const { status, body, message } = await table.call("Query", {
    KeyConditionExpression: condition,
    ExpressionAttributeValues: { ":n": { S: "q" }, ...values },
    ...more,
  });
  expect(status, message).toBe(200);
  return body as unknown as Page;
}
const keysOf = ({ Items }: Page): readonly string[] => Items.map(({ k }) => k.S);
const refusal = async (members: object): Promise<string | undefined> =>
  (await table.call("Query", { ExpressionAttributeValues: { ":n": { S: "q" } }, ...members })).message;

it("orders by the bytes of UTF-8, not by UTF-16", async () => {
  expect(keysOf(await page("n = :n"))).toEqual(["a", "a/", "a/1", "a/é", "a0", "b", "é", "\uffff", "😀"]);
});

it("takes one hash key, and a prefix or a comparison of the range key", async () => {
  const keys = async (condition: string, text: string) => keysOf(await page(condition, { ":k": { S: text } }));
  expect(await keys("n = :n AND begins_with(k, :k)", "a/")).toEqual(["a/", "a/1", "a/é"]);
  expect(await keys("begins_with(k, :k) AND n = :n", "é")).toEqual(["é"]);
  expect(await keys("n = :n AND k > :k", "b")).toEqual(["é", "\uffff", "😀"]);
  expect(await keys("n = :n AND :k >= k", "a/")).toEqual(["a", "a/"]);
  expect(await keys("n = :n AND k < :k", "a/")).toEqual(["a"]);
  expect(await keys("n = :n AND k = :k", "a/1")).toEqual(["a/1"]);
});

it("continues behind LastEvaluatedKey, which also a last full page has", async () => {
  const found: string[] = [];
  let start: object | undefined;
  do {
    const next = await page("n = :n", {}, { Limit: 3, ExclusiveStartKey: start });
    found.push(...keysOf(next));
    start = next.LastEvaluatedKey;
  } while (start);
  expect(found).toEqual(keysOf(await page("n = :n")));
  expect((await page("n = :n", {}, { Limit: texts.length })).LastEvaluatedKey).toEqual({
    n: { S: "q" },
    k: { S: "😀" },
  });
});

it("filters after the limit", async () => {
  const filtered = await page("n = :n", { ":c": { N: "6" } }, { Limit: 4, FilterExpression: "c > :c" });
  expect([keysOf(filtered), filtered.Count, filtered.ScannedCount]).toEqual([["a", "a/"], 2, 4]);
  expect(filtered.LastEvaluatedKey).toEqual({ n: { S: "q" }, k: { S: "a/é" } });
  expect(await page("n = :n", {}, { Select: "COUNT" })).toEqual({ Count: texts.length, ScannedCount: texts.length });
});

it("ends a page at 1 MB, before the filter", async () => {
  const v = { S: "x".repeat(300_000) };
  for (const k of ["1", "2", "3", "4", "5"]) await table.call("PutItem", { Item: { n: { S: "big" }, k: { S: k }, v } });
  const { body } = await table.call("Query", {
    KeyConditionExpression: "n = :n",
    FilterExpression: "attribute_not_exists(v)",
    ExpressionAttributeValues: { ":n": { S: "big" } },
  });
  expect(body).toEqual({
    Items: [],
    Count: 0,
    ScannedCount: 4,
    LastEvaluatedKey: { n: { S: "big" }, k: { S: "4" } },
  });
});

it("refuses what cannot be a condition of keys", async () => {
  const conditions: readonly (readonly [condition: string, message: string])[] = [
    ["k = :n", "Query condition missed key schema element: n"],
    ["n > :n", "Query key condition not supported"],
    ["n = :n AND v = :n", "Query condition missed key schema element: k"],
    ["n = :n OR k = :n", "Invalid operator used in KeyConditionExpression: OR"],
    ["n <> :n", "Invalid operator used in KeyConditionExpression: <>"],
    ["n = :n AND n = :n", "KeyConditionExpressions must only contain one condition per key"],
    ["n = :n AND k BETWEEN :n AND :n", "Portico's local DynamoDB does not support BETWEEN in KeyConditionExpression"],
  ];
  for (const [KeyConditionExpression, message] of conditions)
    expect(await refusal({ KeyConditionExpression }), KeyConditionExpression).toBe(message);
  expect(await refusal({ KeyConditionExpression: "n = :n", FilterExpression: "k = :n" })).toBe(
    "Filter Expression can only contain non-primary key attributes: Primary key attribute: k",
  );
  expect(await refusal({ KeyConditionExpression: "n = :n", ScanIndexForward: false })).toContain("scanIndexForward");
  expect(await refusal({ KeyConditionExpression: "n = :n", IndexName: "some" })).toContain("indexName");
  const start = { n: { S: "q" }, k: { S: "b" } };
  expect(
    await refusal({
      KeyConditionExpression: "n = :n AND begins_with(k, :k)",
      ExpressionAttributeValues: { ":n": { S: "q" }, ":k": { S: "a" } },
      ExclusiveStartKey: start,
    }),
  ).toBe("The provided starting key does not match the range key predicate");
});
