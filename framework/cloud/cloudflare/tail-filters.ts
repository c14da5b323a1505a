/** Filters of a tail, which decide on the trace items that its client receives (docs: wrangler tail). */
import { isRecord } from "../structure-reader.ts";
import { CloudflareError } from "./cloudflare-error.ts";
import { membersOf } from "./json-body.ts";

export type TraceItem = Readonly<Record<string, unknown>>;
export type TraceFilter = (item: TraceItem) => boolean;

/** An item must pass all filters. Throws CloudflareError 10057 for a filter that is not valid. */
export function readTraceFilters(list: readonly unknown[]): TraceFilter {
  const filters = list.map(readFilter);
  return (item) => filters.every((filter) => filter(item));
}

function readFilter(value: unknown): TraceFilter {
  const members = membersOf(value, "filters", 10057);
  const rate = members.fraction("sampling_rate");
  const outcomes = members.texts("outcome");
  const methods = members.texts("method");
  const addresses = members.texts("client_ip");
  const query = members.text("query");
  const version = members.text("scriptVersion");
  const header = members.structure("header");
  const [key, part] = [header?.text("key"), header?.text("query")];
  header?.end();
  members.end();
  const tests: TraceFilter[] = [
    ...(rate === undefined ? [] : [() => Math.random() < rate]),
    ...(outcomes ? [(item: TraceItem) => outcomes.includes(String(item["outcome"]))] : []),
    ...(methods ? [(item: TraceItem) => methods.includes(String(requestOf(item)["method"]))] : []),
    ...(addresses
      ? [
          (item: TraceItem) =>
            addresses.includes(itemHeader(item, "cf-connecting-ip") ?? "") || addresses.includes("self"),
        ]
      : []),
    ...(query === undefined ? [] : [(item: TraceItem) => JSON.stringify(item["logs"]).includes(query)]),
    ...(version === undefined
      ? []
      : [(item: TraceItem) => isRecord(item["scriptVersion"]) && item["scriptVersion"]["id"] === version]),
    ...(key === undefined
      ? []
      : [(item: TraceItem) => itemHeader(item, key.toLowerCase())?.includes(part ?? "") ?? false]),
  ];
  if (tests.length !== 1) throw new CloudflareError(10057, 400, "Every filter must have one condition.");
  return tests[0] as TraceFilter;
}

function requestOf(item: TraceItem): Readonly<Record<string, unknown>> {
  const { event } = item;
  return isRecord(event) && isRecord(event["request"]) ? event["request"] : {};
}

function itemHeader(item: TraceItem, name: string): string | undefined {
  const { headers } = requestOf(item);
  const value = isRecord(headers) ? headers[name] : undefined;
  return typeof value === "string" ? value : undefined;
}
