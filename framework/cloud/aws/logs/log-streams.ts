/** Log streams: CreateLogStream and PutLogEvents. */
import type { JsonOperation } from "../json-protocol.ts";
import type { LogEvent } from "./log-store.ts";
import { isRecord, StructureReader } from "../../structure-reader.ts";
import {
  alreadyExists,
  memberError,
  findGroup,
  invalidParameter,
  notFound,
  readGroupName,
  readStreamName,
} from "./errors.ts";

/** Limits of one call (quotas page): events, bytes with 26 for each event, and milliseconds from first to last. */
const maxEvents = 10_000;
const maxBatch = 1_048_576;
const eventOverhead = 26;
const maxSpan = 24 * 3_600_000;
/** Largest distance of an event from now, in milliseconds. */
const maxFuture = 2 * 3_600_000;
const maxAge = 14 * 24 * 3_600_000;

export const createLogStream: JsonOperation<"logGroups" | "logs" | "clock"> = (members, { logGroups, logs, clock }) => {
  const group = readGroupName(members);
  const stream = readStreamName(members);
  members.end();
  findGroup(group, logGroups);
  if (logs.stream(group, stream)) throw alreadyExists("stream");
  logs.create(group, stream, clock.now());
  return undefined;
};

function readEvents(members: StructureReader): readonly LogEvent[] {
  const list = members.list("logEvents") ?? [];
  if (list.length < 1 || list.length > maxEvents)
    throw memberError("logEvents", list.length, `Member must have length between 1 and ${maxEvents}`);
  const events = list.map((item) => {
    if (!isRecord(item)) throw memberError("logEvents", item, "Member must be a structure");
    const event = new StructureReader(item, memberError);
    const timestamp = event.integer("timestamp", 0, Number.MAX_SAFE_INTEGER);
    const message = event.requiredText("message", { min: 1 });
    event.end();
    if (timestamp === undefined) throw memberError("logEvents.timestamp", null, "Member must not be null");
    return { timestamp, message };
  });
  const bytes = events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + eventOverhead, 0);
  if (bytes > maxBatch) throw invalidParameter(`Upload too large: ${bytes} bytes exceeds limit of ${maxBatch}`);
  if (events.some(({ timestamp }, index) => timestamp < (events[index - 1]?.timestamp ?? 0)))
    throw invalidParameter("Log events in a single PutLogEvents request must be in chronological order.");
  const [first, last] = [events[0], events.at(-1)];
  if (first && last && last.timestamp - first.timestamp > maxSpan)
    throw invalidParameter("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  return events;
}

export const putLogEvents: JsonOperation<"logGroups" | "logs" | "clock"> = (members, { logGroups, logs, clock }) => {
  const group = readGroupName(members);
  const stream = readStreamName(members);
  // Accepted and ignored since 2023 (API reference, PutLogEvents).
  members.text("sequenceToken", { min: 1 });
  const events = readEvents(members);
  members.end();
  findGroup(group, logGroups);
  if (!logs.stream(group, stream)) throw notFound("stream");
  const now = clock.now();
  const tooOld = events.filter(({ timestamp }) => timestamp < now - maxAge).length;
  const tooNew = events.findIndex(({ timestamp }) => timestamp > now + maxFuture);
  logs.append(group, stream, events.slice(tooOld, tooNew < 0 ? undefined : tooNew), now);
  const rejected = {
    ...(tooOld > 0 && { tooOldLogEventEndIndex: tooOld }),
    ...(tooNew >= 0 && { tooNewLogEventStartIndex: tooNew }),
  };
  return {
    nextSequenceToken: String(now),
    ...(Object.keys(rejected).length > 0 && { rejectedLogEventsInfo: rejected }),
  };
};
