/** GetLogEvents and FilterLogEvents: a stream, or a group and a pattern, in; pages of events in the order of their times out. */
import type { JsonOperation } from "../json-protocol.ts";
import { byTime, type StoredEvent } from "../log-store.ts";
import type { Members } from "../members.ts";
import type { LogGroupRecord } from "../records.ts";
import type { Region } from "../region.ts";
import { toMatcher } from "./filter-pattern.ts";
import { horizonOf } from "./log-groups.ts";
import { findGroup, invalidParameter, notFound, readGroupName, readStreamName } from "./logs-error.ts";

/** Of one page (API reference): events and bytes. */
const maxPage = 10_000;
const maxBytes = 1_048_576;

/** An event and whose it is. */
interface Found extends StoredEvent {
  readonly stream: string;
}

/** As many as go into a page, from the front. */
function firstPage<T extends StoredEvent>(events: readonly T[], limit: number): readonly T[] {
  let bytes = 0;
  const end = events.findIndex(({ message }, at) => {
    bytes += Buffer.byteLength(message) + 26;
    return at >= limit || (at > 0 && bytes > maxBytes);
  });
  return end < 0 ? events : events.slice(0, end);
}

function readSpan(members: Members): { readonly start: number; readonly end: number | undefined; readonly limit: number } {
  const start = members.integer("startTime", 0, Number.MAX_SAFE_INTEGER) ?? 0;
  const end = members.integer("endTime", 0, Number.MAX_SAFE_INTEGER);
  const limit = members.integer("limit", 1, maxPage) ?? maxPage;
  return { start, end, limit };
}

/** 56 digits that are in the order of the events. */
const idOf = ({ timestamp, number }: StoredEvent): string => `${String(timestamp).padStart(20, "0")}${String(number).padStart(36, "0")}`;

/** Where a page begins: `f/` and the id after which, or `b/` and the id before which, its events are. */
function readToken(token: string | undefined): { readonly direction: string; readonly id: string } | undefined {
  if (token === undefined) return undefined;
  const [, direction = "", id = ""] = /^([fb])\/(\d{56})\/s$/.exec(token) ?? [];
  if (direction === "") throw invalidParameter("The specified nextToken is invalid.");
  return { direction, id };
}

export const getLogEvents: JsonOperation = (members, region) => {
  const group = findGroup(readGroupName(members), region);
  const stream = readStreamName(members);
  const { start, end = Infinity, limit } = readSpan(members);
  const fromHead = members.flag("startFromHead") ?? false;
  const token = readToken(members.text("nextToken", { min: 1 }));
  members.end();
  if (!region.logs.stream(group.name, stream)) throw notFound("stream");
  const from = Math.max(start, horizonOf(group, region));
  const all = region.logs.read(group.name, stream).filter(({ timestamp }) => timestamp >= from && timestamp < end);
  const isForward = token ? token.direction === "f" : fromHead;
  const rest = token ? all.filter((event) => (isForward ? idOf(event) > token.id : idOf(event) < token.id)) : all;
  const page = isForward ? firstPage(rest, limit) : firstPage(rest.toReversed(), limit).toReversed();
  const [head, tail] = [page[0], page.at(-1)];
  // At the end the token stays the same, and that is how a client knows.
  const stay = token?.id ?? "0".repeat(56);
  return {
    events: page.map(({ timestamp, message, ingested }) => ({ ingestionTime: ingested, message, timestamp })),
    nextBackwardToken: `b/${head ? idOf(head) : stay}/s`,
    nextForwardToken: `f/${tail ? idOf(tail) : stay}/s`,
  };
};

function streamsOf(members: Members, group: LogGroupRecord, region: Region): readonly string[] {
  const names = members.texts("logStreamNames");
  const prefix = members.text("logStreamNamePrefix", { min: 1, max: 512 });
  if (names && prefix !== undefined) throw invalidParameter("LogStreamName prefix and LogStreamNames are mutually exclusive parameters.");
  if (names && (names.length < 1 || names.length > 100)) throw invalidParameter("logStreamNames must have between 1 and 100 names");
  const all = region.logs.streams(group.name).map(({ name }) => name);
  const missing = names?.find((name) => !all.includes(name));
  if (missing !== undefined) throw notFound("stream");
  return names ?? all.filter((name) => name.startsWith(prefix ?? ""));
}

export const filterLogEvents: JsonOperation = (members, region) => {
  const group = findGroup(readGroupName(members), region);
  const streams = streamsOf(members, group, region);
  const { start, end = Infinity, limit } = readSpan(members);
  const matches = toMatcher(members.text("filterPattern", { max: 1024 }) ?? "");
  members.flag("interleaved");
  const token = readToken(members.text("nextToken", { min: 1 }));
  members.end();
  const from = Math.max(start, horizonOf(group, region));
  const found = streams
    .filter((stream) => (region.logs.stream(group.name, stream)?.last ?? 0) >= from)
    .flatMap((stream) => region.logs.read(group.name, stream).map((event): Found => ({ ...event, stream })))
    .filter((event) => event.timestamp >= from && event.timestamp <= end && matches(event.message))
    .filter((event) => !token || idOf(event) > token.id)
    .toSorted(byTime);
  const page = firstPage(found, limit);
  const tail = page.at(-1);
  return {
    events: page.map((event) => ({
      eventId: idOf(event),
      ingestionTime: event.ingested,
      logStreamName: event.stream,
      message: event.message,
      timestamp: event.timestamp,
    })),
    nextToken: tail && found.length > page.length ? `f/${idOf(tail)}/s` : undefined,
    searchedLogStreams: [],
  };
};
