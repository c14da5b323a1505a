/** Reads the annotations of a version or a deployment within the limits that the API documents. */
import type { StructureReader } from "../structure-reader.ts";
import { invalid } from "./cloudflare-error.ts";

/** `workers/message` is cut to 1000 bytes; `workers/tag` may have 100. */
export function readAnnotations(
  members: StructureReader | undefined,
  names: readonly string[],
): Readonly<Record<string, string>> {
  if (!members) return {};
  const found: Record<string, string> = {};
  for (const name of names) {
    const text = members.text(name);
    if (text !== undefined && text !== "") found[name] = name === "workers/message" ? truncate(text, 1000) : text;
  }
  members.end();
  if (Buffer.byteLength(found["workers/tag"] ?? "") > 100) throw invalid("workers/tag has more than 100 bytes.");
  return found;
}

/** Cuts between characters, never inside one. */
function truncate(text: string, bytes: number): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.from(text).subarray(0, bytes), { stream: true });
}
