/** The log on Workers and Node: lines by `console`, which keeps their level. */
import type { Count } from "./embedded-metric.ts";
import type { Write } from "./log.ts";
import { type PlaceOf, routed, traceparent } from "./trace.ts";

export const write: Write = (line, level) => console[level](line);

/** The release is in the version of a Worker (deploy/workers/version-record.ts). */
export const placeOf: PlaceOf = ({ [routed]: call, platform }) => [
  traceparent.exec(call?.[0].headers.get("traceparent") ?? "")?.[0],
  (platform?.env as { readonly PORTICO_RELEASE?: { readonly number: number } } | undefined)?.PORTICO_RELEASE?.number,
];

/** The build's `count`, which writes `{"metric":"orders","value":1,"stage":"prod"}`. */
export const countOf =
  (_app?: string, stage?: string): Count =>
  (metric, value = 1) =>
    console.info(JSON.stringify({ metric, value, stage }));
