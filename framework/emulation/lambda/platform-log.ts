/** The log lines that Lambda itself writes around an event, START, END and REPORT, as text or JSON. */

/** An event's status and usage. */
export interface Report {
  readonly requestId: string;
  readonly durationMs: number;
  /** On a cold start. */
  readonly initMs?: number;
  /** MB: the limit, and the maximum in use. */
  readonly memory: number;
  readonly used: number;
  readonly status: "success" | "error" | "timeout";
  /** `Runtime.ExitError`; only where the platform ended the event. */
  readonly errorType?: string;
}

/** An init that failed. */
export interface InitReport {
  readonly durationMs: number;
  /** `init` is the first attempt, `invoke` the second, within the function's timeout. */
  readonly phase: "init" | "invoke";
  readonly status: "error" | "timeout";
  readonly errorType?: string;
}

/** Writes one format. */
export interface PlatformLog {
  start(requestId: string, version: string): readonly string[];
  initReport(report: InitReport): readonly string[];
  /** The lines of an end without a response, then END and REPORT. */
  report(report: Report, endLines: readonly string[]): readonly string[];
}

const ms = (value: number): string => `${value.toFixed(2)} ms`;
const rounded = (value: number): number => Math.round(value * 1000) / 1000;
/** Whole milliseconds; since August 2025 init is billed too. */
const billed = ({ durationMs, initMs = 0 }: Report): number => Math.ceil(durationMs + initMs);

const text: PlatformLog = {
  start: (requestId, version) => [`START RequestId: ${requestId} Version: ${version}`],
  initReport: ({ durationMs, phase, status, errorType }) => [
    [
      `INIT_REPORT Init Duration: ${ms(durationMs)}`,
      `Phase: ${phase}`,
      `Status: ${status}`,
      ...(errorType ? [`Error Type: ${errorType}`] : []),
    ].join("\t"),
  ],
  report: (report, endLines) => {
    const { requestId, durationMs, initMs, memory, used, status, errorType } = report;
    const fields = [
      `REPORT RequestId: ${requestId}`,
      `Duration: ${ms(durationMs)}`,
      `Billed Duration: ${billed(report)} ms`,
      `Memory Size: ${memory} MB`,
      `Max Memory Used: ${used} MB`,
      ...(initMs === undefined ? [] : [`Init Duration: ${ms(initMs)}`]),
      ...(status === "success" ? [] : [`Status: ${status}`]),
      ...(errorType === undefined || status !== "error" ? [] : [`Error Type: ${errorType}`]),
    ];
    return [...endLines, `END RequestId: ${requestId}`, fields.join("\t")];
  },
};

const json = (now: () => Date): PlatformLog => {
  const line = (type: string, record: object): string =>
    JSON.stringify({ time: now().toISOString(), type: `platform.${type}`, record });
  return {
    start: (requestId, version) => [line("start", { requestId, version })],
    initReport: ({ durationMs, ...more }) => [
      line("initReport", { initializationType: "on-demand", ...more, metrics: { durationMs: rounded(durationMs) } }),
    ],
    report: (report) => {
      const { requestId, durationMs, initMs, memory, used, status, errorType } = report;
      const init = initMs === undefined ? {} : { initDurationMs: rounded(initMs) };
      const metrics = {
        durationMs: rounded(durationMs),
        billedDurationMs: billed(report),
        memorySizeMB: memory,
        maxMemoryUsedMB: used,
        ...init,
      };
      return [line("report", { requestId, metrics, status, ...(errorType !== undefined && { errorType }) })];
    },
  };
};

/** JSON follows the event schema of the Telemetry API, text is as CloudWatch shows it. */
export function platformLog(format: "Text" | "JSON", now: () => Date = () => new Date()): PlatformLog {
  return format === "JSON" ? json(now) : text;
}
