/** The errors of a database's connection, told apart by their codes; those of statements stay as `pg` has them. */

/**
 * `DATABASE_BUSY`: no connection was free, in the function or on the server. `DATABASE_DOWN`: nothing answers at its
 * address. `DATABASE_LOST`: the connection broke during a statement, which may or may not have happened.
 * `DATABASE_PASSWORD`, `DATABASE_TLS` and `DATABASE_MISSING`: the URL's user or password, its encryption, or its
 * database is wrong, or there is no URL.
 */
export type DatabaseErrorCode =
  | "DATABASE_BUSY"
  | "DATABASE_DOWN"
  | "DATABASE_LOST"
  | "DATABASE_PASSWORD"
  | "DATABASE_TLS"
  | "DATABASE_MISSING";

/** Its message says what to do; `cause` is the error of `pg`. Where a client may try again, its response is a 503. */
export class DatabaseError extends Error {
  readonly code: DatabaseErrorCode;

  constructor(code: DatabaseErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }

  /** Undefined for a mistake of the app, and where a repetition may do it twice: a 500, as for any other error. */
  getResponse(): Response | undefined {
    if (this.code !== "DATABASE_BUSY" && this.code !== "DATABASE_DOWN") return undefined;
    // A response of its own is not logged elsewhere, nor reported to dev.
    console.error(this.code, this);
    return Response.json({ error: "Service Unavailable" }, { status: 503, headers: { "retry-after": "1" } });
  }
}

/** What `pg` throws. SQLSTATE codes have five characters (postgresql.org/docs/current/errcodes-appendix.html). */
interface ThrownError {
  readonly code?: string;
  readonly message: string;
}

/** The error for what a new connection threw. */
export function toConnectError(cause: unknown): DatabaseError {
  const { code = "", message } = cause as ThrownError;
  const of = (kind: DatabaseErrorCode, text: string): DatabaseError =>
    new DatabaseError(kind, `${text}: ${message}`, cause);
  if (code === "53300" || message === "timeout exceeded when trying to connect")
    return of("DATABASE_BUSY", "no connection is free (within a transaction, every statement is the transaction's)");
  if (/SSL|TLS|certificate|encryption/i.test(`${code} ${message}`))
    return of("DATABASE_TLS", "the encryption that the URL asks for (sslmode) is not what the server has");
  if (code.startsWith("28")) return of("DATABASE_PASSWORD", "the server refuses the URL's user or password");
  if (code === "3D000" || code === "ERR_INVALID_URL" || cause instanceof URIError)
    return of("DATABASE_MISSING", "the URL is invalid, or the server does not have its database");
  return of("DATABASE_DOWN", "the database does not answer");
}

/** Whether a statement failed since its connection did: the server ended it, or the network. */
export const isLost = (error: unknown): boolean =>
  /^(?:57P0[123]|ECONNRESET|EPIPE|ETIMEDOUT)$/.test((error as ThrownError).code ?? "") ||
  /^Connection terminated|^Client has encountered a connection error|Network connection lost/.test(
    (error as ThrownError).message,
  );

/** The error for a statement whose connection broke. */
export const lostError = (cause: unknown): DatabaseError =>
  new DatabaseError(
    "DATABASE_LOST",
    "the connection broke during a statement, which may or may not have happened: read before you repeat it",
    cause,
  );
