/** Searches the log events of a group (FilterLogEvents), sorted by time and in pages. */
import type { JsonOperation } from "../json-protocol.ts";
import { byTime, type LogStore, type StoredEvent } from "./log-store.ts";
import type { StructureReader } from "../../structure-reader.ts";
import type { LogGroupRecord } from "../records.ts";
import { toMatcher } from "./filter-pattern.ts";
import { expiryOf } from "./log-groups.ts";
import { findGroup, invalidParameter, notFound, readGroupName } from "./errors.ts";

/** Largest page (API reference): events and bytes. */
const maxPage = 10_000;
const maxBytes = 1_048_576;

/** An event and its stream. */
interface StreamEvent extends StoredEvent {
  readonly stream: string;
}

/** The first events, as many as fit into a page. */
function firstPage<T extends StoredEvent>(events: readonly T[], limit: number): readonly T[] {
  let bytes = 0;
  const end = events.findIndex(({ message }, index) => {
    bytes += Buffer.byteLength(message) + 26;
    return index >= limit || (index > 0 && bytes > maxBytes);
  });
  return end < 0 ? events : events.slice(0, end);
}

function readSpan(members: StructureReader): {
  readonly start: number;
  readonly end: number | undefined;
  readonly limit: number;
} {
  const start = members.integer("startTime", 0, Number.MAX_SAFE_INTEGER) ?? 0;
  const end = members.integer("endTime", 0, Number.MAX_SAFE_INTEGER);
  const limit = members.integer("limit", 1, maxPage) ?? maxPage;
  return { start, end, limit };
}

/** 56 digits; ids sort in the order of the events. */
const idOf = ({ timestamp, number }: StoredEvent): string =>
  `${String(timestamp).padStart(20, "0")}${String(number).padStart(36, "0")}`;

/** The id of the last event before the page. */
function readToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const [, id] = /^f\/(\d{56})\/s$/.exec(token) ?? [];
  if (id === undefined) throw invalidParameter("The specified nextToken is invalid.");
  return id;
}

function streamsOf(members: StructureReader, group: LogGroupRecord, logs: LogStore): readonly string[] {
  const names = members.texts("logStreamNames");
  const prefix = members.text("logStreamNamePrefix", { min: 1, max: 512 });
  if (names && prefix !== undefined)
    throw invalidParameter("LogStreamName prefix and LogStreamNames are mutually exclusive parameters.");
  if (names && (names.length < 1 || names.length > 100))
    throw invalidParameter("logStreamNames must have between 1 and 100 names");
  const all = logs.streams(group.name).map(({ name }) => name);
  const missing = names?.find((name) => !all.includes(name));
  if (missing !== undefined) throw notFound("stream");
  return names ?? all.filter((name) => name.startsWith(prefix ?? ""));
}

export const filterLogEvents: JsonOperation<"logGroups" | "logs" | "clock"> = (members, { logGroups, logs, clock }) => {
  const group = findGroup(readGroupName(members), logGroups);
  const streams = streamsOf(members, group, logs);
  const { start, end = Infinity, limit } = readSpan(members);
  const matches = toMatcher(members.text("filterPattern", { max: 1024 }) ?? "");
  members.flag("interleaved");
  const token = readToken(members.text("nextToken", { min: 1 }));
  members.end();
  const from = Math.max(start, expiryOf(group, clock.now()));
  const matching = streams
    .filter((stream) => (logs.stream(group.name, stream)?.last ?? 0) >= from)
    .flatMap((stream) => logs.read(group.name, stream).map((event): StreamEvent => ({ ...event, stream })))
    .filter((event) => event.timestamp >= from && event.timestamp <= end && matches(event.message))
    .filter((event) => !token || idOf(event) > token)
    .toSorted(byTime);
  const page = firstPage(matching, limit);
  const tail = page.at(-1);
  return {
    events: page.map((event) => ({
      eventId: idOf(event),
      ingestionTime: event.ingested,
      logStreamName: event.stream,
      message: event.message,
      timestamp: event.timestamp,
    })),
    nextToken: tail && matching.length > page.length ? `f/${idOf(tail)}/s` : undefined,
    searchedLogStreams: [],
  };
};
