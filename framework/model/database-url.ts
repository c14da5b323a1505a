/** The URL of a Postgres database, `postgres://user:password@host:port/name`. */
import { UserError } from "./user-error.ts";

/** Throws UserError DATABASE_URL, which never has the URL. @param name the database's in hosting.json */
export function requireDatabaseUrl(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^postgres(?:ql)?:$/.test(url.protocol))
    throw invalidUrl(name, "does not begin with postgres:// or postgresql://");
  for (const part of [url.username, url.password, url.hostname, url.pathname]) decodedPart(name, part);
  return url;
}

/** A user, password, host or path as it is meant. Throws UserError DATABASE_URL. @param name the database's */
export function decodedPart(name: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalidUrl(name, "has a % that begins no encoded character (a % itself is %25)");
  }
}

/** The user of a URL that `requireDatabaseUrl` let pass. */
export const userOf = (url: string): string => decodeURIComponent(new URL(url).username);

/** @param reason what is wrong with it, after "the URL of the database NAME" */
export const invalidUrl = (name: string, reason: string): UserError =>
  new UserError(
    "DATABASE_URL",
    `the URL of the database ${name} ${reason}`,
    "Write postgres://USER:PASSWORD@HOST:5432/NAME, with what is not a letter or digit in USER and PASSWORD as " +
      "encodeURIComponent has it (# is %23).",
  );
