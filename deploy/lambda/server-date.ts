/** What time it was for the service that answered: an SDK output in, the answer's Date header out (RFC 9110 section 6.6.1). */

const dates = new WeakMap<object, number>();

/** Takes what the SDK's inner handler gives, and remembers the date of the answer beside its output. */
export function noteDate(result: unknown): void {
  const { output, response } = (result ?? {}) as { output?: unknown; response?: { readonly headers?: Readonly<Record<string, string>> } };
  const date = Date.parse(response?.headers?.["date"] ?? "");
  if (typeof output === "object" && output !== null && !Number.isNaN(date)) dates.set(output, date);
}

/** Epoch ms, whole seconds; undefined for an answer without a date. */
export const dateOf = (output: object): number | undefined => dates.get(output);
