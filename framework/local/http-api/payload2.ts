/** What HTTP APIs and function URLs write alike in events of payload 2.0: parts of a request in, parts of the event out. */
import { isUtf8 } from "node:buffer";
import type { WireHeaders, WireRequest } from "../../model/wire.ts";
import { headerValues } from "../guard.ts";
import { traceRoot } from "../lambda/trace-id.ts";

/** The path decoded once and whole; undefined when an escape is malformed. */
export function decodedPath(target: string): string | undefined {
  const [path = ""] = target.split("?", 1);
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/**
 * Repeated headers are joined with a bare comma, in the order of their names.
 * @param cookie the Cookie header of the event; absent takes it out
 */
export function headersOf(request: WireRequest, cookie?: string): Record<string, string> {
  const { clientAddress, port, scheme, body } = request;
  const headers = new Map<string, string>();
  for (const [given, value] of request.headers) {
    const name = given.toLowerCase();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  headers.delete("cookie");
  if (cookie) headers.set("cookie", cookie);
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

/** One by one, of all Cookie headers. */
export function cookiesOf(headers: WireHeaders): readonly string[] {
  return headerValues(headers, "cookie").flatMap((value) => value.split(/; */).filter(Boolean));
}

/** Decoded, "+" as a space, repeated keys joined with a comma. */
export function queryOf(query: string): Record<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const before = found.get(name);
    found.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(found);
}

/** Text for the types AWS takes as text, base64 for all else: forms, and text that is not UTF-8 (AWS's way with it is not known). */
export function bodyOf(body: Uint8Array, type: string | undefined): { readonly body?: string; readonly isBase64Encoded: boolean } {
  if (body.byteLength === 0) return { isBase64Encoded: false };
  const [mime = ""] = (type ?? "").split(";", 1);
  const isText = /^(text\/.+|application\/(json|xml|javascript))$/i.test(mime.trim()) && isUtf8(body);
  return { body: Buffer.from(body).toString(isText ? "utf8" : "base64"), isBase64Encoded: !isText };
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `10/Jul/2026:19:19:05 +0000`. */
export function commonLogTime(now: Date): string {
  const [date = "", time = ""] = now.toISOString().split("T");
  const [year, month, day] = date.split("-");
  return `${day}/${months[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`;
}

/** Keys are absent where there is nothing. */
export const unlessEmpty = <Key extends string, Value extends object>(key: Key, value: Value): { [K in Key]?: Value } =>
  (Object.keys(value).length > 0 ? { [key]: value } : {}) as { [K in Key]?: Value };
