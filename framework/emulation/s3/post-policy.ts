/** The policy of a POST to a bucket, whose conditions the form has to meet (S3 API reference, "POST Policy"). */
import { s3Error } from "./errors.ts";

/** What the policy judges: the fields of the form by lower-case name, with `bucket`, and the bytes of the file. */
export interface JudgedForm {
  readonly fields: ReadonlyMap<string, string>;
  readonly size: number;
}

/** Fields that need no condition. */
const isFree = (name: string): boolean => /^(?:x-amz-signature|file|policy|x-ignore-.*)$/.test(name);

/**
 * Throws AccessDenied for a policy that is over, for a condition that does not hold and for a field without one;
 * EntityTooLarge, EntityTooSmall, and InvalidPolicyDocument.
 * @param encoded the field `policy` @param now epoch ms
 */
export function checkPolicy(encoded: string, { fields, size }: JudgedForm, now: number): void {
  const { expiration, conditions } = decodePolicy(encoded);
  if (now >= expiration) throw refused("Policy expired.");
  const named = new Set<string>();
  for (const condition of conditions) {
    const [operator, subject, value] = toTriple(condition);
    if (operator === "content-length-range") checkSize(size, Number(subject), Number(value));
    else {
      const name = subject.slice(1).toLowerCase();
      named.add(name);
      if (!isMet(operator, name, value, fields.get(name)))
        throw refused(`Policy Condition failed: ${JSON.stringify([operator, subject, value])}`);
    }
  }
  const extra = [...fields.keys()].filter((name) => !isFree(name) && !named.has(name));
  if (extra.length > 0) throw refused(`Extra input fields: ${extra.join(", ")}`);
}

const refused = (reason: string) => s3Error("AccessDenied", 403, `Invalid according to Policy: ${reason}`);
const invalid = (reason: string) => s3Error("InvalidPolicyDocument", 400, `Invalid Policy: ${reason}`);

function isMet(operator: string, name: string, wanted: string, given: string | undefined): boolean {
  if (given === undefined) return false;
  if (operator === "eq") return given === wanted;
  // A list of types has to meet it in each of them.
  const values = name === "content-type" ? given.split(",").map((type) => type.trim()) : [given];
  return values.every((value) => value.startsWith(wanted));
}

function checkSize(size: number, least: number, most: number): void {
  if (size > most)
    throw s3Error("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size", {
      ProposedSize: String(size),
      MaxSizeAllowed: String(most),
    });
  if (size < least)
    throw s3Error("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size", {
      ProposedSize: String(size),
      MinSizeAllowed: String(least),
    });
}

function decodePolicy(encoded: string): { readonly expiration: number; readonly conditions: readonly unknown[] } {
  const text = Buffer.from(encoded, "base64").toString();
  let policy: { readonly expiration?: string; readonly conditions?: unknown } | null;
  try {
    policy = JSON.parse(text) as typeof policy;
  } catch {
    throw invalid("Invalid JSON.");
  }
  const { expiration, conditions, ...more } = policy ?? {};
  if (expiration === undefined) throw invalid("Policy missing expiration.");
  const isDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/.test(expiration);
  if (!isDate || Number.isNaN(Date.parse(expiration))) throw invalid(`Invalid 'expiration' value: '${expiration}'`);
  if (!Array.isArray(conditions)) throw invalid("Policy missing conditions.");
  const [unexpected] = Object.keys(more);
  if (unexpected !== undefined) throw invalid(`Unexpected: '${unexpected}'`);
  return { expiration: Date.parse(expiration), conditions };
}

/** `{"name": value}` is `["eq", "$name", value]`. */
function toTriple(condition: unknown): readonly [operator: string, subject: string, value: string] {
  const entries = Array.isArray(condition) ? [] : Object.entries(condition ?? {});
  const [first] = entries;
  const parts: readonly unknown[] =
    entries.length === 1 && first ? ["eq", `$${first[0]}`, first[1]] : Array.isArray(condition) ? condition : [];
  const [operator, subject, value] = parts;
  const name = String(operator).toLowerCase();
  const isRange = name === "content-length-range" && [subject, value].every((part) => /^\d+$/.test(String(part)));
  const isMatch = /^(?:eq|starts-with)$/.test(name) && /^\$./.test(String(subject)) && typeof value === "string";
  if (parts.length !== 3 || !(isRange || isMatch))
    throw invalid(`Invalid Simple-Condition: ${JSON.stringify(condition)}`);
  return [name, String(subject), String(value)];
}
