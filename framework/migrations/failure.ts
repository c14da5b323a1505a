/** What a user is told when a file fails. */
import { UserError } from "../model/user-error.ts";
import { isCutOff, sqlState } from "./database-client.ts";
import type { MigrationFile } from "./migration-file.ts";
import { fixFor } from "./migration-owner.ts";

/** An error of Postgres as pg gives it. */
interface ServerError extends Error {
  /** From 1, in characters of the text that was sent. */
  readonly position?: string;
  readonly hint?: string;
  readonly detail?: string;
}

/** The error for a file that did not run; a UserError as it is. */
export function failedMigration(cause: unknown, file: MigrationFile): unknown {
  if (!(cause instanceof Error) || cause instanceof UserError) return cause;
  const path = file.file;
  if (isCutOff(cause))
    return new UserError(
      "MIGRATION_CUT_OFF",
      `the connection ended while ${path} ran: ${cause.message}`,
      "Run the command again: it goes on with what the ledger does not have.",
      { cause },
    );
  const { position, hint, detail } = cause as ServerError;
  const line = position === undefined ? undefined : file.sql.slice(0, Number(position) - 1).split("\n").length;
  const more = [detail, hint].filter(Boolean).join("; ");
  const state = file.noTransaction ? "what it left was removed" : "nothing of it was kept";
  return new UserError(
    "MIGRATION_FAILED",
    `${path} failed, and ${state}: ${cause.message} (${sqlState(cause)})${more ? `; ${more}` : ""}`,
    fixFor(
      file,
      "Mend the file: it is not applied, so that it may be edited. portico dev runs it when it is saved; else run " +
        "the command again.",
      (extension) => `Install another version of ${extension}, and tell its author; run the command again.`,
    ),
    { at: { file: path, ...(line !== undefined && { line }) }, cause },
  );
}

/** After the last attempt. */
export const lockedOut = (cause: unknown, file: MigrationFile, attempts: number): UserError =>
  new UserError(
    "MIGRATION_LOCKED",
    `${file.file} was tried ${attempts} times, and each time a query held its table for more than a second`,
    "Run it again when no long transaction is open: SELECT pid, xact_start, query FROM pg_stat_activity ORDER BY 2",
    { cause },
  );
