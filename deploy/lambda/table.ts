/** The DynamoDB table of an app's store: observed, made and brought in step before a release, counted, deleted. */
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  ListTagsOfResourceCommand,
  ScanCommand,
  type TableDescription,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import { storeTable } from "../../framework/model/store-table.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { DeployedPart, Fact, Owner, Part } from "../parts.ts";
import type { StoredData } from "../platform.ts";
import { poll, retry } from "../retry.ts";
import { hasName, isConflict, undefinedIfMissing } from "./aws-error.ts";
import type { Clients } from "./clients.ts";
import { isOurs, ownerTags, type Place, stageName } from "./names.ts";

/** How a table is kept. */
export interface TableSettings {
  /** Point-in-time recovery and protection against deletion: for stages that hosting.json names. */
  readonly isProtected: boolean;
}

/** A table as it is. */
export interface FoundTable extends TableSettings {
  /** Of our name; others' are left alone. */
  readonly owner: "ours" | "taken";
  /** Missing on a table that is being made. */
  readonly hasExpiry: boolean;
  readonly hasRecovery: boolean;
  readonly isActive: boolean;
}

/** The attribute by which DynamoDB deletes expired items. */
const expiry = storeTable.ttl;
const keys = [
  { AttributeName: storeTable.hashKey, KeyType: "HASH" },
  { AttributeName: storeTable.rangeKey, KeyType: "RANGE" },
] as const;

/** `app--stage`. */
export const tableName = stageName;

/** The ARN by which a role is limited to the table. */
export const tableArn = (owner: Owner, { account, region }: Place): string =>
  `arn:aws:dynamodb:${region}:${account}:table/${tableName(owner)}`;

/** The table as a part that all releases share. @param note for people */
export function tablePart(owner: Owner, { isProtected }: TableSettings, note?: string): Part {
  const facts: readonly Fact[] = [
    { label: "expiry", value: "on" },
    { label: "recovery and protection", value: isProtected ? "on" : "off" },
  ];
  return {
    kind: "table",
    name: tableName(owner),
    // Its settings make no release: they are all releases'.
    key: "store 1",
    facts,
    shared: true,
    ...(note !== undefined && { note }),
  };
}

/** The same of a table as it is: more protection than is wanted is never taken away by a deploy. */
export function deployedTable(owner: Owner, found: FoundTable, wanted: TableSettings): DeployedPart {
  const lacksProtection = wanted.isProtected && !(found.isProtected && found.hasRecovery);
  const part = tablePart(owner, { isProtected: wanted.isProtected && !lacksProtection });
  const isComplete = found.hasExpiry && found.isActive;
  if (isComplete && !lacksProtection) return part;
  const expiryFact = { label: "expiry", value: isComplete ? "on" : "off" };
  return { ...part, key: "incomplete", facts: [expiryFact, ...(part.facts ?? []).slice(1)] };
}

/** Four calls at once. Throws UserError TABLE_SCHEMA. */
export async function findTable(clients: Clients, owner: Owner, place: Place): Promise<FoundTable | undefined> {
  const { dynamodb } = clients;
  const TableName = tableName(owner);
  const [found, tags, ttl, backups] = await Promise.all([
    dynamodb.send(new DescribeTableCommand({ TableName })).catch(undefinedIfMissing),
    dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn: tableArn(owner, place) })).catch(undefinedIfMissing),
    dynamodb.send(new DescribeTimeToLiveCommand({ TableName })).catch(undefinedIfMissing),
    dynamodb.send(new DescribeContinuousBackupsCommand({ TableName })).catch(undefinedIfMissing),
  ]);
  const { Table: table } = found ?? {};
  if (!table || table.TableStatus === "DELETING") return undefined;
  const byKey = Object.fromEntries(tags?.Tags?.map(({ Key = "", Value = "" }) => [Key, Value]) ?? []);
  const { TimeToLiveStatus: status, AttributeName: attribute } = ttl?.TimeToLiveDescription ?? {};
  const recovery = backups?.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus;
  const isMine = isOurs(owner, byKey);
  const hasExpiry = status === "ENABLED" || status === "ENABLING";
  if (isMine) requireSchema(table, owner, hasExpiry ? attribute : undefined);
  return {
    owner: isMine ? "ours" : "taken",
    isActive: table.TableStatus !== "CREATING",
    isProtected: table.DeletionProtectionEnabled ?? false,
    hasExpiry,
    hasRecovery: recovery === "ENABLED",
  };
}

function requireSchema(
  { KeySchema = [], AttributeDefinitions = [] }: TableDescription,
  owner: Owner,
  ttl?: string,
): void {
  const schema = KeySchema.map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType}`).join();
  const types = new Map(AttributeDefinitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]));
  const isRight =
    schema === keys.map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType}`).join() &&
    keys.every(({ AttributeName }) => types.get(AttributeName) === "S");
  if (isRight && (ttl === undefined || ttl === expiry)) return;
  const what = isRight
    ? `deletes items by the attribute ${ttl}, not ${expiry}`
    : "has other keys than n and k of type S";
  throw new UserError(
    "TABLE_SCHEMA",
    `the table ${tableName(owner)} ${what}: somebody changed it`,
    isRight
      ? `Disable its Time to Live (aws dynamodb update-time-to-live) and deploy again an hour later.`
      : `Keep what it has (aws dynamodb scan), and run portico remove --data --stage ${owner.stage}`,
  );
}

