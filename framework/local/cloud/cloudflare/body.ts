/** A call's JSON body, read strictly: bytes in, checked members out. */
import { isRecord, Members } from "../members.ts";
import { invalid } from "./cloudflare-error.ts";
import type { Call } from "./operation.ts";

/** Any JSON. Throws CloudflareError 10001. */
export function jsonBody(call: Call): unknown {
  return parseJson(call.body, "The request body");
}

export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw invalid(`${what} is not JSON: ${(cause as Error).message}`, 10001);
  }
}

/** The members of `value`; what is wrong with one is refused with `code`. */
export function membersOf(value: unknown, what: string, code = 10021): Members {
  if (!isRecord(value)) throw invalid(`${what} must be a JSON object`, code);
  return new Members(value, (member, given, rule) => invalid(`${what}: ${member} is ${shown(given)}: ${rule}`, code));
}

/** The body's members. */
export function bodyMembers(call: Call, code = 10021): Members {
  return membersOf(call.body.length === 0 ? {} : jsonBody(call), "The request body", code);
}

/** Never more than a glance at a value, since it may be a secret's. */
function shown(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean" || value === null || value === undefined) return String(value);
  return typeof value === "string" ? `a text of ${value.length} characters` : Array.isArray(value) ? "a list" : "an object";
}
