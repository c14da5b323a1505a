/** The errors of sessions, told apart by their codes. */

/**
 * `SESSION_KEYS`: the secret is missing, or a key has fewer than 32 characters. `SESSION_MISSING`: no `session()` is
 * around the route. `SESSION_STORE`: it has no store, which this function needs. `SESSION_TOO_LARGE`: the session would
 * not fit into its cookie, and stays as it was. `SESSION_INSECURE`: a browser would refuse the cookie.
 * `SESSION_LIFETIME`: `idle` or `absolute` is no time span. `PASSWORD_HASH`: a text that `hashPassword` did not make.
 */
export type SessionErrorCode =
  | "SESSION_KEYS"
  | "SESSION_MISSING"
  | "SESSION_STORE"
  | "SESSION_TOO_LARGE"
  | "SESSION_INSECURE"
  | "SESSION_LIFETIME"
  | "PASSWORD_HASH";

/** An error of sessions. Its message says what to do. */
export class SessionError extends Error {
  readonly code: SessionErrorCode;

  constructor(code: SessionErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/** For a function that needs the store. */
export const missingStore = (name: string): SessionError =>
  new SessionError(
    "SESSION_STORE",
    `${name} needs a store: import { store } from "portico/store", and write session({ store }) in _middleware.ts`,
  );
