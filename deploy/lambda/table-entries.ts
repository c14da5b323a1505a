/** The entries of a stage's table, read by Scan and written one by one. */
import {
  type AttributeValue,
  DeleteItemCommand,
  GetItemCommand,
  paginateScan,
  PutItemCommand,
  QueryCommand,
} from "@aws-sdk/client-dynamodb";
import { UserError } from "../../framework/model/user-error.ts";
import { inParallel } from "../parallel.ts";
import type { Owner } from "../parts.ts";
import { type EntryStore, toColumns, type StoredEntry, toStoredEntry } from "../stored-entry.ts";
import type { Clients } from "./clients.ts";
import type { Place } from "./names.ts";
import { findTable, tableName } from "./table.ts";

/** Throws UserError STORE_MISSING, NAME_TAKEN, TABLE_SCHEMA. */
export async function openTableEntries(clients: Clients, owner: Owner, place: Place): Promise<EntryStore> {
  const TableName = tableName(owner);
  const found = await findTable(clients, owner, place);
  if (found?.owner !== "ours") throw missing(TableName, owner, found !== undefined);
  return {
    where: `table ${TableName}`,
    async *read() {
      for await (const { Items = [] } of paginateScan(
        { client: clients.dynamodb },
        { TableName, ConsistentRead: true },
      ))
        yield Items.map(toEntry);
    },
    async write(entries) {
      await inParallel(entries, 16, (entry) =>
        clients.dynamodb.send(new PutItemCommand({ TableName, Item: toItem(entry) })),
      );
    },
  };
}

const missing = (name: string, { stage }: Owner, isTaken: boolean): UserError =>
  isTaken
    ? new UserError(
        "NAME_TAKEN",
        `the table ${name} is not this app's, by its tags`,
        "Rename the app or the stage, or the table.",
      )
    : new UserError(
        "STORE_MISSING",
        `there is no table ${name} yet`,
        `Run portico deploy --stage ${stage} with a function that imports portico/store first.`,
      );

/** The operations by which the store's engine lists and deletes entries. */
const commands = { Query: QueryCommand, GetItem: GetItemCommand, DeleteItem: DeleteItemCommand } as const;

/** Sends one of them, as the store's engine gives it. Throws the SDK's errors. */
export const callTable = ({ dynamodb }: Clients, operation: string, input: object): Promise<unknown> => {
  const Command = commands[operation as keyof typeof commands] as typeof QueryCommand;
  return dynamodb.send(new Command({ TableName: "", ...input }));
};

type Item = Record<string, AttributeValue>;

const toEntry = ({ n, k, v, c, r, x }: Item): StoredEntry =>
  toStoredEntry({
    n: n?.S ?? "",
    k: k?.S ?? "",
    v: v?.S ?? null,
    c: c?.N === undefined ? null : Number(c.N),
    r: r?.S ?? "",
    x: x?.N === undefined ? null : Number(x.N),
  });

/** With the expiry in seconds, too, by which DynamoDB deletes. */
function toItem(entry: StoredEntry): Item {
  const [n, k, v, c, r, x] = toColumns(entry);
  return {
    n: { S: n },
    k: { S: k },
    r: { S: r },
    ...(v !== null && { v: { S: v } }),
    ...(c !== null && { c: { N: String(c) } }),
    ...(x !== null && { x: { N: String(x) }, e: { N: String(Math.ceil(x / 1000)) } }),
  };
}
