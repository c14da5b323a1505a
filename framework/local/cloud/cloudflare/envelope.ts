/** Cloudflare's envelope: a result or a refusal in, the wire answer `{success, errors, messages, result}` out. */
import { randomBytes } from "node:crypto";
import type { WireHeaders, WireResponse } from "../../../model/wire.ts";
import type { CloudflareError } from "./cloudflare-error.ts";

/** How a list was cut. */
export interface ResultInfo {
  readonly page: number;
  readonly per_page: number;
  readonly count: number;
  readonly total_count: number;
  readonly total_pages: number;
}

/** What an operation answers: a result for the envelope, or bytes as they are. */
export type Answer =
  | { readonly result: unknown; readonly status?: number; readonly info?: ResultInfo | Readonly<Record<string, unknown>> }
  | { readonly raw: Uint8Array; readonly headers: WireHeaders; readonly status?: number };

/** Headers that every answer of the API has; an object's own Cache-Control stays. */
function withRay(headers: WireHeaders): WireHeaders {
  const cache = headers.some(([name]) => name === "cache-control") ? [] : [["cache-control", "no-store"] as const];
  return [["cf-ray", `${randomBytes(8).toString("hex")}-LCL`], ["server", "cloudflare"], ...cache, ...headers];
}

export function toWire(answer: Answer): WireResponse {
  if ("raw" in answer) return { status: answer.status ?? 200, headers: withRay(answer.headers), body: answer.raw };
  const { result, status = 200, info } = answer;
  return json(status, { success: true, errors: [], messages: [], result: result ?? null, ...(info && { result_info: info }) });
}

export function toRefusal(
  { code, status, message }: Pick<CloudflareError, "code" | "status" | "message">,
  headers: WireHeaders = [],
): WireResponse {
  return json(status, { success: false, errors: [{ code, message }], messages: [], result: null }, headers);
}

function json(status: number, body: unknown, headers: WireHeaders = []): WireResponse {
  return { status, headers: withRay([["content-type", "application/json"], ...headers]), body: Buffer.from(JSON.stringify(body)) };
}
