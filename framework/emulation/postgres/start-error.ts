/** What a user can do when a local Postgres does not start. */
import { join } from "node:path";
import { UserError } from "../../model/user-error.ts";

/**
 * The error for what was thrown by a start: of the file system, or the last lines of a program.
 * @param folder absolute path of the Postgres' folder
 */
export function toStartError(cause: unknown, folder: string): unknown {
  if (!(cause instanceof Error) || cause instanceof UserError) return cause;
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "ENOSPC" || /No space left on device|Disk quota exceeded/.test(cause.message)) {
    return new UserError(
      "POSTGRES_DISK_FULL",
      "the disk is full, so that the local Postgres cannot write its data",
      "Make room on the disk (a new database takes 40 MB) and start again; what was written stays.",
      { cause },
    );
  }
  if (code !== undefined && code !== "ENOENT") return cause;
  const lines = cause.message.trim().split("\n");
  return new UserError(
    "POSTGRES_START",
    `the local Postgres does not start: ${lines.findLast((line) => /FATAL|PANIC|error/i.test(line)) ?? lines.at(-1)}`,
    `Read ${join(folder, "postgres.log")}; or give the URL of another Postgres in .env.`,
    { cause },
  );
}
