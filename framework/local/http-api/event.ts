/** The event an HTTP API makes of a request, payload 2.0 (facts: live fixtures of 10 Jul 2026): WireRequest in, the event's object out. */
import { isUtf8 } from "node:buffer";
import type { WireHeaders, WireRequest } from "../../model/wire.ts";
import type { Destination } from "../emulator.ts";
import { headerValues } from "../guard.ts";
import { traceRoot } from "../lambda/trace-id.ts";

/** The API and stage that took the request. */
export interface HttpApi {
  readonly apiId: string;
  readonly accountId: string;
  /** Default: the host the client named. */
  readonly domainName?: string;
  /** Default `$default`. The path of another stage carries its name, as the client sent it. */
  readonly stage?: string;
}

/** Payload 2.0, whole. Keys are absent where there is nothing. */
export interface HttpApiEventDocument {
  readonly version: "2.0";
  readonly routeKey: string;
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly cookies?: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly queryStringParameters?: Readonly<Record<string, string>>;
  readonly requestContext: {
    readonly accountId: string;
    readonly apiId: string;
    readonly domainName: string;
    readonly domainPrefix: string;
    readonly http: {
      readonly method: string;
      readonly path: string;
      readonly protocol: "HTTP/1.1";
      readonly sourceIp: string;
      readonly userAgent: string;
    };
    readonly requestId: string;
    readonly routeKey: string;
    readonly stage: string;
    readonly time: string;
    readonly timeEpoch: number;
  };
  readonly pathParameters?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

/** The path decoded once and whole, as rawPath is; undefined when an escape is malformed. */
export function decodedPath(target: string): string | undefined {
  const [path = ""] = target.split("?", 1);
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** Repeated headers are joined with a bare comma; cookies are taken out. */
function headersOf(request: WireRequest): Record<string, string> {
  const { clientAddress, port, scheme, body } = request;
  const headers = new Map<string, string>();
  for (const [given, value] of request.headers) {
    const name = given.toLowerCase();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  headers.delete("cookie");
  const via = headers.get("x-forwarded-for");
  headers.set("x-forwarded-for", via === undefined ? clientAddress : `${via}, ${clientAddress}`);
  headers.set("x-forwarded-port", String(port));
  headers.set("x-forwarded-proto", scheme);
  headers.set("content-length", String(body.byteLength));
  if (!/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}/.test(headers.get("x-amzn-trace-id") ?? "")) {
    headers.set("x-amzn-trace-id", traceRoot());
  }
  return Object.fromEntries([...headers].toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

function cookiesOf(headers: WireHeaders): readonly string[] {
  return headerValues(headers, "cookie").flatMap((value) => value.split(/; */).filter(Boolean));
}

/** Decoded, "+" as a space, repeated keys joined with a comma. */
function queryOf(query: string): Record<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const before = found.get(name);
    found.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(found);
}

/** Text for the types AWS takes as text, base64 for all else: forms, and text that is not UTF-8 (AWS's way with it is not known). */
function bodyOf(body: Uint8Array, type: string | undefined): Pick<HttpApiEventDocument, "body" | "isBase64Encoded"> {
  if (body.byteLength === 0) return { isBase64Encoded: false };
  const [mime = ""] = (type ?? "").split(";", 1);
  const isText = /^(text\/.+|application\/(json|xml|javascript))$/i.test(mime.trim()) && isUtf8(body);
  return { body: Buffer.from(body).toString(isText ? "utf8" : "base64"), isBase64Encoded: !isText };
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `10/Jul/2026:19:19:05 +0000`. */
function commonLogTime(now: Date): string {
  const [date = "", time = ""] = now.toISOString().split("T");
  const [year, month, day] = date.split("-");
  return `${day}/${months[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`;
}

const unlessEmpty = <Key extends string, Value extends object>(key: Key, value: Value): { [K in Key]?: Value } =>
  (Object.keys(value).length > 0 ? { [key]: value } : {}) as { [K in Key]?: Value };

/** The event. Throws URIError on a path that `decodedPath` does not take: the front answers those itself. */
export function toEvent(request: WireRequest, to: Destination, api: HttpApi, now: Date = new Date()): HttpApiEventDocument {
  const { method, target, clientAddress } = request;
  const path = decodedPath(target);
  if (path === undefined) throw new URIError("malformed percent escape in the path");
  const query = target.includes("?") ? target.slice(target.indexOf("?") + 1) : "";
  const headers = headersOf(request);
  const { apiId, accountId, domainName = (headers["host"] ?? "").replace(/:\d+$/, ""), stage = "$default" } = api;
  return {
    version: "2.0",
    routeKey: to.routeKey,
    rawPath: path,
    rawQueryString: query,
    ...unlessEmpty("cookies", cookiesOf(request.headers)),
    headers,
    ...unlessEmpty("queryStringParameters", queryOf(query)),
    requestContext: {
      ...{ accountId, apiId, domainName, domainPrefix: domainName.split(".", 1)[0] ?? "" },
      http: { method, path, protocol: "HTTP/1.1", sourceIp: clientAddress, userAgent: headers["user-agent"] ?? "" },
      ...{ requestId: to.requestId, routeKey: to.routeKey, stage },
      ...{ time: commonLogTime(now), timeEpoch: now.getTime() },
    },
    ...unlessEmpty("pathParameters", to.pathParameters),
    ...bodyOf(request.body, headers["content-type"]),
  };
}
