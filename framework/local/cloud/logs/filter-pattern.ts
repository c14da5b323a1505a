/** Filter patterns of CloudWatch Logs: a pattern of terms in, whether a message matches out; JSON, columns and regular expressions are refused. */
import { invalidParameter } from "./logs-error.ts";

/** A word, or a quoted phrase, perhaps with `-` (must not be there) or `?` (one of these must be there) before it. */
const term = /\s*([-?]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)/y;

/** Every plain term must be in the message, case as written (user guide, "Filter pattern syntax": unstructured log events). */
export function toMatcher(pattern: string): (message: string) => boolean {
  if (/^\s*[{[]/.test(pattern)) throw notSpoken(pattern);
  const terms: { readonly sign: string; readonly text: string }[] = [];
  term.lastIndex = 0;
  const trimmed = pattern.trim();
  while (term.lastIndex < trimmed.length) {
    const parts = term.exec(trimmed);
    if (!parts) throw invalidParameter(`Invalid filter pattern: ${pattern}`);
    const [, sign = "", phrase, word = ""] = parts;
    // Words hold letters, digits and underscores; anything else must be in quotes.
    if (phrase === undefined && !/^[\p{L}\p{N}_]+$/u.test(word))
      throw /^%.*%$/.test(word) ? notSpoken(pattern) : invalidParameter(`Invalid character(s) in term '${word}'`);
    terms.push({ sign, text: phrase?.replace(/\\(.)/g, "$1") ?? word });
  }
  const some = terms.filter(({ sign }) => sign === "?");
  const plain = terms.filter(({ sign }) => sign === "");
  // Beside plain terms, optional ones are ignored (same page).
  const isSome = (message: string): boolean => plain.length > 0 || some.length === 0 || some.some(({ text }) => message.includes(text));
  return (message) => isSome(message) && terms.every(({ sign, text }) => sign === "?" || message.includes(text) === (sign === ""));
}

const notSpoken = (pattern: string) => invalidParameter(`Portico's local cloud speaks filter patterns of terms only, not ${pattern}`);
