/** The URL of a Postgres database, `postgres://user:password@host:port/name`. */
import { UserError } from "./user-error.ts";

/** Throws UserError DATABASE_URL, which never has the URL. @param name the database's in hosting.json */
export function requireDatabaseUrl(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^postgres(?:ql)?:$/.test(url.protocol)) return url;
  throw invalidUrl(name, "is none of Postgres");
}

/** @param reason what is wrong with it, after "the URL of the database NAME" */
export const invalidUrl = (name: string, reason: string): UserError =>
  new UserError(
    "DATABASE_URL",
    `the URL of the database ${name} ${reason}`,
    "Write postgres://USER:PASSWORD@HOST:5432/NAME, with what is not a letter or digit in the password as " +
      "encodeURIComponent has it (# is %23).",
  );
