/** A user's mistake: what happened, where, and how to fix it. Every other exception is a bug and keeps its stack. */

/** A position in one of the user's files; line and column count from 1. */
export interface At {
  /** Relative to the app's root where it is inside, else absolute. */
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** The lines around the position with a caret, ready to print. */
  readonly frame?: string;
}

/** Printed as `error CODE: message, at file:line` and `fix: …`, never with a stack. Match by `code`, never by text. */
export class UserError extends Error {
  /** Stable and upper-case: `ROUTE_CONFLICT`. */
  readonly code: string;
  /** What to do, as an imperative sentence. */
  readonly fix: string;
  readonly at: readonly At[];

  constructor(
    code: string,
    message: string,
    fix: string,
    options: { readonly at?: At | readonly At[]; readonly cause?: unknown } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "UserError";
    this.code = code;
    this.fix = fix;
    this.at = options.at === undefined ? [] : [options.at].flat();
  }
}
