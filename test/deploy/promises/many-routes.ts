/** An app of many tiny routes: how many, and what the first of them says, in. */
import { type Sample, says } from "./samples.ts";

export function manyRoutes(count: number, word: string): Sample {
  const files = Array.from({ length: count }, (_, at) => [`functions/r${at}.ts`, says(at === 0 ? word : `r${at}`)] as const);
  return { files: { ...Object.fromEntries(files), "functions/_public/a.txt": "a" }, env: {}, allowed: [] };
}
