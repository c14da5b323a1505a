/** Tables: CreateTable, DescribeTable, UpdateTable and DeleteTable. */
import { randomUUID } from "node:crypto";
import { isRecord, StructureReader } from "../../structure-reader.ts";
import { tableArn } from "../arn.ts";
import type { JsonOperation } from "../json-protocol.ts";
import type { TableRecord } from "../records.ts";
import { dynamoError, validation } from "../../../emulation/dynamodb/errors.ts";
import { invalidParameters, memberError, tableBusy } from "./errors.ts";
import { findTable, requireChangeable, requireTable, statusOf, type TableStatus } from "./table-records.ts";
import { readTags } from "./tags.ts";

type TableUseName = "tables" | "items" | "clock" | "latency";

/** Milliseconds between two counts of a table's items (API reference, "TableDescription": approximately six hours). */
const countInterval = 6 * 3_600_000;

/** The member TableName. */
export const readTableName = (members: StructureReader): string =>
  members.requiredText("TableName", { min: 3, max: 255, pattern: /^[a-zA-Z0-9_.-]+$/ });

export const createTable: JsonOperation<TableUseName> = (members, { tables, items, clock, latency }) => {
  const name = readTableName(members);
  const keys = readKeys(members);
  const billing = members.text("BillingMode", { oneOf: ["PROVISIONED", "PAY_PER_REQUEST"] });
  const tags = readTags(members, "Tags");
  const isProtected = members.flag("DeletionProtectionEnabled") ?? false;
  members.end();
  if (billing !== "PAY_PER_REQUEST")
    throw memberError("BillingMode", billing ?? null, "Portico's local cloud has tables on demand (PAY_PER_REQUEST)");
  const found = findTable(name, { tables, items, clock });
  if (found?.deletedAt !== undefined) throw tableBusy(name, "deleted");
  if (found) throw dynamoError("ResourceInUseException", `Table already exists: ${name}`);
  const now = clock.now();
  const table = tables.put(name, {
    name,
    id: randomUUID(),
    created: now,
    ...keys,
    readyAt: now + latency.table,
    isProtected,
    tags,
    counted: { at: now, count: 0, bytes: 0 },
  });
  return { TableDescription: describe(table, "CREATING") };
};

/** KeySchema and AttributeDefinitions, which must name the same attributes. Keys of types N and B are refused. */
function readKeys(members: StructureReader): Pick<TableRecord, "hashKey" | "rangeKey"> {
  const definitions = structures(members, "AttributeDefinitions").map((definition) => {
    const attribute = definition.requiredText("AttributeName", { min: 1, max: 255 });
    const type = definition.requiredText("AttributeType", { oneOf: ["B", "N", "S"] });
    definition.end();
    if (type !== "S") throw memberError("AttributeDefinitions", type, "Portico's local cloud has keys of type S only");
    return attribute;
  });
  const keys = structures(members, "KeySchema").map((key) => {
    const name = key.requiredText("AttributeName", { min: 1, max: 255 });
    const type = key.requiredText("KeyType", { oneOf: ["HASH", "RANGE"] });
    key.end();
    return { name, type };
  });
  const [hash, range, ...more] = keys;
  if (!hash || more.length > 0) throw memberError("KeySchema", keys.length, "Member must have length between 1 and 2");
  if (hash.type !== "HASH") throw invalidKeySchema("The first KeySchemaElement is not a HASH key type");
  if (range && range.type !== "RANGE") throw invalidKeySchema("The second KeySchemaElement is not a RANGE key type");
  if (range?.name === hash.name)
    throw validation("Both the Hash Key and the Range Key element in the KeySchema have the same name");
  const missing = keys.find(({ name }) => !definitions.includes(name));
  if (missing) {
    const rule = "Some index key attributes are not defined in AttributeDefinitions.";
    const names = keys.map(({ name }) => name).join(", ");
    throw invalidParameters(`${rule} Keys: [${names}], AttributeDefinitions: [${definitions.join(", ")}]`);
  }
  if (definitions.length !== keys.length)
    throw invalidParameters(
      "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
    );
  return { hashKey: hash.name, ...(range && { rangeKey: range.name }) };
}

const invalidKeySchema = (rule: string): Error => validation(`Invalid KeySchema: ${rule}`);

function structures(members: StructureReader, member: string): readonly StructureReader[] {
  const list = members.list(member);
  if (!list) throw memberError(member, null, "Member must not be null");
  return list.map((item) => {
    if (!isRecord(item)) throw memberError(member, item, "Member must be a structure");
    return new StructureReader(item, (inner, value, rule) => memberError(`${member}.${inner}`, value, rule));
  });
}

export const describeTable: JsonOperation<TableUseName> = (members, uses) => {
  const name = readTableName(members);
  members.end();
  const table = counted(requireTable(name, uses), uses);
  return { Table: describe(table, statusOf(table, uses.clock.now())) };
};

/** The record with the counts of items, which AWS too refreshes rarely. */
function counted(table: TableRecord, { tables, items, clock }: Parameters<typeof requireTable>[1]): TableRecord {
  const now = clock.now();
  if (now - table.counted.at < countInterval) return table;
  return tables.put(table.name, { ...table, counted: { at: now, ...items().measure(table.id) } });
}

export const updateTable: JsonOperation<TableUseName> = (members, { tables, items, clock, latency }) => {
  const name = readTableName(members);
  const isProtected = members.flag("DeletionProtectionEnabled");
  members.end();
  if (isProtected === undefined) {
    throw validation(
      "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or " +
        "SSESpecification or ReplicaUpdates is required",
    );
  }
  const table = requireChangeable(name, { tables, items, clock });
  const updated = tables.put(name, { ...table, isProtected, updatedAt: clock.now() + latency.table });
  return { TableDescription: describe(updated, "UPDATING") };
};

export const deleteTable: JsonOperation<TableUseName> = (members, { tables, items, clock, latency }) => {
  const name = readTableName(members);
  members.end();
  const uses = { tables, items, clock };
  const table = requireChangeable(name, uses);
  if (table.isProtected) {
    throw validation(
      "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
    );
  }
  tables.put(name, { ...table, deletedAt: clock.now() + latency.table });
  // Removes it at once where deletions take no time.
  findTable(name, uses);
  return { TableDescription: describe(table, "DELETING") };
};

function describe(table: TableRecord, status: TableStatus): Record<string, unknown> {
  const { name, id, created, hashKey, rangeKey, isProtected, counted: counts } = table;
  const keys = [hashKey, ...(rangeKey === undefined ? [] : [rangeKey])];
  return {
    AttributeDefinitions: keys.toSorted().map((key) => ({ AttributeName: key, AttributeType: "S" })),
    TableName: name,
    KeySchema: keys.map((key, index) => ({ AttributeName: key, KeyType: index === 0 ? "HASH" : "RANGE" })),
    TableStatus: status,
    // Epoch seconds, as the protocol writes times.
    CreationDateTime: created / 1000,
    ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
    TableSizeBytes: counts.bytes,
    ItemCount: counts.count,
    TableArn: tableArn(name),
    TableId: id,
    BillingModeSummary: { BillingMode: "PAY_PER_REQUEST", LastUpdateToPayPerRequestDateTime: created / 1000 },
    DeletionProtectionEnabled: isProtected,
  };
}
