/** What an environment's log gets: the function's lines as they come, Lambda's own lines around each event, the tail that a call asked for. */
import type { LoadedFunction, LogLine } from "../../model/invocation.ts";
import { describeReport, type Ending } from "./ending.ts";
import { LogTail } from "./log-tail.ts";
import type { LambdaCall } from "./outcome.ts";
import { type PlatformLog, platformLog } from "./platform-log.ts";
import { logStreamName } from "./variables.ts";

/** One event's part of the log. */
export interface EventLog {
  readonly requestId: string;
  readonly tail?: LogTail;
  /** START is out. */
  started: boolean;
}

/** Nothing is written yet. */
export function newEventLog({ requestId, tail }: LambdaCall): EventLog {
  return { requestId, started: false, ...(tail && { tail: new LogTail() }) };
}

/** What an event took. */
export interface Usage {
  readonly durationMs: number;
  readonly initMs?: number;
  /** MB. */
  readonly used: number;
}

/** Held as long as its environment. */
export class EnvironmentLog {
  /** The environment's own. */
  readonly stream: string;
  readonly #fn: LoadedFunction;
  readonly #version: string;
  readonly #onLog: (line: LogLine) => void;
  readonly #platformLines: boolean;
  readonly #format: PlatformLog;

  /** @param arn names the function's version */
  constructor(fn: LoadedFunction, arn: string, options: { onLog(line: LogLine): void; readonly platformLines: boolean }) {
    this.#fn = fn;
    this.stream = logStreamName(arn, new Date(), fn.log?.group);
    this.#version = arn.split(":")[7] ?? "$LATEST";
    this.#onLog = (line) => options.onLog(line);
    this.#platformLines = options.platformLines;
    this.#format = platformLog(fn.logFormat ?? "Text");
  }

  /** True when somebody reads Lambda's own lines of the event. */
  isWanted({ tail }: EventLog): boolean {
    return this.#platformLines || tail !== undefined || this.#fn.log !== undefined;
  }

  /** A line of the function's. */
  line(event: EventLog | undefined, stream: "stdout" | "stderr", text: string): void {
    event?.tail?.add(text);
    this.#fn.log?.write(this.stream, text);
    this.#onLog({ function: this.#fn.id, stream, text });
  }

  /** The event begins; only once. */
  start(event: EventLog): void {
    if (event.started) return;
    event.started = true;
    if (this.isWanted(event)) this.#write(event, this.#format.start(event.requestId, this.#version));
  }

  /** The event is over. */
  report(event: EventLog, ending: Ending, { used, ...times }: Usage): void {
    this.start(event);
    if (!this.isWanted(event)) return;
    const { requestId } = event;
    const { memory } = this.#fn;
    const { ended, ...how } = describeReport(ending, requestId, new Date());
    this.#write(event, this.#format.report({ requestId, ...times, memory, used: Math.min(Math.ceil(used), memory), ...how }, ended));
  }

  /** An init did not come to its end. */
  initReport(event: EventLog | undefined, ending: Ending, phase: "init" | "invoke", durationMs: number): void {
    const { ended: _, status, errorType } = describeReport(ending, "", new Date());
    if (status === "success" || !event || !this.isWanted(event)) return;
    this.#write(event, this.#format.initReport({ durationMs, phase, status, ...(errorType !== undefined && { errorType }) }));
  }

  #write(event: EventLog, lines: readonly string[]): void {
    for (const text of lines) {
      event.tail?.add(text);
      this.#fn.log?.write(this.stream, text);
      if (this.#platformLines) this.#onLog({ function: this.#fn.id, stream: "stdout", text, platform: true });
    }
  }
}
