/** Writes a line of JSON from any values. */

/**
 * Errors get the members that JSON would leave out; not their others, which in clients of HTTP hold the headers that
 * were sent.
 */
const replace = (_: string, value: unknown): unknown =>
  typeof value === "bigint"
    ? `${value}`
    : value instanceof Error
      ? Object.fromEntries(
          ["name", "message", "code", "stack", "cause", "errors"].map((name) => [name, value[name as keyof Error]]),
        )
      : value;

/**
 * The members of all parts as one object; the last of a name wins, even without a value. A part that is an error, or no
 * object, is the member `error`. What cannot be read, such as an object in itself, is `"[error]"`. Never throws.
 */
export function toLine(parts: readonly unknown[]): string {
  const line: Record<string, string | undefined> = {};
  for (const part of parts)
    try {
      const given = typeof part !== "object" || part instanceof Error ? { error: part } : (part as typeof line);
      for (const name in given)
        try {
          line[name] = JSON.stringify(given[name as keyof typeof given], replace);
        } catch {
          line[name] = '"[error]"';
        }
    } catch {
      // A revoked proxy has no members.
    }
  // oxlint-disable-next-line typescript/restrict-template-expressions -- a list in a template is joined by commas
  return `{${Object.entries(line).flatMap(([name, text]) => (text ? `${JSON.stringify(name)}:${text}` : []))}}`;
}
