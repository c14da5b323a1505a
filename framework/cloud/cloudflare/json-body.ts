/** Reads the JSON body of an API call and refuses members that are wrong or unknown. */
import { isRecord, StructureReader } from "../structure-reader.ts";
import type { ApiCall } from "./api-call.ts";
import { invalid } from "./cloudflare-error.ts";

/** Any JSON. Throws CloudflareError 10001. */
export function jsonBody(call: ApiCall): unknown {
  return parseJson(call.body, "The request body");
}

/** @param source what the text is, for the error's message */
export function parseJson(bytes: Uint8Array, source: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw invalid(`${source} is not JSON: ${(cause as Error).message}`, 10001);
  }
}

/** The members of `value`; a wrong one is refused with `code`. */
export function membersOf(value: unknown, source: string, code = 10021): StructureReader {
  if (!isRecord(value)) throw invalid(`${source} must be a JSON object`, code);
  return new StructureReader(value, (member, given, rule) =>
    invalid(`${source}: ${member} is ${summaryOf(given)}: ${rule}`, code),
  );
}

/** The members of the whole body. */
export function bodyMembers(call: ApiCall, code = 10021): StructureReader {
  return membersOf(call.body.length === 0 ? {} : jsonBody(call), "The request body", code);
}

/** Names the type of a text and not its characters, since it may be a secret. */
function summaryOf(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean" || value === null || value === undefined)
    return String(value);
  return typeof value === "string"
    ? `a text of ${value.length} characters`
    : Array.isArray(value)
      ? "a list"
      : "an object";
}
