/** The log on Lambda: lines on stdout, which CloudWatch stores as they are, and metrics in its embedded format. */
import { type Count, createMetric } from "./embedded-metric.ts";
import type { Write } from "./log.ts";
import { type PlaceOf, routed, traceparent } from "./trace.ts";

/** Not `console`, to whose lines Lambda's text format adds a prefix, with which a metric would not be found. */
export const write: Write = (line) => void process.stdout.write(`${line}\n`);

/**
 * The trace is the request's, or that of X-Ray: `Root=1-8hex-24hex;Parent=16hex;Sampled=1` (X-Ray developer guide,
 * "Tracing header"). The release is in a variable of API Gateway's stage, which the switch to it sets.
 */
export const placeOf: PlaceOf = ({ [routed]: call, platform }) => [
  [
    call?.[0].headers.get("traceparent"),
    (platform as LambdaPlatform)?.context?.xRayTraceId?.replace(
      /\w+=1-(\w+)-(\w+);\w+=(\w+);\w+=(.).*/,
      "00-$1$2-$3-0$4",
    ),
  ].find((text): text is string => traceparent.test(text!)),
  (platform as LambdaPlatform)?.event?.stageVariables?.release,
];

/** What the lines take of an event and its context. */
type LambdaPlatform =
  | {
      readonly event?: { readonly stageVariables?: { readonly release?: string } };
      readonly context?: { readonly xRayTraceId?: string };
    }
  | undefined;

/** The build's `count`. */
export const countOf = (app: string, stage: string): Count => createMetric(write, app, stage);
