/** What Cloudflare's edge refuses and local workerd does not (Workers limits page): a request or response headers in, what happens instead out. */
import type { Failure } from "../../model/invocation.ts";
import type { WireHeaders, WireRequest, WireResponse } from "../../model/wire.ts";
import { jsonAnswer } from "../guard.ts";

const kilobyte = 1024;
/** Bytes: of the URL, of all request headers, of all response headers, and of a request's body on the Free and Pro plans. */
export const maxUrl = 16 * kilobyte;
export const maxHeaders = 128 * kilobyte;
export const maxBody = 100 * kilobyte * kilobyte;
/** Milliseconds of CPU time of a request on the Paid plan, by default. */
export const maxCpuMs = 30_000;
/** What must be read of a request's head to judge it. */
export const maxHead = maxUrl + maxHeaders + 16 * kilobyte;

const bytesOf = (headers: WireHeaders): number => headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);

const refusal = (status: number, what: string): WireResponse =>
  jsonAnswer(status, { error: `Cloudflare refuses this request before the Worker runs: ${what}` });

/** 414, 431 or 413 (the statuses are believed, the limits documented). */
export function refusedByEdge({ target, headers, body, scheme }: WireRequest): WireResponse | undefined {
  const host = headers.find(([name]) => name.toLowerCase() === "host")?.[1] ?? "";
  const url = `${scheme}://${host}${target}`.length;
  if (url > maxUrl) return refusal(414, `its URL has ${url} bytes, the limit is 16 KB`);
  const size = bytesOf(headers);
  if (size > maxHeaders) return refusal(431, `its headers have ${size} bytes, the limit is 128 KB`);
  if (body.byteLength > maxBody)
    return refusal(413, `its body has ${body.byteLength} bytes, the limit is 100 MB on the Free and Pro plans`);
  return undefined;
}

/** An answer that Cloudflare would not pass on. */
export function refusedAnswer(headers: WireHeaders): Failure | undefined {
  const size = bytesOf(headers);
  return size > maxHeaders ? headersTooLarge(`${size} bytes of`) : undefined;
}

/** @param size for the text: `200000 bytes of` */
export function headersTooLarge(size: string): Failure {
  return { name: "ResponseHeadersTooLarge", message: `the answer has ${size} headers; Cloudflare's limit is 128 KB`, stack: "" };
}
