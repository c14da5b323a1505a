/** Lambda's pages of a list, by `?Marker` and `?MaxItems` (at most 50 items). */
import type { RestCall } from "../rest-operation.ts";
import { type Page, pageOf } from "../pagination.ts";
import { invalid, violation } from "./errors.ts";

export function lambdaPage<T>(call: RestCall, list: readonly T[], keyOf: (item: T) => string): Page<T> {
  const maxItems = call.query.get("MaxItems");
  const size = Number(maxItems ?? 50);
  if (!Number.isInteger(size) || size < 1 || size > 10_000)
    throw violation("MaxItems", maxItems, "Member must have value between 1 and 10000");
  const page = pageOf(list, keyOf, Math.min(size, 50), call.query.get("Marker"));
  if (!page) throw invalid("The provided marker is invalid.");
  return page;
}
