/** Annotations of versions and deployments: as sent in, checked and cut as the API documents out. */
import type { Members } from "../members.ts";
import { invalid } from "./cloudflare-error.ts";

/** `workers/message` is cut to 1000 bytes; `workers/tag` may have 100. */
export function readAnnotations(members: Members | undefined, known: readonly string[]): Readonly<Record<string, string>> {
  if (!members) return {};
  const found: Record<string, string> = {};
  for (const name of known) {
    const text = members.text(name);
    if (text !== undefined && text !== "") found[name] = name === "workers/message" ? cut(text, 1000) : text;
  }
  members.end();
  if (Buffer.byteLength(found["workers/tag"] ?? "") > 100) throw invalid("workers/tag has more than 100 bytes.");
  return found;
}

/** Never in the middle of a character. */
function cut(text: string, bytes: number): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.from(text).subarray(0, bytes), { stream: true });
}
