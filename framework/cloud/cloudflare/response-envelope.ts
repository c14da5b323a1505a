/** The JSON envelope of every answer of Cloudflare's API: `{success, errors, messages, result}`. */
import { randomBytes } from "node:crypto";
import type { HttpHeaders, HttpResponse } from "../../model/http-message.ts";
import type { CloudflareError } from "./cloudflare-error.ts";

/** Which page of a list an answer holds. */
export interface PageInfo {
  readonly page: number;
  readonly per_page: number;
  readonly count: number;
  readonly total_count: number;
  readonly total_pages: number;
}

/** The result of an operation: a value for the envelope, or bytes that are sent without one. */
export type ApiResult =
  | {
      readonly result: unknown;
      readonly status?: number;
      readonly info?: PageInfo | Readonly<Record<string, unknown>>;
    }
  | { readonly raw: Uint8Array; readonly headers: HttpHeaders; readonly status?: number };

/** Adds the headers that every answer of the API has; an object's own Cache-Control stays. */
function withApiHeaders(headers: HttpHeaders): HttpHeaders {
  const cache = headers.some(([name]) => name === "cache-control") ? [] : [["cache-control", "no-store"] as const];
  return [["cf-ray", `${randomBytes(8).toString("hex")}-LCL`], ["server", "cloudflare"], ...cache, ...headers];
}

export function toResponse(apiResult: ApiResult): HttpResponse {
  if ("raw" in apiResult) {
    const { status = 200, headers, raw } = apiResult;
    return { status, headers: withApiHeaders(headers), body: raw };
  }
  const { result, status = 200, info } = apiResult;
  return json(status, {
    success: true,
    errors: [],
    messages: [],
    result: result ?? null,
    ...(info && { result_info: info }),
  });
}

export function toErrorResponse(
  { code, status, message }: Pick<CloudflareError, "code" | "status" | "message">,
  headers: HttpHeaders = [],
): HttpResponse {
  return json(status, { success: false, errors: [{ code, message }], messages: [], result: null }, headers);
}

function json(status: number, body: unknown, headers: HttpHeaders = []): HttpResponse {
  return {
    status,
    headers: withApiHeaders([["content-type", "application/json"], ...headers]),
    body: Buffer.from(JSON.stringify(body)),
  };
}
