/**
 * The local table against dynalite, an emulation of DynamoDB that was checked against AWS: random calls, valid and
 * invalid ones, have the same results, error names and texts in both.
 */
// @module-tag check
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import dynalite from "dynalite";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../../until.ts";
import { callTable, openTestTable, type Answer, type Variables } from "./table-client.ts";

let server: Server;
let oracle: Variables;
let table: Awaited<ReturnType<typeof openTestTable>>;
const keys = [
  { AttributeName: "n", KeyType: "HASH", AttributeType: "S" },
  { AttributeName: "k", KeyType: "RANGE", AttributeType: "S" },
];

beforeAll(async () => {
  table = await openTestTable();
  server = dynalite({ createTableMs: 0 }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  oracle = { ...table.variables(), AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}` };
  await callTable(oracle, "CreateTable", {
    TableName: "app--dev",
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: keys.map(({ AttributeName, AttributeType }) => ({ AttributeName, AttributeType })),
    KeySchema: keys.map(({ AttributeName, KeyType }) => ({ AttributeName, KeyType })),
  });
  await until(async () => {
    const { body } = await callTable(oracle, "DescribeTable", { TableName: "app--dev" });
    return (body["Table"] as { TableStatus?: string } | undefined)?.TableStatus === "ACTIVE";
  });
});
afterAll(async () => {
  await table.close();
  server.close();
  await once(server, "close");
});

const oneOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

const validValue = oneOf<object>(
  { S: "" },
  { S: "a" },
  { S: "ab" },
  { N: "0" },
  { N: "-0.50" },
  { N: "1e2" },
  { N: "007" },
  { N: "12345678901234567890123456789012345678" },
  { B: "AAEC" },
  { BOOL: true },
  { NULL: true },
  { SS: ["b", "a"] },
  { NS: ["1.0", "2"] },
  { BS: ["AA=="] },
  { L: [{ S: "x" }, { N: "1.0" }] },
  { M: { inner: { N: "10e-1" }, other: { L: [] } } },
);
const anyValue = oneOf<unknown>(
  {},
  { S: "a", N: "1" },
  { N: "" },
  { N: "x" },
  { N: "1e126" },
  { N: "1e-131" },
  { N: "123456789012345678901234567890123456789" },
  { NULL: false },
  { SS: [] },
  { NS: [] },
  { BS: [] },
  { SS: ["a", "a"] },
  { NS: ["1", "1.0"] },
  { M: { inner: {} } },
  { L: [{ N: "y" }] },
  { S: 1 },
  { N: 1 },
  { S: true },
  { B: "AAE" },
  { BOOL: 3 },
  { L: "x" },
  { M: [] },
  "x",
  [],
);
const value = fc.oneof({ weight: 9, arbitrary: validValue }, { weight: 1, arbitrary: anyValue });
const comparable = oneOf<object>({ S: "a" }, { S: "ab" }, { N: "0" }, { N: "100" }, { N: "1.5" });
const keyText = oneOf("a", "ab", "b", "b/1", "z", "é", "😀", "~");
const attribute = oneOf("c", "v", "x", "c", "v", "#a", "#b");
const oddAttribute = oneOf("name", "#none", "n", "k");
const place = fc.oneof({ weight: 12, arbitrary: attribute }, { weight: 1, arbitrary: oddAttribute });
const mark = fc.oneof({ weight: 12, arbitrary: oneOf(":a", ":b") }, { weight: 1, arbitrary: oneOf(":none") });

const { condition } = fc.letrec<{ condition: string; simple: string }>((tie) => ({
  simple: fc.oneof(
    place.map((name) => `attribute_exists(${name})`),
    place.map((name) => `attribute_not_exists( ${name} )`),
    fc.tuple(place, oneOf("=", "<>", "<", "<=", ">", ">="), mark).map((parts) => parts.join(" ")),
    // Of two attributes that are both missing dynalite says that they are equal.
    fc.tuple(place, oneOf("<", ">"), place).map((parts) => parts.join(" ")),
    fc.tuple(mark, oneOf("=", "<"), place).map((parts) => parts.join("")),
    fc.tuple(place, mark).map(([name, prefix]) => `begins_with(${name},${prefix})`),
    fc.tuple(place, mark, mark).map(([name, low, high]) => `${name} between ${low} and ${high}`),
    oneOf(
      "nothing(c)",
      "begins_with(c)",
      "attribute_exists(:a)",
      "c = ",
      "",
      "c == :a",
      "c = :a)",
      "attribute_exists(c, v)",
    ),
  ),
  condition: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie("simple"),
    fc.tuple(tie("condition"), oneOf("AND", "or"), tie("condition")).map((parts) => parts.join(" ")),
    tie("condition").map((inner) => `NOT ${inner}`),
    tie("condition").map((inner) => `(${inner})`),
  ),
}));

const operand = fc.oneof(
  mark,
  place,
  fc.tuple(place, mark).map(([name, otherwise]) => `if_not_exists(${name}, ${otherwise})`),
);
const setting = fc.oneof(
  fc.tuple(place, operand).map(([name, of]) => `${name} = ${of}`),
  fc
    .tuple(place, operand, oneOf("+", "-"), operand)
    .map(([name, left, sign, right]) => `${name}=${left}${sign}${right}`),
);
const listed = (entry: fc.Arbitrary<string>) =>
  fc.array(entry, { minLength: 1, maxLength: 2 }).map((all) => all.join(", "));
const section = fc.oneof(
  listed(setting).map((all) => `SET ${all}`),
  listed(setting).map((all) => `set ${all}`),
  listed(place).map((all) => `REMOVE ${all}`),
  listed(fc.tuple(place, mark).map((parts) => parts.join(" "))).map((all) => `ADD ${all}`),
  oneOf("SET c", "", "SET c = nothing(:a)", "c = :a"),
);
const update = fc.array(section, { minLength: 1, maxLength: 2 }).map((sections) => sections.join(" "));

/** The values and names that a call's expressions use, some of them now and then left out or too many. */
const scope = fc
  .record({ a: comparable, b: comparable, odd: anyValue, isOdd: fc.nat(40), isLoose: fc.nat(15) })
  .map(({ a, b, odd, isOdd, isLoose }) => (text: string | undefined) => {
    const uses = (name: string): boolean => isLoose === 0 || Boolean(text?.includes(name));
    const values = { ...(uses(":a") && { ":a": isOdd === 0 ? odd : a }), ...(uses(":b") && { ":b": b }) };
    const names = { ...(uses("#a") && { "#a": "c" }), ...(uses("#b") && { "#b": "weird name" }) };
    return {
      ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
      ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
    };
  });

interface Call {
  readonly operation: string;
  readonly members: (namespace: string) => object;
}

const keyMembers = fc.tuple(keyText, fc.nat(60), value).map(([text, odd, other]) => (namespace: string): object => {
  const key = { n: { S: namespace }, k: { S: text } };
  if (odd === 0) return { n: { S: namespace } };
  if (odd === 1) return { ...key, k: other };
  if (odd === 2) return { ...key, other };
  return odd === 3 ? { ...key, k: { S: "k".repeat(1025) } } : key;
});
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const returnValues = optional(oneOf("NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW", "SOME"));

const putCall: fc.Arbitrary<Call> = fc
  .tuple(
    keyMembers,
    fc.dictionary(oneOf("c", "v", "x", "weird name"), value, { maxKeys: 3 }),
    optional(condition),
    scope,
    returnValues,
  )
  .map(([key, item, when, toScope, asked]) => ({
    operation: "PutItem",
    members: (namespace) => ({
      Item: { ...item, ...key(namespace) },
      ConditionExpression: when,
      ...toScope(when),
      ReturnValues: asked,
    }),
  }));
const updateCall: fc.Arbitrary<Call> = fc
  .tuple(keyMembers, optional(update), optional(condition), scope, returnValues)
  .map(([key, change, when, toScope, asked]) => ({
    operation: "UpdateItem",
    members: (namespace) => ({
      Key: key(namespace),
      UpdateExpression: change,
      ConditionExpression: when,
      ...toScope(`${change ?? ""} ${when ?? ""}`),
      ReturnValues: asked,
    }),
  }));
const deleteCall: fc.Arbitrary<Call> = fc.tuple(keyMembers, optional(condition), scope).map(([key, when, toScope]) => ({
  operation: "DeleteItem",
  members: (namespace) => ({
    Key: key(namespace),
    ConditionExpression: when,
    ...toScope(when),
    ReturnValues: "ALL_OLD",
  }),
}));
const getCall: fc.Arbitrary<Call> = keyMembers.map((key) => ({
  operation: "GetItem",
  members: (namespace) => ({ Key: key(namespace), ConsistentRead: true }),
}));
const keyCondition = fc.oneof(
  oneOf("n = :n", "n=:n", "k = :n", ":n = n", "n < :n", "attribute_exists(n)", "n = :n OR k = :n", "NOT n = :n"),
  fc
    .tuple(oneOf("=", "<", "<=", ">", ">="), keyText)
    .map(([comparator, text]) => `n = :n AND k ${comparator} :k ${text}`),
  keyText.map((text) => `n = :n AND begins_with(k, :k) ${text}`),
  oneOf("n = :n AND v = :n", "n = :n AND n = :n", "n = :n AND k <> :n", "n = :n AND begins_with(:n, k)"),
);
const queryCall: fc.Arbitrary<Call> = fc
  .tuple(
    keyCondition,
    optional(condition),
    scope,
    optional(fc.integer({ min: 0, max: 4 })),
    optional(keyMembers),
    oneOf(undefined, "COUNT"),
  )
  .map(([template, filter, toScope, Limit, start, Select]) => ({
    operation: "Query",
    members: (namespace) => {
      // The text of the key is behind the condition that uses it.
      const [, condition = template, text = ""] = /^(.*:k\)?) (.*)$/s.exec(template) ?? [];
      const { ExpressionAttributeValues, ...names } = toScope(filter);
      return {
        ExclusiveStartKey: start?.(namespace),
        KeyConditionExpression: condition,
        FilterExpression: filter,
        ...names,
        ExpressionAttributeValues: {
          ...ExpressionAttributeValues,
          ":n": { S: namespace },
          ...(condition.includes(":k") && { ":k": { S: text } }),
        },
        Limit,
        Select,
      };
    },
  }));

const calls = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: putCall },
    { weight: 6, arbitrary: updateCall },
    { weight: 2, arbitrary: deleteCall },
    { weight: 1, arbitrary: getCall },
    { weight: 4, arbitrary: queryCall },
  ),
  { minLength: 1, maxLength: 20 },
);

/** What is compared of an answer. The texts of syntax errors are AWS's here and its parser's in dynalite. */
function comparableAnswer({ status, type, message, body }: Answer): object {
  const text = message?.replace(/(Syntax error;) .*/s, "$1");
  if (type !== undefined) return { status, type, text };
  const attributes = body["Attributes"] as object | undefined;
  const isEmpty = attributes !== undefined && Object.keys(attributes).length === 0;
  const { Attributes: _, ...others } = body;
  return { status, ...(isEmpty ? others : body) };
}

it("answers random calls as dynalite does", async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(calls, async (made) => {
      const namespace = `run${(run += 1)}`;
      for (const { operation, members } of made) {
        const input = { TableName: "app--dev", ...members(namespace) };
        const [own, other] = [await table.call(operation, input), await callTable(oracle, operation, input)];
        expect(comparableAnswer(own), JSON.stringify([operation, input])).toEqual(comparableAnswer(other));
      }
    }),
    { numRuns: 200 },
  );
});
