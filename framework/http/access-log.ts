/** Formats access log records as lines of text, or as JSON. */

/** One request and its response. */
export interface AccessRecord {
  /** When the request arrived. */
  readonly time: Date;
  readonly clientAddress: string;
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly status: number;
  /** Bytes of body that were sent. */
  readonly bytes: number;
  /** From the request to the last byte of the response. */
  readonly durationMs: number;
  readonly requestId: string;
  /** `/users/:id`; absent for static files and where nothing matched. */
  readonly route?: string;
  /** Only for functions: whether an environment had to be started. */
  readonly cold?: boolean;
  /** Whether the client disconnected before the end. */
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

/** The record for `--json`, with its time in ISO 8601. */
export function accessJson(record: AccessRecord): Readonly<Record<string, unknown>> {
  return {
    type: "access",
    ...record,
    time: record.time.toISOString(),
    durationMs: Math.round(record.durationMs * 1000) / 1000,
  };
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

let cached = { second: Number.NaN, text: "" };

/** `10/Jul/2026:19:19:05 +0000`, in UTC as API Gateway's logs; the last second's text is cached. */
function commonTime(time: Date): string {
  const second = Math.floor(time.getTime() / 1000);
  if (cached.second !== second) cached = { second, text: commonTimeOf(time) };
  return cached.text;
}

function commonTimeOf(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${two(time.getUTCDate())}/${months[time.getUTCMonth()]}/${time.getUTCFullYear()}`;
  return `${day}:${[time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()].map(two).join(":")} +0000`;
}

const statusColour = (status: number): "green" | "cyan" | "yellow" | "red" =>
  status >= 500 ? "red" : status >= 400 ? "yellow" : status >= 300 ? "cyan" : "green";

const duration = (ms: number): string => (ms < 1000 ? `${ms.toFixed(1)}ms` : `${(ms / 1000).toFixed(2)}s`);
