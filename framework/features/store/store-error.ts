/** The errors of the store, told apart by their codes. */

/**
 * `STORE_OUTCOME_UNKNOWN`: a write's answer was lost, so that it may or may not have happened. `STORE_BUSY`: it did not
 * happen, and may work later. `STORE_MISSING` and `STORE_SCHEMA`: the release has no table, or one of a newer Portico.
 * The others are mistakes of the caller.
 */
export type StoreErrorCode =
  | "STORE_KEY"
  | "STORE_NAMESPACE"
  | "STORE_VALUE"
  | "STORE_TTL"
  | "STORE_NOT_A_NUMBER"
  | "STORE_BUSY"
  | "STORE_OUTCOME_UNKNOWN"
  | "STORE_SCHEMA"
  | "STORE_MISSING";

/** An error of the store. Its message says what to do; `cause` is the platform's error, where there is one. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
