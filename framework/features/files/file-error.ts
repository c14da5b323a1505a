/** The errors of an app's files, told apart by their codes. */

/**
 * `FILE_OUTCOME_UNKNOWN`: the answer to a `put` or `delete` was lost, so that it may or may not have happened.
 * `FILE_BUSY`: it did not happen, and may work later. `FILE_MISSING` and `FILE_SCHEMA`: the release has no bucket, or
 * the folder is of a newer Portico. The others are mistakes of the caller.
 */
export type FileErrorCode =
  | "FILE_KEY"
  | "FILE_NAMESPACE"
  | "FILE_SIZE"
  | "FILE_TYPE"
  | "FILE_FORM"
  | "FILE_LIMIT"
  | "FILE_BUSY"
  | "FILE_OUTCOME_UNKNOWN"
  | "FILE_SCHEMA"
  | "FILE_MISSING";

/** An error of the files. Its message says what to do; `cause` is the platform's error, where there is one. */
export class FileError extends Error {
  readonly code: FileErrorCode;

  constructor(code: FileErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
