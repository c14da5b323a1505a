/** The parts of an event of payload format 2.0 that HTTP APIs and function URLs have in common. */
import { isUtf8 } from "node:buffer";
import { headerValues, type HttpHeaders, type HttpRequest } from "../../model/http-message.ts";
import { traceRoot } from "../lambda/trace-id.ts";

/** The path, decoded once; undefined when an escape is malformed. */
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
 * @param cookie the Cookie header of the event, which has none without it
 */
export function headersOf(request: HttpRequest, cookie?: string): Record<string, string> {
  const { clientAddress, port, scheme, body } = request;
  const headers = new Map<string, string>();
  for (const [given, value] of request.headers) {
    const name = given.toLowerCase();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  headers.delete("cookie");
  if (cookie) headers.set("cookie", cookie);
  const forwardedFor = headers.get("x-forwarded-for");
  headers.set("x-forwarded-for", forwardedFor === undefined ? clientAddress : `${forwardedFor}, ${clientAddress}`);
  headers.set("x-forwarded-port", String(port));
  headers.set("x-forwarded-proto", scheme);
  headers.set("content-length", String(body.byteLength));
  if (!/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}/.test(headers.get("x-amzn-trace-id") ?? "")) {
    headers.set("x-amzn-trace-id", traceRoot());
  }
  return Object.fromEntries([...headers].toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

/** The cookies of all Cookie headers. */
export function cookiesOf(headers: HttpHeaders): readonly string[] {
  return headerValues(headers, "cookie").flatMap((value) => value.split(/; */).filter(Boolean));
}

/** The decoded parameters, with "+" as a space; repeated keys are joined with a comma. */
export function queryOf(query: string): Record<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const before = found.get(name);
    found.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(found);
}

/**
 * Text for the content types that AWS treats as text, base64 for all others, forms among them. Text that is not UTF-8
 * is base64 too; AWS does not document that case.
 */
export function bodyOf(
  body: Uint8Array,
  type: string | undefined,
): { readonly body?: string; readonly isBase64Encoded: boolean } {
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

/** A record with the key, or an empty record where the value is empty. */
export const unlessEmpty = <Key extends string, Value extends object>(key: Key, value: Value): { [K in Key]?: Value } =>
  (Object.keys(value).length > 0 ? { [key]: value } : {}) as { [K in Key]?: Value };
