/** The log of an environment: the function's lines, Lambda's own lines around each event, and a requested log tail. */
import type { LoadedFunction, LogLine } from "../../model/invocation.ts";
import { type InvocationEnd, toReportStatus } from "./invocation-result.ts";
import type { InvocationRequest } from "./invocation.ts";
import { type PlatformLog, platformLog } from "./platform-log.ts";
import { logStreamName } from "./environment-variables.ts";

const tailBytes = 4096;

/** The last 4 KB of one event's log (LogType Tail). */
class LogTail {
  #bytes: Buffer = Buffer.alloc(0);

  /** @param text one line, without its line break */
  add(text: string): void {
    this.#bytes = Buffer.concat([this.#bytes, Buffer.from(`${text}\n`)]).subarray(-tailBytes);
  }

  bytes(): Uint8Array {
    return this.#bytes;
  }
}

/** One event's part of the log. */
export interface EventLog {
  readonly requestId: string;
  readonly tail?: LogTail;
  /** True once START is written. */
  started: boolean;
}

/** An event's log without lines. */
export function createEventLog({ requestId, tail }: InvocationRequest): EventLog {
  return { requestId, started: false, ...(tail && { tail: new LogTail() }) };
}

/** The time and memory of an event. */
export interface Usage {
  readonly durationMs: number;
  readonly initMs?: number;
  /** MB. */
  readonly used: number;
}

/** A class, since it is held as long as its environment. */
export class EnvironmentLog {
  /** The name of its log stream. */
  readonly stream: string;
  readonly #fn: LoadedFunction;
  readonly #version: string;
  readonly #onLog: (line: LogLine) => void;
  readonly #platformLines: boolean;
  readonly #format: PlatformLog;

  /** @param arn names the function's version */
  constructor(
    fn: LoadedFunction,
    arn: string,
    options: { onLog(line: LogLine): void; readonly platformLines: boolean },
  ) {
    this.#fn = fn;
    this.stream = logStreamName(arn, new Date(), fn.log?.group);
    this.#version = arn.split(":")[7] ?? "$LATEST";
    this.#onLog = (line) => options.onLog(line);
    this.#platformLines = options.platformLines;
    this.#format = platformLog(fn.logFormat ?? "Text");
  }

  /** True when Lambda's own lines of the event are read. */
  isWanted({ tail }: EventLog): boolean {
    return this.#platformLines || tail !== undefined || this.#fn.log !== undefined;
  }

  /** Writes a line that the function printed. */
  line(event: EventLog | undefined, stream: "stdout" | "stderr", text: string): void {
    event?.tail?.add(text);
    this.#fn.log?.write(this.stream, text);
    this.#onLog({ function: this.#fn.id, stream, text });
  }

  /** Writes START, once per event. */
  start(event: EventLog): void {
    if (event.started) return;
    event.started = true;
    if (this.isWanted(event)) this.#write(event, this.#format.start(event.requestId, this.#version));
  }

  /** Writes END and REPORT. */
  report(event: EventLog, end: InvocationEnd, { used, ...times }: Usage): void {
    this.start(event);
    if (!this.isWanted(event)) return;
    const { requestId } = event;
    const { memory } = this.#fn;
    const { lines, ...status } = toReportStatus(end, requestId, new Date());
    this.#write(
      event,
      this.#format.report({ requestId, ...times, memory, used: Math.min(Math.ceil(used), memory), ...status }, lines),
    );
  }

  /** Writes INIT_REPORT after an init that failed. */
  initReport(event: EventLog | undefined, end: InvocationEnd, phase: "init" | "invoke", durationMs: number): void {
    const { lines: _, status, errorType } = toReportStatus(end, "", new Date());
    if (status === "success" || !event || !this.isWanted(event)) return;
    this.#write(
      event,
      this.#format.initReport({ durationMs, phase, status, ...(errorType !== undefined && { errorType }) }),
    );
  }

  #write(event: EventLog, lines: readonly string[]): void {
    for (const text of lines) {
      event.tail?.add(text);
      this.#fn.log?.write(this.stream, text);
      if (this.#platformLines) this.#onLog({ function: this.#fn.id, stream: "stdout", text, platform: true });
    }
  }
}
