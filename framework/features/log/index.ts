/** `portico/log` outside of a build, such as in tests: it knows no stage, and writes all levels by `console`. */
import { countOf, placeOf, write } from "./console.ts";
import { createLogger } from "./log.ts";
import { createTraceHeaders } from "./trace.ts";

export type { Count } from "./embedded-metric.ts";
export type { Fields, Level, Log, Logger, OpenLogger } from "./log.ts";
export type { LogContext } from "./trace.ts";

/** Opens the log of a request; docs/log.md describes it. @param context the handler's or the job's */
export const logger = /* @__PURE__ */ createLogger(write, placeOf);

/** Counts something in a metric: `count("orders", 1)`. */
export const count = /* @__PURE__ */ countOf();

/** The W3C headers of a request that belongs to the trace of this one. */
export const traceHeaders = /* @__PURE__ */ createTraceHeaders(placeOf);
