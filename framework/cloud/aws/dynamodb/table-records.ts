/** The records of tables: finds them by name, with their status at the time, and as the data operations see them. */
import type { TableSchema } from "../../../emulation/dynamodb/table-schema.ts";
import type { Uses } from "../backends.ts";
import type { TableRecord } from "../records.ts";
import { tableBusy, tableNotFound } from "./errors.ts";

export type TableStatus = "CREATING" | "UPDATING" | "DELETING" | "ACTIVE";

/** What every operation on tables uses. */
export type TableUses = Uses<"tables" | "items" | "clock">;

/** The status of a table at `now` (epoch ms). */
export function statusOf({ readyAt, updatedAt = 0, deletedAt }: TableRecord, now: number): TableStatus {
  if (deletedAt !== undefined) return "DELETING";
  if (now < readyAt) return "CREATING";
  return now < updatedAt ? "UPDATING" : "ACTIVE";
}

/** The table, or undefined; one whose deletion is complete is removed with its items. */
export function findTable(name: string, { tables, items, clock }: TableUses): TableRecord | undefined {
  const table = tables.get(name);
  if (table?.deletedAt === undefined || clock.now() < table.deletedAt) return table;
  // The record goes first: a kill in between leaves items that no table has, which go at the next start.
  tables.remove(name);
  items().removeTable(table.id);
  return undefined;
}

/** Throws ResourceNotFoundException. */
export function requireTable(name: string, uses: TableUses): TableRecord {
  const table = findTable(name, uses);
  if (!table) throw tableNotFound(name);
  return table;
}

/** Throws ResourceNotFoundException, or ResourceInUseException when another change is in progress. */
export function requireChangeable(name: string, uses: TableUses): TableRecord {
  const table = requireTable(name, uses);
  const state = { CREATING: "created", UPDATING: "updated", DELETING: "deleted", ACTIVE: undefined };
  const busy = state[statusOf(table, uses.clock.now())];
  if (busy !== undefined) throw tableBusy(name, busy);
  return table;
}

/** The table as the data operations see it; undefined while it is being created or deleted. */
export function schemaOf(name: string, uses: TableUses): TableSchema | undefined {
  const table = findTable(name, uses);
  const status = table && statusOf(table, uses.clock.now());
  if (!table || status === "CREATING" || status === "DELETING") return undefined;
  const { id, hashKey, rangeKey, ttl } = table;
  return {
    name,
    id,
    hashKey,
    ...(rangeKey !== undefined && { rangeKey }),
    ...(ttl?.enabled && uses.clock.now() >= ttl.readyAt && { ttl: ttl.attribute }),
  };
}
