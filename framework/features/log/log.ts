/** The log that functions write: one line of JSON for each entry, which says what request it is of. */
import { toLine } from "./line.ts";
import { type LogContext, type PlaceOf, routed, type TracedCall } from "./trace.ts";

/** Values of a line by name. Those of the line's own members are ignored, and one without JSON becomes a text. */
export type Fields = Readonly<Record<string, unknown>>;

/** Levels from the least to the most urgent. */
export type Level = "debug" | "info" | "warn" | "error";

/** Writes one line of its level, with more fields, or with what was thrown as `error`. It never throws. */
export type Log = (message: string, fields?: unknown) => void;

/** Writes lines about one request. */
export type Logger = Readonly<Record<Level, Log>>;

/** How a target writes a line, which has no line break yet. */
export type Write = (line: string, level: Level) => void;

/** A log whose lines all have `fields`; those of a line win. */
export type OpenLogger = (context: LogContext, fields?: Fields) => Logger;

const levels: readonly Level[] = ["debug", "info", "warn", "error"];

/**
 * Binds the log to a target and a stage.
 * @param placeOf a call's trace and release
 * @param off levels that are not written
 */
export const createLogger =
  (write: Write, placeOf: PlaceOf, stage?: string, off?: readonly string[]): OpenLogger =>
  (call: TracedCall, fields) => {
    const [trace, release] = placeOf(call);
    const own = { stage, requestId: call.requestId, traceId: trace?.slice(3, 35), route: call[routed]?.[1], release };
    return Object.fromEntries(
      levels.map((level): readonly [Level, Log] => [
        level,
        (message, more = {}) =>
          off?.includes(level) || write(toLine([{ level, message }, fields, more, { level, message }, own]), level),
      ]),
    ) as Record<Level, Log>;
  };
