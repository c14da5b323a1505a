/** Limits of Cloudflare's edge that local workerd does not enforce (Workers documentation, "Limits"). */
import type { Failure } from "../../model/invocation.ts";
import { type HttpHeaders, type HttpRequest, type HttpResponse, jsonResponse } from "../../model/http-message.ts";

const kilobyte = 1024;
/** In bytes: the URL, all headers of a request or of a response, and a request's body on the Free and Pro plans. */
export const maxUrl = 16 * kilobyte;
export const maxHeaders = 128 * kilobyte;
export const maxBody = 100 * kilobyte * kilobyte;
/** Milliseconds of CPU time that a request has on the Paid plan by default. */
export const maxCpuMs = 30_000;
/** Bytes of a request's head that a server must accept so that these limits decide. */
export const maxHead = maxUrl + maxHeaders + 16 * kilobyte;

const bytesOf = (headers: HttpHeaders): number =>
  headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);

const refusal = (status: number, reason: string): HttpResponse =>
  jsonResponse(status, { error: `Cloudflare refuses this request before the Worker runs: ${reason}` });

/** 414, 431 or 413; Cloudflare documents the limits, not these statuses. */
export function refusedByEdge({ target, headers, body, scheme }: HttpRequest): HttpResponse | undefined {
  const host = headers.find(([name]) => name.toLowerCase() === "host")?.[1] ?? "";
  const url = `${scheme}://${host}${target}`.length;
  if (url > maxUrl) return refusal(414, `its URL has ${url} bytes, the limit is 16 KB`);
  const size = bytesOf(headers);
  if (size > maxHeaders) return refusal(431, `its headers have ${size} bytes, the limit is 128 KB`);
  if (body.byteLength > maxBody)
    return refusal(413, `its body has ${body.byteLength} bytes, the limit is 100 MB on the Free and Pro plans`);
  return undefined;
}

/** The failure of a response that Cloudflare would not forward. */
export function refusedResponse(headers: HttpHeaders): Failure | undefined {
  const size = bytesOf(headers);
  return size > maxHeaders ? headersTooLarge(`${size} bytes of`) : undefined;
}

/** @param size as in `200000 bytes of` */
export function headersTooLarge(size: string): Failure {
  return {
    name: "ResponseHeadersTooLarge",
    message: `the response has ${size} headers; Cloudflare's limit is 128 KB`,
    stack: "",
  };
}
