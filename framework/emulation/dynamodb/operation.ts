/** What a data operation of DynamoDB is, and how it finds its table. */
import { tableMissing } from "./errors.ts";
import type { ItemStore } from "./item-store.ts";
import type { TableSchema } from "./table-schema.ts";

/** What the operations work with. */
export interface DataPlane {
  items(): ItemStore;
  /** A table that takes data operations: neither being created nor being deleted. */
  findTable(name: string): TableSchema | undefined;
  tables(): readonly TableSchema[];
}

/** Members of a request → members of the response; those that are undefined are left out. Throws AwsError. */
export type ItemOperation = (
  members: Readonly<Record<string, unknown>>,
  plane: DataPlane,
) => Promise<Readonly<Record<string, unknown>>>;

/** Throws ResourceNotFoundException. */
export function requireTable(name: string, plane: DataPlane): TableSchema {
  const table = plane.findTable(name);
  if (!table) throw tableMissing();
  return table;
}
