/**
 * Filter patterns of CloudWatch Logs: whether a message contains the terms of a pattern. Patterns for JSON and columns,
 * and regular expressions, are refused.
 */
import { invalidParameter } from "./errors.ts";

/** A word or a quoted phrase, after `-` (the message must not contain it) or `?` (it must contain one of these). */
const term = /\s*([-?]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)/y;

/** The message must contain every plain term, case-sensitively (user guide, "Filter pattern syntax"). */
export function toMatcher(pattern: string): (message: string) => boolean {
  if (/^\s*[{[]/.test(pattern)) throw notSupported(pattern);
  const terms: { readonly sign: string; readonly text: string }[] = [];
  term.lastIndex = 0;
  const trimmed = pattern.trim();
  while (term.lastIndex < trimmed.length) {
    const parts = term.exec(trimmed);
    if (!parts) throw invalidParameter(`Invalid filter pattern: ${pattern}`);
    const [, sign = "", phrase, word = ""] = parts;
    // Words hold letters, digits and underscores; anything else must be in quotes.
    if (phrase === undefined && !/^[\p{L}\p{N}_]+$/u.test(word))
      throw /^%.*%$/.test(word) ? notSupported(pattern) : invalidParameter(`Invalid character(s) in term '${word}'`);
    terms.push({ sign, text: phrase?.replace(/\\(.)/g, "$1") ?? word });
  }
  const some = terms.filter(({ sign }) => sign === "?");
  const plain = terms.filter(({ sign }) => sign === "");
  // Beside plain terms, optional ones are ignored (same page).
  const isSome = (message: string): boolean =>
    plain.length > 0 || some.length === 0 || some.some(({ text }) => message.includes(text));
  return (message) =>
    isSome(message) && terms.every(({ sign, text }) => sign === "?" || message.includes(text) === (sign === ""));
}

const notSupported = (pattern: string) =>
  invalidParameter(`Portico's local cloud supports filter patterns of terms only, not ${pattern}`);
