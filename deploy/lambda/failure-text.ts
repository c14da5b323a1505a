/** What a failed invocation says: its error code and document in, a line for people out. */

/** `TypeError: what it says`, of a function's error document; anything else as it is. */
export function failureText(code: string, details: string): string {
  try {
    const { errorType = code, errorMessage = "" } = JSON.parse(details) as {
      readonly errorType?: unknown;
      readonly errorMessage?: unknown;
    };
    return `${String(errorType)}: ${String(errorMessage).slice(0, 400)}`;
  } catch {
    return `${code}: ${details.slice(0, 400)}`;
  }
}
