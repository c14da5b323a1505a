/** Which trace items a tail wants (docs: wrangler tail): filters as sent in, a test out. */
import { isRecord } from "../members.ts";
import { membersOf } from "./body.ts";
import { CloudflareError } from "./cloudflare-error.ts";

export type TraceItem = Readonly<Record<string, unknown>>;
export type TraceFilter = (item: TraceItem) => boolean;

/** All of them must hold. Throws CloudflareError 10057 for one that is none. */
export function readFilters(list: readonly unknown[]): TraceFilter {
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
    ...(addresses ? [(item: TraceItem) => addresses.includes(headerOf(item, "cf-connecting-ip") ?? "") || addresses.includes("self")] : []),
    ...(query === undefined ? [] : [(item: TraceItem) => JSON.stringify(item["logs"]).includes(query)]),
    ...(version === undefined ? [] : [(item: TraceItem) => isRecord(item["scriptVersion"]) && item["scriptVersion"]["id"] === version]),
    ...(key === undefined ? [] : [(item: TraceItem) => headerOf(item, key.toLowerCase())?.includes(part ?? "") ?? false]),
  ];
  if (tests.length !== 1) throw new CloudflareError(10057, 400, "Every filter must have one condition.");
  return tests[0] as TraceFilter;
}

function requestOf(item: TraceItem): Readonly<Record<string, unknown>> {
  const { event } = item;
  return isRecord(event) && isRecord(event["request"]) ? event["request"] : {};
}

function headerOf(item: TraceItem, name: string): string | undefined {
  const { headers } = requestOf(item);
  const value = isRecord(headers) ? headers[name] : undefined;
  return typeof value === "string" ? value : undefined;
}
