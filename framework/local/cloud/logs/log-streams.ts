/** CreateLogStream, DescribeLogStreams, DeleteLogStream and PutLogEvents. */
import type { JsonOperation } from "../json-protocol.ts";
import type { LogEvent, LogStream } from "../log-store.ts";
import { isRecord, Members } from "../members.ts";
import {
  alreadyExists,
  complain,
  findGroup,
  invalidParameter,
  logGroupArn,
  notFound,
  readGroupName,
  readPage,
  readStreamName,
} from "./logs-error.ts";

/** Of one call (quotas page): events, bytes with 26 for each event, and the span from first to last, ms. */
const maxEvents = 10_000;
const maxBatch = 1_048_576;
const eventOverhead = 26;
const maxSpan = 24 * 3_600_000;
/** How far an event may be from now, ms. */
const maxAhead = 2 * 3_600_000;
const maxAge = 14 * 24 * 3_600_000;

export const createLogStream: JsonOperation = (members, region) => {
  const group = readGroupName(members);
  const stream = readStreamName(members);
  members.end();
  findGroup(group, region);
  if (region.logs.stream(group, stream)) throw alreadyExists("stream");
  region.logs.create(group, stream, region.clock.now());
  return undefined;
};

export const deleteLogStream: JsonOperation = (members, region) => {
  const group = readGroupName(members);
  const stream = readStreamName(members);
  members.end();
  findGroup(group, region);
  if (!region.logs.stream(group, stream)) throw notFound("stream");
  region.logs.remove(group, stream);
  return undefined;
};

export const describeLogStreams: JsonOperation = (members, region) => {
  const group = readGroupName(members);
  const prefix = members.text("logStreamNamePrefix", { min: 1, max: 512 });
  const order = members.text("orderBy", { oneOf: ["LogStreamName", "LastEventTime"] }) ?? "LogStreamName";
  const descending = members.flag("descending") ?? false;
  if (order === "LastEventTime" && prefix !== undefined)
    throw invalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.");
  findGroup(group, region);
  const byLast = (left: LogStream, right: LogStream): number => (left.last ?? 0) - (right.last ?? 0);
  const named = region.logs.streams(group).filter(({ name }) => name.startsWith(prefix ?? ""));
  const ordered = order === "LastEventTime" ? named.toSorted(byLast) : named;
  const page = readPage(members, descending ? ordered.toReversed() : ordered, ({ name }) => name);
  const logStreams = page.items.map((stream) => ({
    arn: `${logGroupArn(group)}:log-stream:${stream.name}`,
    creationTime: stream.created,
    firstEventTimestamp: stream.first,
    lastEventTimestamp: stream.last,
    lastIngestionTime: stream.ingested,
    logStreamName: stream.name,
    // Not counted any more since 2019 (API reference, LogStream).
    storedBytes: 0,
  }));
  return { logStreams, nextToken: page.next };
};

function readEvents(members: Members): readonly LogEvent[] {
  const list = members.list("logEvents") ?? [];
  if (list.length < 1 || list.length > maxEvents)
    throw complain("logEvents", list.length, `Member must have length between 1 and ${maxEvents}`);
  const events = list.map((one) => {
    if (!isRecord(one)) throw complain("logEvents", one, "Member must be a structure");
    const event = new Members(one, complain);
    const timestamp = event.integer("timestamp", 0, Number.MAX_SAFE_INTEGER);
    const message = event.requiredText("message", { min: 1 });
    event.end();
    if (timestamp === undefined) throw complain("logEvents.timestamp", null, "Member must not be null");
    return { timestamp, message };
  });
  const bytes = events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + eventOverhead, 0);
  if (bytes > maxBatch) throw invalidParameter(`Upload too large: ${bytes} bytes exceeds limit of ${maxBatch}`);
  if (events.some(({ timestamp }, at) => timestamp < (events[at - 1]?.timestamp ?? 0)))
    throw invalidParameter("Log events in a single PutLogEvents request must be in chronological order.");
  const [first, last] = [events[0], events.at(-1)];
  if (first && last && last.timestamp - first.timestamp > maxSpan)
    throw invalidParameter("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  return events;
}

export const putLogEvents: JsonOperation = (members, region) => {
  const group = readGroupName(members);
  const stream = readStreamName(members);
  // Accepted and ignored since 2023 (API reference, PutLogEvents).
  members.text("sequenceToken", { min: 1 });
  const events = readEvents(members);
  members.end();
  findGroup(group, region);
  if (!region.logs.stream(group, stream)) throw notFound("stream");
  const now = region.clock.now();
  const old = events.filter(({ timestamp }) => timestamp < now - maxAge).length;
  const ahead = events.findIndex(({ timestamp }) => timestamp > now + maxAhead);
  region.logs.append(group, stream, events.slice(old, ahead < 0 ? undefined : ahead), now);
  const rejected = { ...(old > 0 && { tooOldLogEventEndIndex: old }), ...(ahead >= 0 && { tooNewLogEventStartIndex: ahead }) };
  return { nextSequenceToken: String(now), ...(Object.keys(rejected).length > 0 && { rejectedLogEventsInfo: rejected }) };
};
