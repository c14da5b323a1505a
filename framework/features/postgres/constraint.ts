/** What a statement violated: looked up in an error and its causes, since Drizzle wraps those of `pg`. */

const has = (error: unknown, codes: readonly string[], constraint: string | undefined): boolean => {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code = "", constraint: violated } = one as { readonly code?: string; readonly constraint?: string };
    if (codes.includes(code)) return constraint === undefined || constraint === violated;
  }
  return false;
};

/** A value that is there already. @param constraint its name in the database: `users_email_unique` */
export const isUnique = (error: unknown, constraint?: string): boolean => has(error, ["23505"], constraint);

/** A row that is not there, or that others refer to. @param constraint its name in the database */
export const isForeignKey = (error: unknown, constraint?: string): boolean =>
  // Postgres 18 tells a violated RESTRICT by its own code.
  has(error, ["23503", "23001"], constraint);

/**
 * A text with a character that Postgres does not keep, which is NUL (22021; in JSON 22P05): a mistake of who sent it.
 */
export const isInvalidText = (error: unknown): boolean => has(error, ["22021", "22P05"], undefined);

/** A transaction that conflicted with another, or waited in a circle: run it again from its beginning. */
export const isSerialization = (error: unknown): boolean => has(error, ["40001", "40P01"], undefined);
