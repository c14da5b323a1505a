/** The data operations of DynamoDB by name, with their permission, and the late deletion of expired items. */
import { authorize, type Caller } from "../aws/policy.ts";
import { deleteItem, getItem, putItem, updateItem } from "./item-operations.ts";
import type { DataPlane, ItemOperation } from "./operation.ts";
import { query, scan } from "./query.ts";

/** By the names of the API. */
export const itemOperations: Readonly<Record<string, ItemOperation>> = {
  GetItem: getItem,
  PutItem: putItem,
  DeleteItem: deleteItem,
  UpdateItem: updateItem,
  Query: query,
  Scan: scan,
};

/** A call of a known operation. */
export interface ItemCall {
  readonly operation: string;
  readonly members: Readonly<Record<string, unknown>>;
  /** Undefined for the account's own key, which may do everything. */
  readonly caller: Caller | undefined;
}

/** Milliseconds. */
const sweepInterval = 3_600_000;

/** Runs calls. The result gives the members of the response, and rejects with AwsError. */
export function createItemCalls(
  plane: DataPlane,
  { now, tableArn }: { now(): number; tableArn(name: string): string },
): (call: ItemCall) => Promise<Readonly<Record<string, unknown>>> {
  let sweptAt = Number.NEGATIVE_INFINITY;
  return async ({ operation, members, caller }) => {
    const { TableName: name } = members;
    // What has no valid table's name is refused by the operation itself.
    if (caller && typeof name === "string") authorize(caller, `dynamodb:${operation}`, tableArn(name));
    // Expired items stay readable for a while, as on AWS, so that nobody may rely on their deletion.
    if (now() - sweptAt >= sweepInterval) {
      sweptAt = now();
      for (const { id, ttl } of plane.tables()) if (ttl !== undefined) plane.items().sweep(id, ttl, now() / 1000);
    }
    return itemOperations[operation]!(members, plane);
  };
}
