/** The access log of `portico dev`: what is known of one request in, one line for people or one object for machines out. */

/** One request, answered. */
export interface AccessRecord {
  /** When it came. */
  readonly time: Date;
  readonly clientAddress: string;
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly status: number;
  /** Bytes of body that were sent. */
  readonly bytes: number;
  /** Until the last byte. */
  readonly durationMs: number;
  readonly requestId: string;
  /** `/users/:id`; absent for static files and where nothing matched. */
  readonly route?: string;
  /** Only for functions: true when an environment had to be started. */
  readonly cold?: boolean;
  /** True when the client left before the end. */
  readonly aborted: boolean;
}

/** Colours that the log uses; the Reporter's `paint` fits. */
export type Paint = (style: "green" | "cyan" | "yellow" | "red" | "dim", text: string) => string;

/** The common log's fields (client, time, request line, status, bytes), then duration, route, and cold or warm. */
export function formatAccess(record: AccessRecord, paint: Paint = (_, text) => text): string {
  const { clientAddress, method, target, status, bytes, durationMs, route, cold, aborted } = record;
  const request = `"${method} ${target.replaceAll('"', "%22")} HTTP/1.1"`;
  const fields = [
    clientAddress,
    "- -",
    paint("dim", `[${commonTime(record.time)}]`),
    request,
    paint(statusColour(status), String(status)),
    bytes,
    duration(durationMs),
  ];
  if (route !== undefined) fields.push(paint("dim", route));
  if (cold !== undefined) fields.push(cold ? paint("cyan", "cold") : paint("dim", "warm"));
  if (aborted) fields.push(paint("yellow", "client left"));
  return fields.join(" ");
}

/** For `--json`: the same facts with times as ISO 8601. */
export function accessJson(record: AccessRecord): Readonly<Record<string, unknown>> {
  return { type: "access", ...record, time: record.time.toISOString(), durationMs: Math.round(record.durationMs * 1000) / 1000 };
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

let second = { at: Number.NaN, text: "" };

/** `10/Jul/2026:19:19:05 +0000`, always UTC, as API Gateway's own logs are; made once in a second. */
function commonTime(time: Date): string {
  const at = Math.floor(time.getTime() / 1000);
  if (second.at !== at) second = { at, text: commonTimeOf(time) };
  return second.text;
}

function commonTimeOf(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${two(time.getUTCDate())}/${months[time.getUTCMonth()]}/${time.getUTCFullYear()}`;
  return `${day}:${[time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()].map(two).join(":")} +0000`;
}

const statusColour = (status: number): "green" | "cyan" | "yellow" | "red" =>
  status >= 500 ? "red" : status >= 400 ? "yellow" : status >= 300 ? "cyan" : "green";

const duration = (ms: number): string => (ms < 1000 ? `${ms.toFixed(1)}ms` : `${(ms / 1000).toFixed(2)}s`);
