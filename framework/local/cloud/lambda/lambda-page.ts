/** Lambda's paging: `?Marker` and `?MaxItems` (at most 50 a page) of a call and a whole list in, one page out. */
import type { Call } from "../operation.ts";
import { type Page, pageOf } from "../page.ts";
import { invalid, violation } from "./refusals.ts";

export function lambdaPage<T>(call: Call, list: readonly T[], keyOf: (item: T) => string): Page<T> {
  const given = call.query.get("MaxItems");
  const size = Number(given ?? 50);
  if (!Number.isInteger(size) || size < 1 || size > 10_000)
    throw violation("MaxItems", given, "Member must have value between 1 and 10000");
  const page = pageOf(list, keyOf, Math.min(size, 50), call.query.get("Marker"));
  if (!page) throw invalid("The provided marker is invalid.");
  return page;
}
