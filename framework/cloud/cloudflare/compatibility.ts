/** Reads and checks the compatibility date and flags of an upload. */
import type { Clock } from "../clock.ts";
import type { StructureReader } from "../structure-reader.ts";
import { invalid } from "./cloudflare-error.ts";

/** The date of a Worker without one (docs: multipart upload metadata). */
const defaultDate = "2021-11-02";

export interface Compatibility {
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
}

export function readCompatibility(members: StructureReader, clock: Clock): Compatibility {
  const date = members.text("compatibility_date") ?? defaultDate;
  const compatibilityFlags = members.texts("compatibility_flags") ?? [];
  const time = Date.parse(`${date}T00:00:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(date) || Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== date)
    throw invalid(`Invalid compatibility date: ${date}. Must be in the form YYYY-MM-DD.`);
  if (time > clock.now()) throw invalid(`Can't set compatibility date in the future: ${date}`);
  if (new Set(compatibilityFlags).size !== compatibilityFlags.length)
    throw invalid("A compatibility flag is given twice.");
  if (compatibilityFlags.includes("experimental"))
    throw invalid(
      "The compatibility flag experimental is experimental and cannot yet be used in Workers deployed to Cloudflare.",
    );
  return { compatibilityDate: date, compatibilityFlags };
}