/**
 * Makes the table when there is none, and completes it. Each call may be repeated. Throws UserError NAME_TAKEN.
 * @param seen as it was just read
 */
export async function ensureTable(
  clients: Clients,
  owner: Owner,
  { isProtected }: TableSettings,
  seen: FoundTable | undefined,
): Promise<void> {
  const { dynamodb, clock } = clients;
  const TableName = tableName(owner);
  if (!seen) await createTable(clients, owner, isProtected);
  if (!seen?.isActive) await whenActive(clients, TableName);
  if (!seen?.hasExpiry) await enableExpiry(clients, TableName);
  if (!isProtected) return;
  if (seen && !seen.isProtected) {
    await dynamodb.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: true }));
    await whenActive(clients, TableName);
  }
  if (seen?.hasRecovery) return;
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
  // A new table's backups become available some time after it.
  await retry(
    { clock },
    (error) => hasName(error, "ContinuousBackupsUnavailableException"),
    () => dynamodb.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification })),
  );
}

/** Of a name that is just being deleted, or whose creation's answer was lost, it is tried again. */
async function createTable({ dynamodb, clock }: Clients, owner: Owner, isProtected: boolean): Promise<void> {
  const TableName = tableName(owner);
  const command = new CreateTableCommand({
    TableName,
    KeySchema: [...keys],
    AttributeDefinitions: keys.map(({ AttributeName }) => ({ AttributeName, AttributeType: "S" })),
    BillingMode: "PAY_PER_REQUEST",
    DeletionProtectionEnabled: isProtected,
    Tags: Object.entries(ownerTags(owner)).map(([Key, Value]) => ({ Key, Value })),
  });
  await retry({ clock }, isInUse, async () => {
    try {
      await dynamodb.send(command);
    } catch (error) {
      if (!isInUse(error)) throw error;
      const { Table } = (await dynamodb.send(new DescribeTableCommand({ TableName })).catch(undefinedIfMissing)) ?? {};
      if (!Table || Table.TableStatus === "DELETING") throw error;
      const { Tags } = await dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn: Table.TableArn }));
      if (!isOurs(owner, Object.fromEntries(Tags?.map(({ Key = "", Value = "" }) => [Key, Value]) ?? [])))
        throw tableTaken(TableName);
    }
  });
}

const isInUse = (error: unknown): boolean => hasName(error, "ResourceInUseException") || isConflict(error);

const tableTaken = (name: string): UserError =>
  new UserError(
    "NAME_TAKEN",
    `the table ${name} exists in the account, and its tags do not name this app and stage`,
    "Rename the app or the stage, or remove that table yourself.",
  );

async function whenActive({ dynamodb, clock }: Clients, TableName: string): Promise<void> {
  await poll(
    { clock },
    `the table ${TableName}`,
    async () => (await dynamodb.send(new DescribeTableCommand({ TableName }))).Table?.TableStatus,
    (status) => status === "ACTIVE",
  );
}

/** Refused where it is on already, as after an answer that was lost. */
async function enableExpiry({ dynamodb }: Clients, TableName: string): Promise<void> {
  const TimeToLiveSpecification = { Enabled: true, AttributeName: expiry };
  try {
    await dynamodb.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
  } catch (error) {
    if (!hasName(error, "ValidationException")) throw error;
    const { TimeToLiveDescription: now } = await dynamodb.send(new DescribeTimeToLiveCommand({ TableName }));
    const isOn = now?.TimeToLiveStatus === "ENABLED" || now?.TimeToLiveStatus === "ENABLING";
    if (!isOn || now.AttributeName !== expiry) throw error;
  }
}

/** Counts what a page of 1 MB holds; of more, DynamoDB's own count, which is up to six hours old. */
export async function countEntries({ dynamodb }: Clients, owner: Owner): Promise<StoredData> {
  const TableName = tableName(owner);
  const [page, about] = await Promise.all([
    dynamodb.send(new ScanCommand({ TableName, Select: "COUNT" })),
    dynamodb.send(new DescribeTableCommand({ TableName })),
  ]);
  const counted = page.Count ?? 0;
  const isMore = page.LastEvaluatedKey !== undefined;
  const entries = isMore ? Math.max(counted, about.Table?.ItemCount ?? 0) : counted;
  return { kind: "table", name: TableName, entries, isMore };
}

/** Lifts the protection and deletes the table with all that is in it; true when there was one of ours. */
export async function deleteTable(clients: Clients, owner: Owner, place: Place): Promise<boolean> {
  const { dynamodb, clock } = clients;
  const TableName = tableName(owner);
  const found = await findTable(clients, owner, place);
  if (found?.owner !== "ours") return false;
  if (found.isProtected) {
    await dynamodb.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }));
    await whenActive(clients, TableName);
  }
  await retry({ clock }, isInUse, () => dynamodb.send(new DeleteTableCommand({ TableName }))).catch(undefinedIfMissing);
  return true;
}
