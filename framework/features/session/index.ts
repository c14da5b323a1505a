/** `portico/session`: sessions in sealed cookies, login and logout, passwords, throttling, and forms of other sites. */
export { SessionError, type SessionErrorCode } from "./session-error.ts";
export type { SessionContext } from "./call-session.ts";
export type { User } from "./cookie.ts";
export { csrf, type CsrfOptions } from "./csrf.ts";
export { currentUser, login, logout, nextPath, requireUser, revokeAll } from "./login.ts";
export { type AttemptLimits, type LoginAttempt, loginAttempt } from "./login-attempt.ts";
export { hashPassword, type VerifiedPassword, verifyPassword } from "./password.ts";
export {
  flash,
  type Lifetime,
  session,
  type SessionData,
  type SessionMiddleware,
  type SessionOptions,
} from "./session.ts";
